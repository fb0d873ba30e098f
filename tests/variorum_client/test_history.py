"""`variorum live` and `variorum export`, run as people run them."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.variorum_server import KEY, FakeVariorum
from variorum_client.cli import main

FILE = b"PK" * 300_000
DEPLOYED = {"number": 7, "commit": "c" * 40, "subject": "Be kind", "kind": "deploy", "actor_name": "Ada",
            "created_at": "2026-11-17T12:00:00Z", "until": None}  # fmt: skip
PROMPT = {"name": "triage", "path": "prompts/triage.prompt", "model": "a/b", "adapter": None, "text": "One\nTwo\n"}
ITEM = {"environment": "production", "name": "Production", "deployment": DEPLOYED, "tags": ["v3"], "prompts": [PROMPT],
        "before": {"number": 6, "subject": "Be short"}, "after": None}  # fmt: skip


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeVariorum]:
    with FakeVariorum() as fake:
        monkeypatch.setenv("VARIORUM_URL", fake.url)
        monkeypatch.setenv("VARIORUM_API_KEY", KEY)
        monkeypatch.setenv("VARIORUM_PROJECT", "desk")
        fake.reply = (200, {"at": "2026-11-17T13:05:00Z", "items": [ITEM], "next": None})
        yield fake


def test_live_says_it_in_words_with_the_zone(server: FakeVariorum, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["live", "--at", "2026-11-17 14:05", "--zone", "Europe/Berlin", "-e", "production", "--text"]
    assert main(asked) == 0
    assert capsys.readouterr().out.splitlines() == [
        "At Tue 2026-11-17 14:05:00 CET (+0100)",
        "",
        "production: cccccccccccc  [v3]  Be kind",
        "  #7, deployed by Ada",
        "  from Tue 2026-11-17 13:00:00 CET (+0100) until now",
        "  before: #6 Be short",
        "  prompts/triage.prompt  (a/b)",
        "    | One",
        "    | Two",
    ]
    assert main(["live", "-e", "production", "--prompt", "triage"]) == 0
    assert capsys.readouterr().out == "One\nTwo\n"
    assert main(["live", "-e", "production", "--prompt", "nope"]) == 1
    assert main(["live", "--at", "someday"]) == 2
    assert main(["live", "--zone", "Mars/Base"]) == 2


def test_nothing_live_is_told_by_the_exit_code(server: FakeVariorum, capsys: pytest.CaptureFixture[str]) -> None:
    nothing = {**ITEM, "deployment": None, "before": None, "after": DEPLOYED, "tags": [], "prompts": []}
    server.reply = (200, {"at": "2026-11-01T13:05:00Z", "items": [nothing], "next": None})
    assert main(["live", "-e", "production", "--zone", "UTC"]) == 1
    assert "production: nothing was live; the first came Tue 2026-11-17 12:00:00 UTC" in capsys.readouterr().out
    assert main(["live", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["items"] == [nothing]


@pytest.mark.parametrize("command", [["export"], ["export-adapter", "triage"]])
@pytest.mark.parametrize(("digest", "code"), [(hashlib.sha256(FILE).hexdigest(), 0), ("0" * 64, 1)])
def test_export_fetches_the_file_whole_or_not_at_all(
    server: FakeVariorum, tmp_path: Path, digest: str, code: int, command: list[str]
) -> None:
    job = {"number": 4, "state": "succeeded", "result": {"sha256": digest, "size": len(FILE)}}
    server.reply = (202, job)

    def file(handler: Any) -> bool:
        if handler.path.endswith("/exports/4/file"):
            handler.send(200, FILE)
        return bool(handler.path.endswith("/exports/4/file"))

    server.fault = file
    target = tmp_path / "desk.zip"
    assert main([*command, "-o", str(target)]) == code
    assert [path.read_bytes() for path in tmp_path.iterdir()] == ([FILE] if code == 0 else [])
