"""`variorum check`: places, formats, what is staged, and the hooks that run it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema
import pytest
import yaml

from variorum_client.cli import main

ROOT = Path(__file__).parents[3]
BAD = "---\nmodel: x\n---\n{{#if a}}"
ENV = {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}

# The parts of the SARIF 2.1.0 schema (sarif-schema-2.1.0.json) that a log of ours may hold, and nothing else.
MESSAGE = {
    "type": "object",
    "required": ["text"],
    "additionalProperties": False,
    "properties": {"text": {"type": "string"}},
}
LEVEL = {"enum": ["none", "note", "warning", "error"]}
REGION = {
    "type": "object",
    "additionalProperties": False,
    "properties": {"startLine": {"type": "integer", "minimum": 1}, "startColumn": {"type": "integer", "minimum": 1}},
}
ARTIFACT = {
    "type": "object",
    "additionalProperties": False,
    "properties": {"uri": {"type": "string", "format": "uri-reference"}, "uriBaseId": {"type": "string"}},
}
PHYSICAL = {
    "type": "object",
    "required": ["artifactLocation"],
    "additionalProperties": False,
    "properties": {"artifactLocation": ARTIFACT, "region": REGION},
}
RESULT = {
    "type": "object",
    "required": ["message"],
    "additionalProperties": False,
    "properties": {
        "ruleId": {"type": "string"},
        "ruleIndex": {"type": "integer", "minimum": -1},
        "level": LEVEL,
        "message": MESSAGE,
        "locations": {
            "type": "array",
            "uniqueItems": True,
            "items": {"type": "object", "additionalProperties": False, "properties": {"physicalLocation": PHYSICAL}},
        },
    },
}
RULE = {
    "type": "object",
    "required": ["id"],
    "additionalProperties": False,
    "properties": {
        "id": {"type": "string"},
        "shortDescription": MESSAGE,
        "defaultConfiguration": {"type": "object", "additionalProperties": False, "properties": {"level": LEVEL}},
    },
}
DRIVER = {
    "type": "object",
    "required": ["name"],
    "additionalProperties": False,
    "properties": {
        "name": {"type": "string"},
        "version": {"type": "string"},
        "rules": {"type": "array", "uniqueItems": True, "items": RULE},
    },
}
RUN = {
    "type": "object",
    "required": ["tool"],
    "additionalProperties": False,
    "properties": {
        "tool": {
            "type": "object",
            "required": ["driver"],
            "additionalProperties": False,
            "properties": {"driver": DRIVER},
        },
        "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
        "results": {"type": "array", "items": RESULT},
    },
}
SARIF = {
    "type": "object",
    "required": ["version", "runs"],
    "additionalProperties": False,
    "properties": {
        "$schema": {"type": "string", "format": "uri"},
        "version": {"enum": ["2.1.0"]},
        "runs": {"type": "array", "items": RUN},
    },
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with one good and one bad prompt, committed."""
    (tmp_path / "gitconfig").write_text("[user]\n\tname = Ada\n\temail = ada@example.org\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    repo = tmp_path / "repo"
    (repo / "prompts" / "in ner").mkdir(parents=True)
    (repo / "prompts" / "good.prompt").write_text("Hi {{name}}")
    (repo / "prompts" / "in ner" / "bad.prompt").write_text(BAD)
    git(repo, "init", "-q", "-b", "main")
    git(repo, "add", ".")
    git(repo, "commit", "-q", "-m", "Start")
    monkeypatch.chdir(repo)
    return repo


def git(folder: Path, *arguments: str, ok: bool = True) -> "subprocess.CompletedProcess[str]":
    env = {**os.environ, **ENV}
    done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=False, env=env)
    assert not ok or done.returncode == 0, done.stderr
    return done


def places(out: str) -> list[str]:
    return [line.split(": ")[0] for line in out.splitlines()[:-1]]


