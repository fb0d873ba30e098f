"""The command line, run as people run it."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.variorum_server import KEY, FakeVariorum
from variorum_client.bundle import load_bundle
from variorum_client.cli import main

CLIENT_PATH = Path(__file__).parents[2] / "platform" / "client"
DEPLOYMENT = {"number": 7, "commit": "c" * 40, "subject": "Be kind", "kind": "deploy", "actor_name": "Ada"}


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeVariorum]:
    with FakeVariorum() as fake:
        monkeypatch.setenv("VARIORUM_URL", fake.url)
        monkeypatch.setenv("VARIORUM_API_KEY", KEY)
        monkeypatch.setenv("VARIORUM_PROJECT", "desk")
        yield fake


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "prompts").mkdir()
    (tmp_path / "configs").mkdir()
    (tmp_path / "prompts" / "hello.prompt").write_text(
        "---\nmodel: a/b\n---\n{{> tone}} {{name}}{{#if n}} {{n}}{{/if}}"
    )
    (tmp_path / "prompts" / "_tone.prompt").write_text("Dear")
    (tmp_path / "configs" / "limits.yaml").write_text("rate: 5\n")
    return tmp_path


def test_fetch_writes_the_bundle_or_one_prompt(
    server: FakeVariorum, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["fetch"]) == 0
    assert load_bundle(capsys.readouterr().out.encode()).commit == "a" * 40
    assert main(["fetch", "-o", str(tmp_path / "b.json")]) == 0
    assert (tmp_path / "b.json").read_bytes() == server.body
    capsys.readouterr()
    assert main(["fetch", "--prompt", "hello"]) == 0
    assert capsys.readouterr().out.endswith("Hello {{name}}")
    assert main(["fetch", "--prompt", "nope"]) == 1
    assert "'nope'" in capsys.readouterr().err


def test_render_takes_live_prompts_and_files(
    server: FakeVariorum, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["render", "hello", "--var", "name=Ada"]) == 0
    assert capsys.readouterr().out == "[user]\nHello Ada\n\n"
    file = str(folder / "prompts" / "hello.prompt")
    assert main(["render", file, "--var", "name=a=b", "--var", "n:=3", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == [{"role": "user", "content": "Dear a=b 3"}]
    (folder / "vars.json").write_text('{"name": "Zoë", "n": [1, 2]}')
    assert main(["render", file, "--vars", str(folder / "vars.json")]) == 0
    assert capsys.readouterr().out == "[user]\nDear Zoë 1,2\n\n"
    assert len(server.calls) == 1


def test_check_names_every_place(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(folder)]) == 0
    assert capsys.readouterr().out == "3 files checked, 0 problems found.\n"
    (folder / "prompts" / "bad.prompt").write_text("---\nmodel: x\n---\n{{#if a}}")
    (folder / "prompts" / "worse.prompt").write_bytes(b"\xff")
    (folder / "notes.txt").write_text("x")
    (folder / "configs" / "link.yaml").symlink_to("/etc/passwd")
    (folder / ".git").mkdir()
    (folder / ".git" / "HEAD").write_text("x")
    assert main(["check", str(folder)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(" ")[0] for line in lines] == [
        "configs/link.yaml:1:1:",
        "notes.txt:1:1:",
        "prompts/bad.prompt:4:1:",
        "prompts/worse.prompt:1:1:",
        "7",
    ]
    assert lines[2].endswith("[unclosed_block]")
    assert main(["check", str(folder), "--format", "json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert found["files"] == 7
    assert found["problems"][2] == {
        "path": "prompts/bad.prompt",
        "line": 4,
        "column": 1,
        "code": "unclosed_block",
        "message": "The block 'if' is not closed: end it with {{/if}}.",
    }


def test_check_takes_weights_that_lfs_has_checked_out(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    adapter = folder / "adapters" / "a"
    adapter.mkdir(parents=True)
    config = {"peft_type": "LORA", "r": 8, "target_modules": ["q_proj"], "base_model_name_or_path": "m"}
    (adapter / "adapter_config.json").write_text(json.dumps(config))
    header = b'{"__metadata__":{}}'
    (adapter / "adapter_model.safetensors").write_bytes(
        len(header).to_bytes(8, "little") + header + b"\x00" * 3_000_000
    )
    assert main(["check", str(folder)]) == 0
    (adapter / "adapter_model.safetensors").write_bytes(b"pickle")
    assert main(["check", str(folder)]) == 1
    assert "[not_lfs]" in capsys.readouterr().out


def test_status_deploy_and_rollback_speak_the_api(server: FakeVariorum, capsys: pytest.CaptureFixture[str]) -> None:
    live = {**DEPLOYMENT, "created_at": "2026-11-23T05:39:09.532133Z"}
    when = f"{datetime.fromisoformat(live['created_at']).astimezone():%Y-%m-%d %H:%M}"
    items = [{"slug": "dev", "current": None}, {"slug": "production", "current": live}]
    server.reply = (200, {"items": items, "next": None})
    assert main(["status"]) == 0
    assert capsys.readouterr().out == (
        f"dev         nothing is live\nproduction  #7  cccccccccccc  Be kind  (deploy by Ada, {when})\n"
    )
    assert main(["status", "--json"]) == 0
    expected = {"clone": None, "draft": None, "environments": items, "problem": None}
    assert json.loads(capsys.readouterr().out) == expected
    server.reply = (201, DEPLOYMENT)
    assert main(["deploy", "staging", "main", "--note", "try"]) == 0
    assert main(["rollback", "production", "--to", "3"]) == 0
    assert main(["rollback", "production", "--project", "other desk"]) == 0
    assert server.posts[2:] == [
        ("/api/v1/projects/desk/environments/staging/deployments", {"commit": "main", "note": "try"}),
        ("/api/v1/projects/desk/environments/production/rollback", {"note": "", "to": 3}),
        ("/api/v1/projects/other%20desk/environments/production/rollback", {"note": ""}),
    ]
    assert "staging now serves cccccccccccc (deployment #7)" in capsys.readouterr().out


def test_log_sends_one_log(server: FakeVariorum, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["log", "--prompt", "hello", "--var", "name=Ada", "--output", "Hi", "--latency-ms", "12"]) == 0
    (entry,) = server.logs.values()
    assert entry["input"] == {"variables": {"name": "Ada"}}
    assert capsys.readouterr().out == f"{entry['id']} accepted\n"


def _refuse(handler: Any) -> bool:
    errors = [{"where": "commit", "code": "not_found", "detail": "There is no such commit."}]
    problem = {
        "title": "Invalid",
        "status": 422,
        "code": "invalid",
        "detail": "The commit is unknown.",
        "errors": errors,
    }
    handler.send(422, json.dumps(problem).encode())
    return True


def test_a_refusal_is_one_clear_line(server: FakeVariorum, capsys: pytest.CaptureFixture[str]) -> None:
    server.fault = _refuse
    assert main(["deploy", "staging", "abc"]) == 1
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "variorum: The commit is unknown. · commit: There is no such commit.\n")
    server.fault = None
    assert main(["deploy", "staging", "abc", "--api-key", "vk_wrong_secret"]) == 1
    said = capsys.readouterr()
    assert said.err == "variorum: The API key is unknown or has expired.\n"
    for reply in ((200, []), (200, {"items": [{}]}), (502, "<html>")):
        server.reply = reply
        assert main(["status"]) == 1
        assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["render", "missing.prompt"], 1),
        (["render", "hello", "--var", "name"], 2),
        (["render", "hello", "--var", "n:={"], 2),
        (["check", "/nowhere/at/all"], 1),
        (["status", "--url", "nonsense"], 2),
        (["status", "--api-key", "two words"], 2),
    ],
)
def test_wrong_use_is_told_in_one_line(
    server: FakeVariorum, capsys: pytest.CaptureFixture[str], arguments: list[str], code: int
) -> None:
    assert main(arguments) == code
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("variorum: ")
    assert said.err.count("\n") == 1


def test_a_wrong_prompt_file_and_a_missing_variable_say_where(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = folder / "prompts" / "x.prompt"
    file.write_text("---\ninput:\n  schema:\n    name: string\n---\n{{name}}")
    assert main(["render", str(file)]) == 1
    assert capsys.readouterr().err == "variorum: 'name' is required and missing.\n"
    file.write_text("a\n{{#if}}")
    assert main(["render", str(file)]) == 1
    assert capsys.readouterr().err.startswith("variorum: prompts/x.prompt:2:1: ")


@pytest.mark.parametrize("arguments", [[], ["nonsense"], ["deploy", "staging"], ["status", "--timeout", "0"]])
def test_usage_errors_exit_with_two(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    capsys.readouterr()


def test_the_command_runs_by_itself_without_a_project_or_a_server(folder: Path) -> None:
    bare = {name: value for name, value in os.environ.items() if not name.startswith("VARIORUM")}
    command = [sys.executable, "-m", "variorum_client.cli"]
    settings = {**bare, "PYTHONPATH": str(CLIENT_PATH)}

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([*command, *arguments], env=settings, capture_output=True, text=True, timeout=60)

    assert run("check", str(folder)).stdout == "3 files checked, 0 problems found.\n"
    missing = run("status")
    assert (missing.returncode, "VARIORUM_PROJECT" in missing.stderr) == (2, True)
    dead = run("status", "--project", "desk", "--url", "http://127.0.0.1:9", "--api-key", "vk_secret")
    assert dead.returncode == 1
    assert dead.stderr == "variorum: 127.0.0.1:9 cannot be reached (ConnectError).\n"
