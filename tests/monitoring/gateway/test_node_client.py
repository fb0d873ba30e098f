"""OpenAI's client of npm against the gateway: models, a prompt whole and streamed, responses, typed errors."""

import json
import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from monitoring.logs.models import Log
from tests.fakes.openai_server import FakeOpenAI

FRONTEND = Path(__file__).resolve().parents[3] / "frontend"


def test_the_npm_client_finds_nothing_odd(web, token, acme: FakeOpenAI, deploy, project, seen) -> None:
    if not (FRONTEND / "node_modules" / "openai").exists() or shutil.which("node") is None:
        if os.environ.get("CI") == "true":
            pytest.fail("npm's openai is not installed: make setup does it")
        pytest.skip("npm's openai is not installed: run npm install in frontend/")
    commit = deploy()
    acme.answer = "one two"
    given = {"model": "prompts/triage", "variables": {"message": "my card"}, "environment": "dev"}
    command = ["node", "scripts/openai.mjs", f"{web}/v1", token, json.dumps(given)]
    done = subprocess.run(command, cwd=FRONTEND, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    said = json.loads(done.stdout)
    assert {"acme/good", "prompts/triage"} <= set(said.pop("models"))
    assert said == {
        "whole": "one two",
        "commit": commit,
        "streamed": "one two",
        "used": 2,
        "events": ["response.created", *["response.output_text.delta"] * 2, "response.completed"],
        "errors": [
            ["NotFoundError", 404, "model_not_found", "model"],
            ["AuthenticationError", 401, "invalid_api_key", None],
        ],
    }
    assert [call.messages for call in acme.chats] == [
        [{"role": "system", "content": "Sort politely."}, {"role": "user", "content": "Sort my card."}]
    ] * 2
    deadline = time.monotonic() + 30
    while Log.objects.filter(project=project).count() < 3 and time.monotonic() < deadline:
        time.sleep(0.02)
    assert set(Log.objects.filter(project=project).values_list("prompt", "commit")) == {("triage", commit)}
