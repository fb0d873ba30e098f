"""A project under review: Olga owns it, Mia maintains, Eddie edits, Vera views."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rest_framework.test import APIClient

from tests.gitclient import Clone, address
from variorum.accounts.access import Actor
from variorum.accounts.models import Membership, Project, User
from variorum.accounts.roles import Role, Scope
from variorum.accounts.services import create_api_key
from variorum.drafts.models import Draft, Push
from variorum.repos import git, places, queries
from variorum.repos import services as repository

BASE = "/api/v1/projects/support-desk"
TRIAGE = """---
model: local/smollm2-135m
input:
  schema:
    message: string
---
Sort the message.
Be kind.
Be short.
Answer with one word.

{{message}}
"""


class Team:
    """Clients by name, and short ways to do what people do."""

    def __init__(self, project: Project, people: dict[str, User], api: Callable[..., APIClient]) -> None:
        self.project, self.people, self.api = project, people, api

    def client(self, name: str) -> APIClient:
        return self.api(self.people[name])

    def get(self, name: str, path: str, /) -> Any:
        return self.client(name).get(f"{BASE}{path}")

    def post(self, name: str, path: str, /, **body: Any) -> Any:
        return self.client(name).post(f"{BASE}{path}", body)

    def patch(self, name: str, path: str, /, **body: Any) -> Any:
        return self.client(name).patch(f"{BASE}{path}", body)

    def open(self, name: str = "eddie", files: dict[str, str | None] | None = None, title: str = "Kinder") -> Any:
        """Opens a draft and answers it."""
        response = self.post(name, "/drafts", title=title, files=files or {})
        assert response.status_code == 201, response.content
        return response.json()

    def save(self, name: str, draft: Any, files: dict[str, str | None], **body: Any) -> Any:
        expected = body.pop("expected_head", draft["head_commit"])
        return self.post(name, f"/drafts/{draft['number']}/files", files=files, expected_head=expected, **body)

    def approve(self, name: str, draft: Any, verdict: str = "approve") -> Any:
        path = f"/drafts/{draft['number']}/approvals"
        return self.post(name, path, verdict=verdict, commit=draft["head_commit"])

    def merge(self, name: str, draft: Any) -> Any:
        return self.post(name, f"/drafts/{draft['number']}/merge", expected_head=draft["head_commit"])

    def show(self, draft: Any) -> Any:
        return self.get("vera", f"/drafts/{draft['number']}").json()

    def main(self) -> str:
        head = queries.head(self.project)
        assert head is not None
        return head

    def text(self, path: str, commit: str = "") -> str:
        return queries.read_file(self.project, commit or self.main(), path).decode()

    def row(self, draft: Any) -> Draft:
        return Draft.objects.get(project=self.project, number=draft["number"])


@pytest.fixture
def team(project: Project, owner: User, make_user: Callable[..., User], api: Callable[..., APIClient]) -> Team:
    roles = {"mia": Role.MAINTAINER, "eddie": Role.EDITOR, "vera": Role.VIEWER}
    people = {name: make_user(name) for name in roles}
    for name, role in roles.items():
        Membership.objects.create(project=project, user=people[name], role=role)
    repository.ensure_repository(project)
    repository.commit_files(
        project=project,
        ref="main",
        files={"prompts/triage.prompt": TRIAGE.encode()},
        message="Add triage",
        actor=Actor.of_user(owner),
        expected_head=queries.head(project),
    )
    return Team(project, {"olga": owner, **people}, api)


@pytest.fixture
def draft(team: Team) -> Any:
    """Eddie's open draft that makes the prompt kinder."""
    return team.open(files={"prompts/triage.prompt": TRIAGE.replace("Be kind.", "Be very kind.")})


@pytest.fixture
def clone(web: str, team: Any, tmp_path: Path) -> Callable[..., Clone]:
    """clone("eddie") -> a work tree whose origin knows Eddie's key."""

    def make(name: str = "eddie", *options: str) -> Clone:
        scopes = [Scope.READ, Scope.WRITE, Scope.ADMIN]
        key = create_api_key(
            project=team.project, user=team.people[name], name="laptop", scopes=scopes, expires_at=None
        )[1]
        return Clone.of(address(web, key), tmp_path / f"{name}-{len(list(tmp_path.iterdir()))}", *options)

    return make


@pytest.fixture
def sound(team: Any) -> Any:
    """After the test: `git fsck --strict` is clean, no quarantine and no intent is left."""
    yield
    assert git.fsck(places.path_of(team.project)) == []
    assert list(places.path_of(team.project).parent.glob(".push-*")) == []
    assert Push.objects.count() == 0
