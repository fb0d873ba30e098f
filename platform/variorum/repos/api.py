"""Files, commits and differences over HTTP. Nothing here changes a repository: changes arrive as drafts."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from variorum.accounts.access import access_project
from variorum.accounts.models import Project
from variorum.lib import pagination
from variorum.lib.errors import Invalid, NotFound, Unprocessable
from variorum.repos import comparing, git, queries
from variorum.repos import serializers as shapes
from variorum.repos.overview import overview
from variorum.repos.problems import bad_files
from variorum_client.formats import FormatError, RenderError, artefact_name, kind_of, parse_prompt, partials_from
from variorum_client.formats.front import edit_front

REF = OpenApiParameter("ref", str, description="A branch (main, drafts/12), a tag, a commit id or its beginning.")
PATH = OpenApiParameter("path", str, required=True)
TEXTS = OpenApiParameter("texts", bool, description="Add both texts of each file.")
COMPARISONS = OpenApiParameter(
    "comparisons", bool, description="Add what changed as people read it; null for files to be asked for singly."
)
CONTEXT = OpenApiParameter("context", int, description="Unchanged lines around each change, at most 100000.")
PAGING = [OpenApiParameter(name, str) for name in ("cursor", "limit")]


def ref_of(request: Request) -> str:
    """The branch or commit of an address; `main` when none is given."""
    return request.query_params.get("ref") or git.MAIN


def path_param(request: Request) -> str:
    """The file of an address. Raises Invalid when there is none."""
    path = request.query_params.get("path", "")
    if not path:
        raise Invalid("Say which file: path=prompts/....", errors=[_missing("path")])
    return path


def context_of(request: Request) -> int:
    """How many unchanged lines a difference shows around each change."""
    return pagination.integer_of(request, "context", default=3, low=0, high=100_000)


def shown_files(request: Request, project: Project, base: str | None, head: str) -> list[dict[str, Any]]:
    """The difference between two commits as the address asks for it: `context`, `texts`, `comparisons`."""
    files = queries.diff(project, base, head, context_of(request))
    shown = [dict(vars(file)) for file in files]
    if _wants(request, "texts"):
        texts = queries.texts_of(project, files)
        for file in shown:
            file |= {"old_text": texts.get(file["old"] or ""), "new_text": texts.get(file["new"] or "")}
    if _wants(request, "comparisons"):
        compared = comparing.comparisons(project, base, head, files)
        for file in shown:
            file["comparison"] = compared[file["path"]]
    return shown


class FilesView(APIView):
    """The files of a commit."""

    @extend_schema(operation_id="files_list", responses=shapes.FilePage, parameters=[REF])
    def get(self, request: Request, project: str) -> Response:
        """Viewer. All files at once; no Git process."""
        found = access_project(request, project)
        ref = ref_of(request)
        commit = queries.resolve(found, ref)
        changed = queries.last_changes(found, commit)
        items = [{**vars(entry), "changed": changed.get(entry.path)} for entry in queries.list_files(found, commit)]
        page = {"ref": ref, "commit": commit, **pagination.whole(items)}
        return Response(shapes.FilePage(page).data)


class FileView(APIView):
    """One file."""

    @extend_schema(operation_id="files_show", responses=shapes.FileSerializer, parameters=[REF, PATH])
    def get(self, request: Request, project: str) -> Response:
        """Viewer. With what the file says (a prompt's model, settings and variables) and what is wrong with it."""
        found = access_project(request, project)
        ref, path = ref_of(request), path_param(request)
        commit = queries.resolve(found, ref)
        content = queries.read_file(found, commit, path)
        says, problems = overview(path, content, queries.overlay(found, commit, {}))
        answer = {
            "ref": ref,
            "commit": commit,
            "path": path,
            "name": artefact_name(path),
            "kind": kind_of(path),
            "size": len(content),
            "text": queries.text_of(content),
            "overview": says,
            "problems": problems,
            "changed": queries.last_changes(found, commit).get(path),
        }
        return Response(shapes.FileSerializer(answer).data)


class CommitsView(APIView):
    """History."""

    @extend_schema(
        operation_id="commits_list",
        responses=shapes.CommitPage,
        parameters=[REF, OpenApiParameter("path", str, description="Only commits that changed this file."), *PAGING],
    )
    def get(self, request: Request, project: str) -> Response:
        """Viewer. Newest first; later pages go on from the commit at which the first one began."""
        found = access_project(request, project)
        limit = pagination.limit_of(request)
        start, skip = _cursor(request) or (queries.resolve(found, ref_of(request)), 0)
        path = request.query_params.get("path") or None
        commits = queries.log(found, start, path, limit=limit + 1, skip=skip)
        more = pagination.encode_cursor([start, skip + limit]) if len(commits) > limit else None
        return Response(shapes.CommitPage({"items": commits[:limit], "next": more}).data)


class CommitView(APIView):
    """One commit."""

    @extend_schema(operation_id="commits_show", responses=shapes.CommitDetail, parameters=[CONTEXT, TEXTS, COMPARISONS])
    def get(self, request: Request, project: str, sha: str) -> Response:
        """Viewer. With its difference from its (first) parent."""
        found = access_project(request, project)
        info = queries.commit_info(found, queries.resolve(found, sha))
        parent = info.parents[0] if info.parents else None
        files = shown_files(request, found, parent, info.sha)
        return Response(shapes.CommitDetail({**vars(info), "files": files}).data)


class CompareView(APIView):
    """Two commits."""

    @extend_schema(
        operation_id="commits_compare",
        responses=shapes.Comparison,
        parameters=[OpenApiParameter(name, str, required=True) for name in ("base", "head")]
        + [CONTEXT, TEXTS, COMPARISONS],
    )
    def get(self, request: Request, project: str) -> Response:
        """Viewer. Each of `base` and `head` is a branch, a tag, a commit id or its beginning."""
        found = access_project(request, project)
        base, head = (queries.resolve(found, named(request, name)) for name in ("base", "head"))
        answer = {
            "base": queries.commit_info(found, base),
            "head": queries.commit_info(found, head),
            "merge_base": queries.merge_base(found, base, head),
            "files": shown_files(request, found, base, head),
        }
        return Response(shapes.Comparison(answer).data)


class CheckView(APIView):
    """A file as it stands in an editor."""

    @extend_schema(operation_id="files_check", request=shapes.CheckRequest, responses=shapes.CheckAnswer)
    def post(self, request: Request, project: str) -> Response:
        """Viewer. What would be refused if this were saved, as one types; nothing is kept."""
        found = access_project(request, project)
        body = shapes.CheckRequest(data=request.data)
        body.is_valid(raise_exception=True)
        data = body.validated_data
        return Response(shapes.CheckAnswer(checked(found, data, data["content"])).data)


class EditView(APIView):
    """A prompt's settings as a form."""

    @extend_schema(operation_id="prompts_edit", request=shapes.EditRequest, responses=shapes.EditAnswer)
    def post(self, request: Request, project: str) -> Response:
        """Viewer. Sets fields of the front matter in the given text and checks the outcome; nothing is kept."""
        found = access_project(request, project)
        body = shapes.EditRequest(data=request.data)
        body.is_valid(raise_exception=True)
        data = body.validated_data
        try:
            content = edited(data["content"], data["path"], data["changes"])
        except FormatError as error:
            raise bad_files(error.problems) from None
        return Response(shapes.EditAnswer({"content": content, **checked(found, data, content)}).data)


def edited(content: str, path: str, changes: list[dict[str, Any]]) -> str:
    """The text of a prompt with fields of its front matter set. Raises FormatError."""
    for change in changes:
        content = edit_front(content, tuple(change["key"]), change["value"], path)
    return content


def checked(project: Project, data: dict[str, Any], content: str) -> dict[str, Any]:
    """What is wrong with a file as it stands in an editor, and what it says."""
    path = data["path"]
    read = queries.overlay(project, queries.resolve(project, data["ref"]), {path: content.encode()})
    says, problems = overview(path, content.encode(), read)
    return {"problems": problems, "overview": says}


class RenderView(APIView):
    """A prompt with values in it."""

    @extend_schema(operation_id="prompts_render", request=shapes.RenderRequest, responses=shapes.RenderAnswer)
    def post(self, request: Request, project: str) -> Response:
        """Viewer. 422 names the variable or the line that is at fault."""
        found = access_project(request, project)
        body = shapes.RenderRequest(data=request.data)
        body.is_valid(raise_exception=True)
        return Response(shapes.RenderAnswer(render(found, body.validated_data)).data)


def render(project: Project, data: dict[str, Any]) -> dict[str, Any]:
    """Messages of a prompt given by source or by path and ref. Raises NotFound, Unprocessable."""
    path, commit = data["path"], queries.resolve(project, data["ref"])
    if kind_of(path) != "prompt":
        raise NotFound(f"{path[:200]!r} is not a prompt.")
    source = data.get("source")
    text = queries.text_of(queries.read_file(project, commit, path)) if source is None else source
    read = queries.overlay(project, commit, {})
    try:
        prompt = parse_prompt(text or "", path, partials=partials_from(read, path))
        messages = prompt.messages(data["variables"])
    except FormatError as error:
        raise bad_files(error.problems) from None
    except RenderError as error:
        detail = {"where": error.variable or "", "code": error.code, "detail": error.message}
        raise Unprocessable(error.message, code=error.code, errors=[detail]) from None  # type: ignore[list-item]
    return {"messages": messages, "model": prompt.model, "config": prompt.config, "adapter": prompt.adapter}


def _cursor(request: Request) -> tuple[str, int] | None:
    raw = request.query_params.get("cursor", "")
    if not raw:
        return None
    match pagination.decode_cursor(raw):
        case [str(start), int(skip)] if len(start) == 40 and 0 <= skip < 10**9:
            return start, skip
    raise Invalid("This cursor is not one of ours; ask for the first page again.")


def _wants(request: Request, name: str) -> bool:
    return request.query_params.get(name, "").lower() in ("1", "true")


def named(request: Request, name: str) -> str:
    """A branch or commit of an address. Raises Invalid when there is none."""
    value = request.query_params.get(name, "")
    if not value:
        raise Invalid(f"Say which commit: {name}=....", errors=[_missing(name)])
    return value


def _missing(name: str) -> Any:
    return {"where": name, "code": "required", "detail": "This parameter is needed."}
