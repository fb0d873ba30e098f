"""`variorum clone`, `status`, `diff`, `pull`, `push` against a real server and its real repository."""

import json
import os
import stat
from pathlib import Path

import pytest

from tests.variorum_client.clones.conftest import TRIAGE, Desk


def test_clone_is_ready_to_work_in_and_holds_no_key(desk: Desk) -> None:
    assert desk.run("clone", "desk") == 0, desk.err
    assert f"Cloned desk into {desk.clone}" in desk.out
    assert (desk.clone / "prompts" / "triage.prompt").read_text() == TRIAGE
    config = (desk.clone / ".git" / "config").read_text()
    assert f"url = {desk.url}/desk.git" in config
    assert "credential" in config
    assert all(desk.key not in file.read_text(errors="replace") for file in desk.clone.rglob("*") if file.is_file())
    assert desk.git("status", "--porcelain") == ""
    assert desk.git("rev-parse", "--abbrev-ref", "main@{upstream}") == "origin/main\n"


def test_a_clone_that_fails_leaves_nothing_behind(desk: Desk) -> None:
    assert desk.run("clone", "nothing-here") == 1
    assert desk.err.startswith("variorum: nothing-here cannot be cloned: ")
    assert not (desk.folder / "nothing-here").exists()
    (desk.folder / "full").mkdir()
    (desk.folder / "full" / "mine.txt").write_text("mine")
    assert desk.run("clone", "desk", "full") == 1
    assert (desk.folder / "full" / "mine.txt").read_text() == "mine"
    assert desk.run("clone") == 2
    assert "VARIORUM_PROJECT" in desk.err
    assert desk.run("clone", "../desk") == 2
    assert list(desk.folder.parent.glob("desk")) == []