def test_paths_are_those_of_the_repository_wherever_one_stands(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    wanted = ["prompts/in ner/bad.prompt:2:8", "prompts/in ner/bad.prompt:4:1"]
    for where, arguments in (
        (".", []),
        ("prompts", ["in ner/bad.prompt"]),
        ("prompts/in ner", []),
        ("prompts", [str(folder / "prompts" / "in ner")]),
    ):
        monkeypatch.chdir(folder / where)
        assert main(["check", *arguments]) == 1
        said = capsys.readouterr().out
        assert [place for place in places(said) if place] == wanted[-len(places(said)) :]
        assert "[unclosed_block]" in said
    monkeypatch.chdir(folder / "prompts")
    assert main(["check", "good.prompt"]) == 0
    assert main(["check", "gone.prompt"]) == 1


def test_artefacts_in_a_folder_of_a_code_repository_are_named_from_its_top(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    inner = folder / "services" / "desk" / "prompts"
    inner.mkdir(parents=True)
    (inner / "a.prompt").write_text("{{> tone}}")
    (folder / "prompts" / "_tone.prompt").write_text("Not its own")
    assert main(["check", "services/desk/prompts/a.prompt"]) == 1
    assert capsys.readouterr().out.startswith("services/desk/prompts/a.prompt:1:5: There is no partial 'tone'")


def test_what_git_ignores_is_left_out(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / ".gitignore").write_text("/scratch\n*.log\n")
    (folder / "scratch").mkdir()
    (folder / "scratch" / "x.prompt").write_text(BAD)
    (folder / "prompts" / "run.log").write_text("x")
    (folder / "prompts" / "in ner" / "bad.prompt").write_text("Good now")
    assert main(["check"]) == 0, capsys.readouterr().out
    assert capsys.readouterr().out == "3 files checked, 0 problems found.\n"


def test_sarif_holds_to_its_schema(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--sarif", str(tmp_path / "out.sarif")]) == 1
    log = json.loads((tmp_path / "out.sarif").read_text())
    jsonschema.Draft202012Validator(SARIF).validate(log)
    capsys.readouterr()
    assert main(["check", "--format", "sarif"]) == 1
    assert json.loads(capsys.readouterr().out) == log
    (run,) = log["runs"]
    result = run["results"][-1]
    assert result["locations"] == [
        {
            "physicalLocation": {
                "artifactLocation": {"uri": "prompts/in%20ner/bad.prompt", "uriBaseId": "SRCROOT"},
                "region": {"startLine": 4, "startColumn": 1},
            }
        }
    ]
    assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"] == "unclosed_block"
    (folder / "prompts" / "in ner" / "bad.prompt").unlink()
    assert main(["check", "--format", "sarif"]) == 0
    empty = json.loads(capsys.readouterr().out)
    jsonschema.Draft202012Validator(SARIF).validate(empty)
    assert empty["runs"][0]["results"] == []


def test_junit_is_xml_with_a_failure_for_each_problem(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--format", "junit"]) == 1
    suite = ElementTree.fromstring(capsys.readouterr().out)
    assert suite.get("failures") == str(len(suite.findall("./testcase/failure")))
    assert suite.findall("./testcase")[-1].get("classname") == "prompts/in ner/bad.prompt"


def test_staged_is_what_the_commit_would_hold(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--staged"]) == 0  # nothing is staged
    good = folder / "prompts" / "good.prompt"
    good.write_text("{{> tone}}")
    (folder / "prompts" / "in ner" / "bad.prompt").write_text("Good now")
    git(folder, "add", ".")
    good.write_text("Hi again, {{name}}")  # better on disk, not yet in the index
    capsys.readouterr()
    assert main(["check", "--staged"]) == 1
    assert capsys.readouterr().out.startswith("prompts/good.prompt:1:5: There is no partial 'tone'")
    git(folder, "add", ".")
    assert main(["check", "--staged"]) == 0


def test_names_that_some_system_cannot_check_out(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "prompts" / "in ner" / "bad.prompt").write_text("Good now")
    for name in ("aux.prompt", "Good.prompt"):
        (folder / "prompts" / name).write_text("Hi")
    git(folder, "add", ".")
    for arguments in ([], ["--staged"]):
        assert main(["check", *arguments]) == 1
        lines = capsys.readouterr().out.splitlines()
        assert sorted(line.rpartition(" ")[2] for line in lines[:-1]) == ["[name_clash]", "[reserved_name]"]
        assert "'prompts/Good.prompt' and 'prompts/good.prompt' differ only" in "".join(lines)
    git(folder, "commit", "-q", "-m", "From before")
    (folder / "prompts" / "aux.prompt").write_text("Hi, too")
    (folder / "prompts" / "new.prompt").write_text("Hi")
    git(folder, "add", ".")
    assert main(["check", "--staged"]) == 0  # it brings neither


def test_the_hook_of_a_clone_stops_a_bad_commit(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    hook = folder / ".git" / "hooks" / "pre-commit"
    hook.write_text("#!/bin/sh\nexit 0\n")
    assert main(["check", "--install-hook"]) == 1
    assert "add the line `variorum check --staged`" in capsys.readouterr().err
    hook.unlink()
    assert main(["check", "--install-hook"]) == 0
    assert main(["check", "--install-hook"]) == 0
    (folder / "prompts" / "in ner" / "bad.prompt").write_text(BAD + " ")
    git(folder, "add", ".")
    refused = git(folder, "commit", "-m", "Bad", ok=False)
    assert refused.returncode != 0
    assert "prompts/in ner/bad.prompt:4:1:" in refused.stdout + refused.stderr
    git(folder, "reset", "-q")
    assert git(folder, "commit", "-a", "-m", "Bad", ok=False).returncode != 0
    (folder / "prompts" / "in ner" / "bad.prompt").write_text("Good now")
    git(folder, "commit", "-q", "-a", "-m", "Good")


def test_pre_commit_runs_it(folder: Path, tmp_path: Path) -> None:
    """The real tool with our manifest; only its own environment, which it would fetch, is taken from this machine."""
    env = {
        **os.environ,
        **ENV,
        "PRE_COMMIT_HOME": str(tmp_path / "home"),
        "GIT_CONFIG_GLOBAL": str(tmp_path / "gitconfig"),
    }

    def pre_commit(*arguments: str, cwd: Path = folder) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "pre_commit", *arguments]
        return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, timeout=120, check=False)

    manifest: Any = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    assert pre_commit("validate-manifest", str(ROOT / ".pre-commit-hooks.yaml")).returncode == 0
    assert [hook["id"] for hook in manifest] == ["variorum-check"]
    local = [{key: value for key, value in hook.items() if key != "additional_dependencies"} for hook in manifest]
    hooks = [{**hook, "language": "system"} for hook in local]
    (folder / ".pre-commit-config.yaml").write_text(yaml.safe_dump({"repos": [{"repo": "local", "hooks": hooks}]}))
    (folder / "README.md").write_text("# Desk\n")
    git(folder, "add", ".")
    failed = pre_commit("run", "--all-files")
    assert failed.returncode == 1, failed.stdout + failed.stderr
    assert "prompts/in ner/bad.prompt:4:1:" in failed.stdout
    assert "2 files checked" in failed.stdout
    (folder / "prompts" / "in ner" / "bad.prompt").write_text("Good now")
    git(folder, "add", ".")
    passed = pre_commit("run", "--all-files")
    assert passed.returncode == 0, passed.stdout + passed.stderr
    assert pre_commit("install").returncode == 0
    git(folder, "commit", "-q", "-m", "Good")
    assert main(["check"]) == 0
