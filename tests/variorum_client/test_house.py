"""What the distribution promises of itself."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import variorum_client

CLIENT_PATH = Path(__file__).parents[2] / "platform" / "client"
SERVER = ("django", "rest_framework", "pydantic", "torch", "dotpromptz", "numpy", "git", "variorum")
HEAVY = ("httpx", "jsonschema", "yaml", "mmh3", "asyncio", "openfeature", "variorum_client.formats")


def loaded(code: str, names: tuple[str, ...], given: str = "") -> list[str]:
    """Which of these modules are loaded after the code ran in a Python of its own."""
    code = f"import sys\n{code}\nprint('loaded:', *(name for name in {names!r} if name in sys.modules))"
    settings = {**os.environ, "PYTHONPATH": str(CLIENT_PATH), "VARIORUM_KEYS": str(CLIENT_PATH / "none.json")}
    done = subprocess.run(
        [sys.executable, "-c", code], env=settings, input=given, capture_output=True, text=True, timeout=60
    )
    assert done.stderr == ""
    return done.stdout.splitlines()[-1].split()[1:]


def test_it_imports_nothing_heavy_and_no_server() -> None:
    names = [f"from variorum_client import {name}" for name in variorum_client.__all__]
    commands = "from variorum_client.cli import COMMANDS, command_of\n[command_of(name) for name in COMMANDS]"
    assert loaded("\n".join([*names, commands]), SERVER) == []


@pytest.mark.parametrize(
    "code",
    [
        "import variorum_client",
        "from variorum_client import NotReady, Stats, VariorumError",
        "from variorum_client.cli import main; main(['credential', 'get'])",
        "from variorum_client.cli import main; main(['credential', 'store'])",
    ],
)
def test_what_git_waits_for_is_light(code: str) -> None:
    assert loaded(code, (*SERVER, *HEAVY), "protocol=https\nhost=variorum.test\npath=desk.git\n\n") == []


def test_an_app_without_event_loop_loads_none() -> None:
    assert loaded("from variorum_client import Client", ("asyncio", "openfeature", "variorum_client.aio")) == []
