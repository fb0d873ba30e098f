"""Who may fetch and push. These views only authorise: the lane (`lane.py`) takes over once the door is open."""

from typing import Any

from django.http import HttpResponse, HttpResponseBase
from rest_framework.request import Request
from rest_framework.views import APIView

from variorum.accounts.access import access_project, actor_of, role_in
from variorum.accounts.authentication import BASIC_CHALLENGE, GitAuthentication
from variorum.accounts.models import Project
from variorum.accounts.roles import Role
from variorum.lib.asgi import GRANT
from variorum.lib.errors import Forbidden, Problem, Unavailable
from variorum.repos.places import path_of
from variorum.repos.transport.door import Door

FETCH, PUSH = "git-upload-pack", "git-receive-pack"
NEEDS = {FETCH: Role.VIEWER, PUSH: Role.EDITOR}


class _DoorView(APIView):
    """Keys only: git sends them as a password. Refusals are plain text, which git shows."""

    authentication_classes = [GitAuthentication]
    schema = None  # Git's own protocol, not part of the API's description

    def open(self, request: Request, slug: str, service: str) -> HttpResponseBase:
        """Leave the door in the ASGI scope. Raises as access_project, Forbidden for a service that there is not."""
        if service not in NEEDS:
            raise Forbidden("Use Git 1.6.6 or newer: the old protocol for plain files is not served.", code="old_git")
        project = access_git(request, slug, NEEDS[service])
        role = role_in(request, project) or Role.VIEWER
        scope = request.META.get("asgi.scope")
        if scope is None:
            raise Unavailable("This server cannot speak Git: it has no event loop.")
        scope[GRANT] = Door(project, path_of(project), actor_of(request), role)
        return HttpResponse(status=200)

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:
        """Git accepts its own types alone; refusals are plain text all the same."""
        return self.get_renderers()[0], "text/plain"

    def handle_exception(self, exc: Exception) -> Any:
        """Plain words, and a question for the password instead of a refusal."""
        response = super().handle_exception(exc)
        detail = response.data["detail"] if isinstance(response.data, dict) else "Refused."
        plain = HttpResponse(f"{detail}\n", status=response.status_code, content_type="text/plain; charset=utf-8")
        if isinstance(exc, Problem):
            for name, value in exc.headers.items():
                plain[name] = value
        if response.status_code == 401:
            plain["WWW-Authenticate"] = BASIC_CHALLENGE["WWW-Authenticate"]
        plain["Cache-Control"] = "no-cache"
        return plain


class RefsView(_DoorView):
    """Where every fetch and push begins."""

    def get(self, request: Request, project: str) -> HttpResponseBase:
        """Viewer to fetch, editor to push; `service` says which."""
        return self.open(request, project, request.query_params.get("service", ""))


class UploadPackView(_DoorView):
    """Fetching."""

    def post(self, request: Request, project: str) -> HttpResponseBase:
        """Viewer."""
        return self.open(request, project, FETCH)


class ReceivePackView(_DoorView):
    """Pushing."""

    def post(self, request: Request, project: str) -> HttpResponseBase:
        """Editor."""
        return self.open(request, project, PUSH)


def access_git(request: Request, slug: str, role: Role) -> Project:
    """The project of a clone address. Raises as access_project."""
    return access_project(request, slug, role)
