"""The Hub's addresses: /api/models/... and /<project>/<adapter>/resolve/<revision>/<file>."""

from typing import Any

from django.http import HttpResponse
from rest_framework.parsers import FormParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from variorum.accounts.access import access_project
from variorum.accounts.authentication import GitAuthentication
from variorum.accounts.models import ApiKey, Project
from variorum.lib import asgi
from variorum.lib.errors import Invalid, Unauthenticated, Unavailable
from variorum.lib.parsers import StrictJSONParser
from variorum.lib.sending import Download
from variorum.repos import git, queries, tags
from variorum.repos.hub import folders, shapes
from variorum.repos.hub.folders import Adapter, find, missing
from variorum.repos.lfs import keeping

MOST = 1000


class HubView(APIView):
    """An API key as the Hub's token. Errors bear the headers by which the Hub's clients tell them apart."""

    authentication_classes = [GitAuthentication]
    schema = None

    def handle_exception(self, exc: Exception) -> Response:
        """Problem documents with `error`, X-Error-Code and X-Error-Message."""
        response = super().handle_exception(exc)
        if isinstance(response.data, dict):
            detail = str(response.data.get("detail", ""))
            response.data["error"] = detail
            response["X-Error-Message"] = detail.encode("ascii", "replace").decode()
        if response.status_code == 404 and "X-Error-Code" not in response:
            response["X-Error-Code"] = folders.NO_REPO
        if response.status_code == 401:
            response["WWW-Authenticate"] = 'Bearer realm="variorum"'
        return response


class ModelsView(HubView):
    """A project's adapters."""

    def get(self, request: Request) -> Response:
        """Viewer. `author` is the project; a key's own project when it is left out."""
        key = _key(request)
        slug = request.query_params.get("author") or key.project.slug
        found = access_project(request, slug)
        search = request.query_params.get("search", "").lower()
        all_of_them = folders.adapters(found, queries.resolve(found, git.MAIN))
        full = "full" in request.query_params
        return Response([shapes.model(one, full=full) for name, one in all_of_them.items() if search in name.lower()])


class ModelView(HubView):
    """One adapter."""

    def get(self, request: Request, project: str, name: str, revision: str = git.MAIN) -> Response:
        """Viewer. `blobs=true` adds sizes and hashes."""
        adapter = find(access_project(request, project), name, revision)
        return Response(shapes.model(adapter, blobs=_yes(request.query_params.get("blobs"))))


class TreeView(HubView):
    """An adapter's files."""

    def get(self, request: Request, project: str, name: str, rest: str) -> Response:
        """Viewer. The folder is flat: a path inside it is a file, not a folder."""
        adapter, path = folders.split(access_project(request, project), rest, name)
        if path.strip("/"):
            raise missing(folders.NO_ENTRY, f"{path[:200]!r} is no folder of {adapter.repo_id}.")
        return Response(_files(adapter, list(adapter.files), expand=_yes(request.query_params.get("expand"))))


class PathsView(HubView):
    """Some of an adapter's files."""

    parser_classes = [FormParser, StrictJSONParser]

    def post(self, request: Request, project: str, name: str, revision: str) -> Response:
        """Viewer. Those of `paths` that there are."""
        adapter = find(access_project(request, project), name, revision)
        data: Any = request.data
        paths = data.getlist("paths") if hasattr(data, "getlist") else data.get("paths")
        if not isinstance(paths, list) or len(paths) > MOST:
            raise Invalid(f"paths: a list of at most {MOST} is needed.")
        wanted = [path for path in paths if isinstance(path, str) and path in adapter.files]
        return Response(_files(adapter, wanted, expand=_yes(data.get("expand"))))


class RefsView(HubView):
    """Branches and tags."""

    def get(self, request: Request, project: str, name: str) -> Response:
        """Viewer. Those of the project; the adapter need not be in each."""
        found = access_project(request, project)
        find(found, name, git.MAIN)
        branches = queries.branches(found)
        return Response(
            {
                "branches": [_ref(one, f"refs/heads/{one}", sha) for one, sha in branches.items()],
                "tags": [_ref(tag.name, f"refs/tags/{tag.name}", tag.commit) for tag in tags.tags_of(found)],
                "converts": [],
            }
        )


class CommitsView(HubView):
    """An adapter's history."""

    def get(self, request: Request, project: str, name: str, revision: str) -> Response:
        """Viewer. Commits that changed its folder, newest first, at most a thousand."""
        found = access_project(request, project)
        adapter = find(found, name, revision)
        return Response([shapes.commit(info) for info in queries.log(found, adapter.commit, adapter.folder, MOST)])


class ResolveView(HubView):
    """One file of an adapter."""

    def get(self, request: Request, project: str, name: str, rest: str) -> HttpResponse:
        """Viewer. Weights as they are, streamed by the lane; other files from here."""
        adapter, path = folders.split(access_project(request, project), rest, name)
        entry = adapter.files.get(path)
        if entry is None:
            raise missing(folders.NO_ENTRY, f"{adapter.repo_id} has no file {path[:200]!r} at {adapter.commit[:10]}.")
        headers = {"X-Repo-Commit": adapter.commit}
        if entry.lfs is None:
            return _plain(request, adapter.read(path), {**headers, "ETag": f'"{entry.oid}"'})
        return self._weights(request, adapter.project, entry.lfs.oid, entry.lfs.size, headers)

    @staticmethod
    def _weights(request: Request, project: Project, oid: str, size: int, headers: dict[str, str]) -> HttpResponse:
        if keeping.sizes_held(project, [oid]).get(oid) != size:
            raise missing(folders.NO_ENTRY, "The weights behind this pointer are not here.")
        scope = request.META.get("asgi.scope")
        if scope is None:
            raise Unavailable("Large files are moved by the ASGI server only.")
        linked = {"X-Linked-Size": str(size), "X-Linked-ETag": f'"{oid}"'}
        scope[asgi.GRANT] = Download(oid, size, {**headers, **linked})
        return HttpResponse(status=204)


class WhoAmIView(HubView):
    """Whose token it is."""

    def get(self, request: Request) -> Response:
        """Anybody with a key: what `hf auth login` and `whoami` ask."""
        key = _key(request)
        user = key.created_by
        token = {"displayName": key.name, "role": "read"}
        return Response(
            {
                "type": "user",
                "id": str(user.pk),
                "name": user.name,
                "fullname": user.name,
                "orgs": [{"name": key.project.slug, "fullname": key.project.name}],
                "auth": {"type": "access_token", "accessToken": token},
            }
        )


def _key(request: Request) -> ApiKey:
    if not isinstance(request.auth, ApiKey):
        raise Unauthenticated("Send an API key as token.")
    return request.auth


def _plain(request: Request, content: bytes, headers: dict[str, str]) -> HttpResponse:
    if request.headers.get("If-None-Match") == headers["ETag"]:
        return HttpResponse(status=304, headers=headers)
    body = b"" if request.method == "HEAD" else content
    headers = {**headers, "Content-Length": str(len(content))}
    return HttpResponse(body, content_type="text/plain; charset=utf-8", headers=headers)


def _files(adapter: Adapter, names: list[str], *, expand: bool) -> list[dict[str, Any]]:
    changed = queries.last_changes(adapter.project, adapter.commit) if expand else {}
    return [shapes.file(name, adapter.files[name], changed.get(f"{adapter.folder}/{name}")) for name in names]


def _ref(name: str, ref: str, commit: str) -> dict[str, str]:
    return {"name": name, "ref": ref, "targetCommit": commit}


def _yes(value: Any) -> bool:
    return str(value).lower() in {"1", "true"}
