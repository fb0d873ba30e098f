"""A real project on a real server, and a person at a terminal who has a key to it."""

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from variorum.accounts.access import Actor
from variorum.accounts.models import Project, User
from variorum.accounts.roles import Scope
from variorum.accounts.services import create_api_key, create_project
from variorum.drafts import services as drafts
from variorum.drafts.models import Draft
from variorum.repos import queries
from variorum.repos.places import path_of
from variorum_client.cli import main

TRIAGE = """---
model: local/base
config:
  temperature: 0.2
input:
  schema:
    text: string
---
{{role "system"}}
Sort the message.

Be kind.
{{role "user"}}
{{text}}
"""


class Desk:
    """The project, its server, and `run` for the command line; `out` and `err` hold what the last command wrote."""

    def __init__(self, url: str, project: Project, owner: User, key: str, folder: Path) -> None:
        self.url, self.project, self.owner, self.key, self.folder = url, project, owner, key, folder
        self.capture: pytest.CaptureFixture[str] | None = None
        self.out = self.err = ""

    @property
    def clone(self) -> Path:
        return self.folder / "desk"

    @property
    def bare(self) -> Path:
        return path_of(self.project)

    def run(self, *arguments: str, cwd: Path | None = None) -> int:
        before = Path.cwd()
        os.chdir(cwd or (self.clone if self.clone.exists() else self.folder))
        try:
            code = main(arguments)
        finally:
            os.chdir(before)
        assert self.capture is not None
        said = self.capture.readouterr()
        self.out, self.err = said.out, said.err
        assert "Traceback" not in self.err
        assert self.key not in self.out + self.err
        return code

    def git(self, *arguments: str, cwd: Path | None = None) -> str:
        done = subprocess.run(["git", *arguments], cwd=cwd or self.clone, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def write(self, path: str, text: str, message: str | None = None) -> None:
        file = self.clone / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        if message is not None:
            self.git("add", "--", path)
            self.git("commit", "-q", "-m", message)

    def on_main(self, files: dict[str, str | None], title: str = "By somebody else") -> str:
        """Somebody else changes main; the new commit."""
        actor = Actor.of_user(self.owner)
        contents = {path: None if text is None else text.encode() for path, text in files.items()}
        draft = drafts.open_draft(project=self.project, actor=actor, title=title, description="", files=contents)
        drafts.review(draft=draft, actor=actor, user=self.owner, verdict="approve", commit=draft.head_commit, body="")
        drafts.merge_draft(draft=draft, actor=actor, expected_head=draft.head_commit)
        head = queries.head(self.project)
        assert head is not None
        return head

    def draft(self, number: int) -> Draft:
        return Draft.objects.get(project=self.project, number=number)


@pytest.fixture
def desk(
    web: str,
    transactional_db: None,
    make_user: Callable[[str], User],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Desk]:
    owner = make_user("olga")
    project = create_project(owner=owner, name="Desk", slug="desk")
    _, key = create_api_key(project=project, user=owner, name="me", scopes=[Scope.ADMIN], expires_at=None)
    made = Desk(web, project, owner, key, tmp_path)
    made.capture = capsys
    made.on_main({"prompts/triage.prompt": TRIAGE, "configs/limits.yaml": "rate: 5\n"}, "Start")
    settings = tmp_path / "gitconfig"
    settings.write_text("[user]\n\tname = Ada\n\temail = ada@example.org\n[init]\n\tdefaultBranch = trunk\n")
    for name in [name for name in os.environ if name.startswith(("VARIORUM_URL", "VARIORUM_API", "VARIORUM_PROJECT"))]:
        monkeypatch.delenv(name)
    for name, value in {
        "GIT_CONFIG_GLOBAL": str(settings),
        "GIT_CONFIG_NOSYSTEM": "1",
        "XDG_CONFIG_HOME": str(tmp_path / "settings"),
        "VARIORUM_URL": web,
        "VARIORUM_API_KEY": key,
    }.items():
        monkeypatch.setenv(name, value)
    yield made
    subprocess.run(["git", "fsck", "--strict", "--no-dangling"], cwd=made.bare, check=True, capture_output=True)


@pytest.fixture
def cloned(desk: Desk) -> Desk:
    assert desk.run("clone", "desk") == 0, desk.err
    return desk
