"""People who edit one file at once, each with a CRDT client of their own that speaks to the real API."""

import base64
from typing import Any

import pytest

from tests.variorum.drafts.conftest import Team
from variorum.drafts.together.document import Document

PATH = "prompts/triage.prompt"


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


class Editor:
    """One open page: edits its own copy, sends what it edited, takes in what others did."""

    def __init__(self, team: Team, name: str, draft: Any, path: str = PATH, **body: Any) -> None:
        self.team, self.name, self.number = team, name, draft["number"]
        self.http = team.client(name)
        answer = self.http.post(self._at("/texts"), {"path": path, **body})
        assert answer.status_code == 200, answer.content
        self.id = answer.json()["id"]
        self.mine = Document(base64.b64decode(answer.json()["update"]))

    def _at(self, path: str) -> str:
        return f"/api/v1/projects/support-desk/drafts/{self.number}{path}"

    @property
    def text(self) -> str:
        return self.mine.text

    def edit(self, old: str, new: str) -> bytes:
        """Replaces words in the own copy; gives the update, not sent yet."""
        start = self.text.index(old)
        return self.mine.splice((start, start + len(old), new))

    def send(self, update: bytes) -> Any:
        return self.http.post(self._at(f"/texts/{self.id}"), {"update": b64(update)})

    def type(self, old: str, new: str) -> None:
        answer = self.send(self.edit(old, new))
        assert answer.status_code == 200, answer.content

    def pull(self) -> None:
        answer = self.http.get(self._at(f"/texts/{self.id}"), {"vector": b64(self.mine.vector)})
        assert answer.status_code == 200, answer.content
        self.mine.apply(base64.b64decode(answer.json()["update"]))

    def save(self, **body: Any) -> Any:
        return self.http.post(self._at("/texts/save"), body)

    def unsaved(self) -> list[tuple[str, list[str]]]:
        items = self.http.get(self._at("/texts")).json()["items"]
        return [(item["path"], [each["name"] for each in item["writers"]]) for item in items]


@pytest.fixture
def editor(team: Team, draft: Any) -> Any:
    """editor("mia") -> her open page of the prompt."""

    def open_page(name: str, path: str = PATH, **body: Any) -> Editor:
        return Editor(team, name, draft, path, **body)

    return open_page