def test_a_kept_key_is_readable_by_its_owner_alone(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    assert desk.run("clone", "desk", "--save-key") == 0, desk.err
    file = Path(os.environ["XDG_CONFIG_HOME"]) / "variorum" / "keys.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    monkeypatch.delenv("VARIORUM_API_KEY")
    monkeypatch.delenv("VARIORUM_URL")
    assert desk.run("status") == 0
    assert "The server could not be asked" not in desk.out
    file.chmod(0o644)
    assert desk.run("status") == 1
    assert "chmod 600" in desk.err


def test_status_tells_what_is_changed_and_what_is_live(cloned: Desk) -> None:
    cloned.write("prompts/triage.prompt", TRIAGE.replace("kind", "short"))
    cloned.write("prompts/new.prompt", "Hello {{name}}")
    assert cloned.run("status", cwd=cloned.clone / "prompts") == 0
    lines = cloned.out.splitlines()
    assert lines[:3] == ["desk on main", "  new: prompts/new.prompt", "  changed: prompts/triage.prompt"]
    assert lines[4] == "Live"
    assert [line.split() for line in lines[5:]] == [
        [name, "nothing", "is", "live"] for name in ("dev", "staging", "production")
    ]
    assert cloned.run("status", "--json") == 0
    found = json.loads(cloned.out)
    assert found["clone"]["changes"] == [
        {"path": "prompts/new.prompt", "change": "new"},
        {"path": "prompts/triage.prompt", "change": "changed"},
    ]
    assert (found["draft"], found["problem"]) == (None, None)


def test_status_works_without_the_server(cloned: Desk) -> None:
    cloned.git("config", "variorum.url", "http://127.0.0.1:9")
    assert cloned.run("status") == 0
    assert cloned.out.endswith("\nThe server could not be asked: 127.0.0.1:9 cannot be reached (ConnectError).\n")


def test_diff_compares_with_main_a_commit_and_what_is_live(cloned: Desk) -> None:
    cloned.write("prompts/triage.prompt", TRIAGE.replace("kind", "short"), "Be short")
    cloned.write("configs/limits.yaml", "rate: 6\n")
    assert cloned.run("diff", "--raw") == 0
    assert "-Be kind.\n+Be short.\n" in cloned.out
    assert "-rate: 5\n+rate: 6\n" in cloned.out
    assert cloned.run("diff", "HEAD", "--raw") == 0
    assert "kind" not in cloned.out
    assert "-rate: 5\n+rate: 6\n" in cloned.out
    assert cloned.run("diff", "limits.yaml", "--json", cwd=cloned.clone / "configs") == 0
    assert [item["path"] for item in json.loads(cloned.out)["files"]] == ["configs/limits.yaml"]
    assert cloned.run("diff", "--live", "production") == 1
    assert cloned.err == "variorum: Nothing is live in production yet.\n"
    assert cloned.run("deploy", "production", "main") == 0, cloned.err
    assert cloned.run("diff", "--live", "production", "--raw", "configs") == 0
    assert "+rate: 6" in cloned.out
    assert "Be short" not in cloned.out
    cloned.write("prompts/triage.prompt", TRIAGE.replace("text: string", "text: string\n    tone: string"))
    assert cloned.run("diff", "--live", "production", "--json", "prompts") == 0
    (changed,) = json.loads(cloned.out)["files"]
    assert "breaks" in {each["level"] for each in changed["consequences"]}
    assert cloned.run("diff", "--live", "moon") == 1
    assert "there are: dev, staging, production" in cloned.err
    assert cloned.run("diff", "no-such-thing") == 1
    assert cloned.run("diff", "/etc/passwd") == 1


def test_diff_does_not_show_what_others_did_to_main(cloned: Desk) -> None:
    cloned.on_main({"prompts/other.prompt": "Hi {{name}}"})
    assert cloned.run("pull") == 0, cloned.err
    assert cloned.out.endswith("1 file changed.\n  prompts/other.prompt\n")
    cloned.git("switch", "-q", "-c", "mine", "HEAD~1")
    cloned.write("configs/limits.yaml", "rate: 6\n", "Faster")
    assert cloned.run("diff") == 0
    assert "other.prompt" not in cloned.out


def test_pull_rebases_and_takes_a_conflict_back(cloned: Desk) -> None:
    cloned.git("switch", "-q", "-c", "mine")
    cloned.write("configs/limits.yaml", "rate: 6\n", "Faster")
    cloned.on_main({"prompts/other.prompt": "Hi {{name}}"})
    assert cloned.run("pull") == 0, cloned.err
    assert cloned.git("log", "--format=%s", "-2").splitlines()[0] == "Faster"
    assert (cloned.clone / "prompts" / "other.prompt").exists()
    cloned.on_main({"configs/limits.yaml": "rate: 7\n"})
    before = cloned.git("rev-parse", "HEAD")
    assert cloned.run("pull") == 1
    assert cloned.out.startswith("Conflict: you and main changed the same lines of\n  configs/limits.yaml\n")
    assert cloned.git("rev-parse", "HEAD") == before
    assert cloned.git("status", "--porcelain") == ""
    assert cloned.run("pull", "--keep") == 1
    assert "<<<<<<<" in (cloned.clone / "configs" / "limits.yaml").read_text()
    assert cloned.run("pull") == 1
    assert cloned.err.startswith("variorum: ")
    cloned.git("rebase", "--abort")
    cloned.write("configs/limits.yaml", "rate: 8\n")
    assert cloned.run("pull") == 1
    assert cloned.err == "variorum: Commit your changes first (or `git stash` them): configs/limits.yaml.\n"


def test_pull_merges_what_git_alone_would_call_a_conflict(cloned: Desk) -> None:
    cloned.git("switch", "-q", "-c", "mine")
    cloned.write("prompts/triage.prompt", TRIAGE.replace("temperature: 0.2", "temperature: 0.3"), "Warmer")
    cloned.on_main({"prompts/triage.prompt": TRIAGE.replace("temperature: 0.2\n", "temperature: 0.2\n  top_p: 0.5\n")})
    assert cloned.run("pull") == 0, cloned.out + cloned.err
    text = (cloned.clone / "prompts" / "triage.prompt").read_text()
    assert "  temperature: 0.3\n  top_p: 0.5\n" in text


def test_outside_a_clone_the_answer_is_what_to_do(desk: Desk) -> None:
    for command in (["diff"], ["pull"], ["push"]):
        assert desk.run(*command) == 1
        assert "variorum clone PROJECT" in desk.err
