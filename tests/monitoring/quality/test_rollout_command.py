"""`variorum rollout` against a real server, as an owner and as a viewer."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from monitoring.quality import guarding
from variorum.accounts.access import Actor
from variorum.accounts.models import Project
from variorum.deployments import services
from variorum.deployments.models import Rollout
from variorum.deployments.queries import environments_of
from variorum.repos import queries
from variorum.repos import services as repos
from variorum_client.cli import main

Said = Callable[..., tuple[int, str, str]]


@pytest.fixture
def commits(transactional_db: None, project: Project, actor: Actor) -> list[str]:
    """Two versions on main; the first is live in production."""
    repos.ensure_repository(project)
    made = []
    for text in ("One", "Two"):
        head = queries.head(project, "main")
        files = {"prompts/triage.prompt": f"---\nmodel: local/x\n---\n{text}\n".encode()}
        made.append(
            repos.commit_files(project=project, ref="main", files=files, message=text, actor=actor, expected_head=head)
        )
    services.deploy(environment=environments_of(project)[2], commit=made[0], actor=actor)
    return made


@pytest.fixture
def say(web: str, commits: list[str], monkeypatch: pytest.MonkeyPatch, make_key: Any, capsys: Any) -> Said:
    """say("list", scope="read") -> exit code, standard output, standard error."""
    keys = {scope: make_key(scope) for scope in ("admin", "read")}
    monkeypatch.setenv("VARIORUM_URL", web)
    monkeypatch.setenv("VARIORUM_PROJECT", "support-desk")
    monkeypatch.setenv("VARIORUM_API_KEY", keys["admin"])

    def run(*arguments: str, scope: str = "admin") -> tuple[int, str, str]:
        monkeypatch.setenv("VARIORUM_API_KEY", keys[scope])
        code = main(["rollout", *arguments])
        return (code, *capsys.readouterr())

    return run


def test_from_start_to_completion_and_back(say: Said, commits: list[str]) -> None:
    assert say("list") == (0, "No rollouts yet.\n", "")
    assert say("pause") == (1, "", "variorum: No rollout is under way.\n")
    steps = ["--step", "5%:1h", "--step", "50%:approval", "--step", "100%"]
    code, out, _ = say(
        "start", "production", "main", *steps, "--guard", "latency worse by 20%, then pause", "--note", "go"
    )
    assert code == 0
    lines = out.splitlines()
    assert lines[:3] == [
        "Rollout #1 in Production: running",
        f"  {commits[1][:12]}  Two",
        f"  instead of {commits[0][:12]}  One",
    ]
    assert lines[5:] == [
        "> 1. 5 % of all callers  0 of 0 requests  (holds for 60 min)",
        "  2. 50 % of all callers  (holds for a person's approval)",
        "  3. everybody",
        "",
        "  Latency: Not looked at yet.",
    ]
    assert say("start", "production", "main")[0] == 1
    code, _, error = say("approve")
    assert (code, error) == (
        1,
        "variorum: Rollout #1 does not wait for approval: it is running and waits for 60 min.\n",
    )
    assert say("pause")[0] == 0
    assert say("advance", "1")[2] == "variorum: Rollout #1 is paused. Resume it first.\n"
    assert [say(act)[0] for act in ("resume", "advance")] == [0, 0]
    Rollout.objects.update(next_at=timezone.now())
    guarding.tick()
    assert "waits for approval" in say("show", scope="read")[1]
    assert json.loads(say("approve", "--json")[1])["step"] == 2
    assert json.loads(say("advance", "--json")[1])["state"] == "completed"
    assert say("watch", "1", scope="read")[0] == 0
    assert json.loads(say("rollback", "1", "--note", "rude", "--json")[1])["story"][-1]["facts"]["note"] == "rude"
    code, out, error = say("watch", "--json")
    assert (code, json.loads(out)["state"]) == (3, "rolled_back")
    assert "rolled back; 0 requests got the candidate" in error


def test_what_is_refused_is_said_in_words(say: Said) -> None:
    code, _, error = say("start", "production", "main", scope="read")
    assert (code, error.count("\n")) == (1, 1)
    assert "maintainer" in error
    assert say("start", "production", "main", "--step", "5%:soon")[0] == 2
    assert say("start", "production", "main", "--guard", "errors worse by 2")[0] == 2
    code, _, error = say("start", "production", "main", "--guard", "no-such worse by 5%")
    assert (code, "no-such" in error) == (1, True)
    assert say("start", "production", "main", "--step", "50%:1h", "--step", "5%:1h")[2] == (
        "variorum: Step 2: Each step gives the candidate to more callers than the one before.\n"
    )
    assert say("show", "7")[0] == 1
    assert say("show")[0] == 1


def test_watching_ends_with_the_rollout(say: Said) -> None:
    """The command in a process of its own, while somebody else stops the rollout."""
    assert say("start", "production", "main", "--plan", "person")[0] == 0
    command = [sys.executable, "-m", "variorum_client.cli", "rollout", "watch", "--every", "0.1"]
    watching = subprocess.Popen(command, env=os.environ, stdout=subprocess.PIPE, text=True)
    assert watching.stdout is not None
    assert watching.stdout.readline() == "Rollout #1 in Production: running\n"
    assert say("abort")[0] == 0
    out = watching.communicate(timeout=120)[0]
    assert watching.returncode == 4
    assert "stopped; 0 requests got the candidate" in out
