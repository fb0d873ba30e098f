"""`variorum import`: what is written, what is committed, and what the report says was not carried over."""

import json
import os
import subprocess
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from variorum_client.cli import main
from variorum_client.folder import check_folder
from variorum_client.inputs import prompt_file

LANGFUSE: list[dict[str, Any]] = [
    {
        "name": "triage",
        "version": 1,
        "type": "text",
        "prompt": "Sort: {{text}}",
        "config": {},
        "labels": [],
        "tags": ["desk"],
        "createdAt": "2025-01-02T10:00:00Z",
        "createdBy": "ada",
    },
    {
        "name": "support/answer",
        "version": 1,
        "type": "chat",
        "prompt": [
            {"role": "system", "content": "Be kind.\n@@@langfusePrompt:name=triage|label=production@@@\nEnd."},
            {"type": "placeholder", "name": "chat_history"},
            {"role": "developer", "content": "Old: @@@langfusePrompt:name=triage|version=1@@@"},
            {"role": "user", "content": "{{ question }}"},
            {"role": "user", "content": ""},
        ],
        "config": {
            "model": "gpt-4o",
            "temperature": 0.5,
            "top_p": 7,
            "supported_languages": ["en"],
            "api_key": "sk-very-secret",
            "response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": {"type": "object"}}},
        },
        "labels": ["production", "latest"],
        "tags": [],
        "commitMessage": "Kinder",
        "createdAt": "2025-01-04T10:00:00Z",
    },
    {
        "name": "triage",
        "version": 2,
        "type": "text",
        "prompt": "Sort kindly: {{text}}\n",
        "config": None,
        "labels": ["production", "latest"],
        "tags": ["desk"],
        "createdAt": "2025-01-03T10:00:00Z",
    },
]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository of artefacts with one commit."""
    (tmp_path / "gitconfig").write_text("[user]\n\tname = Ada\n\temail = ada@example.org\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    repo = tmp_path / "repo"
    (repo / "prompts").mkdir(parents=True)
    (repo / "README.md").write_text("# Desk\n")
    git(repo, "init", "-q", "-b", "main")
    git(repo, "add", ".")
    git(repo, "commit", "-q", "-m", "Start")
    monkeypatch.chdir(repo)
    return repo


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def write(file: Path, value: Any) -> str:
    file.write_text(value if isinstance(value, str) else json.dumps(value))
    return str(file)


def lost(report: dict[str, Any], name: str) -> list[tuple[int, str, str]]:
    return [
        (version["number"], item["place"], item["what"])
        for prompt in report["prompts"]
        for version in prompt["versions"]
        for item in version["not_carried_over"]
        if prompt["name"] == name
    ]


def test_langfuse_becomes_commits_with_their_origin(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = write(tmp_path / "export.json", {"data": LANGFUSE})
    before = git(folder, "rev-parse", "HEAD")
    assert main(["import", "langfuse", source, "--dry-run", "--into", "prompts/desk"]) == 0
    assert (git(folder, "rev-parse", "HEAD"), git(folder, "status", "--porcelain")) == (before, "")
    capsys.readouterr()
    assert main(["import", "langfuse", source, "--into", "desk", "--provider", "openai", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert git(folder, "log", "--reverse", "--format=%s", f"{before.strip()}..").splitlines() == [
        "Import triage, version 1, from langfuse",
        "Import triage, version 2, from langfuse",
        "Import support/answer, version 1, from langfuse",
    ]
    assert report["commits"] == git(folder, "rev-list", "--reverse", f"{before.strip()}..").split()
    trailers = "%(trailers:key=Original-Author,key=Original-Date,key=Original-Labels,key=Imported-From)"
    assert git(folder, "log", "-1", f"--format={trailers}", report["commits"][0]) == (
        "Imported-From: langfuse triage version 1\nOriginal-Author: ada\nOriginal-Date: 2025-01-02T10:00:00Z\n\n"
    )
    assert "Original-Labels: production" in git(folder, "log", "-1", "--format=%B")
    assert "\nKinder\n" in git(folder, "log", "-1", "--format=%B")
    assert git(folder, "show", f"{report['commits'][0]}:prompts/desk/triage.prompt").endswith("{{> desk/triage}}\n")
    assert git(folder, "status", "--porcelain") == ""
    assert check_folder(folder) == (4, [])
    answer = prompt_file(folder / "prompts" / "desk" / "support" / "answer.prompt")
    assert (answer.model, answer.config) == ("openai/gpt-4o", {"temperature": 0.5})
    assert answer.output_schema == {"type": "object"}
    history = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Yes?"}]
    assert answer.messages({"question": "Where?", "text": "T"}, history=history) == [
        {"role": "system", "content": "Be kind.\nSort kindly: T\n\nEnd."},
        *history,
        {"role": "system", "content": "Old: Sort: T"},
        {"role": "user", "content": "Where?"},
    ]
    assert lost(report, "support/answer") == [
        (1, "labels", "production"),
        (1, "config.top_p", "7"),
        (1, "config.supported_languages", "['en']"),
        (1, "config.api_key", "a secret"),
        (1, "message 2", "placeholder chat_history"),
        (1, "message 3", "role developer"),
        (1, "message 3", "triage (version 1)"),
        (1, "message 5", "an empty message"),
    ]
    everything = git(folder, "log", "-p", "--format=%B")
    assert "sk-very-secret" not in everything + json.dumps(report)
    assert "supported_languages" in everything


def test_nothing_is_replaced_without_force_and_nothing_half_written(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = write(tmp_path / "export.json", LANGFUSE)
    (folder / "prompts" / "triage.prompt").write_text("Mine {{text}}")
    before = git(folder, "rev-parse", "HEAD")
    assert main(["import", "langfuse", source]) == 1
    assert "prompts/triage.prompt" in capsys.readouterr().out
    assert (folder / "prompts" / "triage.prompt").read_text() == "Mine {{text}}"
    assert not (folder / "prompts" / "support").exists()
    assert main(["import", "langfuse", source, "--force"]) == 1  # Git keeps a file that is in no commit
    assert "do not fit onto your files" in capsys.readouterr().err
    assert git(folder, "rev-parse", "HEAD") == before
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "Mine")
    assert main(["import", "langfuse", source, "--force", "--newest"]) == 0
    assert "kindly" in (folder / "prompts" / "_triage.prompt").read_text()
    assert git(folder, "rev-list", "--count", "HEAD").strip() == "4"
    assert main(["import", "langfuse", source]) == 0  # the same again changes nothing
    assert git(folder, "rev-list", "--count", "HEAD").strip() == "4"


def test_outside_of_git_the_newest_versions_are_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "export.jsonl", "\n".join(json.dumps(entry) for entry in LANGFUSE))
    assert main(["import", "langfuse", "export.jsonl", "--report", "report.json"]) == 0
    assert sorted(path.name for path in (tmp_path / "prompts").rglob("*.prompt")) == [
        "_triage.prompt",
        "answer.prompt",
        "triage.prompt",
    ]
    said = capsys.readouterr().out
    assert "triage          1-2" in said
    assert "2 of 2 prompts imported." in said
    assert "naming one (--provider) would set it" in said
    assert json.loads((tmp_path / "report.json").read_text())["written"] is True


@pytest.mark.parametrize(
    ("prompt", "reason"),
    [
        ("@@@langfusePrompt:name=gone|label=production@@@", "which is not in the export"),
        ("<<<dotprompt:role:system>>>", "A message marker is not written out"),
        ("a\x00b", "NUL"),
        ("\ud800", "no"),
    ],
)
def test_a_prompt_that_cannot_be_carried_over_is_named(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], prompt: str, reason: str
) -> None:
    entries = [{"name": "bad", "version": 3, "prompt": prompt}, {"name": "good", "version": 1, "prompt": "Hi"}]
    assert main(["import", "langfuse", write(tmp_path / "e.json", entries), "--json"]) == 1
    report = json.loads(capsys.readouterr().out)
    assert [(item["name"], item["imported"]) for item in report["prompts"]] == [("bad", False), ("good", True)]
    assert reason in report["prompts"][0]["versions"][0]["failure"]
    assert git(folder, "show", "--stat", "--format=", "HEAD").split()[0] == "prompts/good.prompt"


@pytest.mark.parametrize("text", ["", "[]", "{}", "7", '[{"name": 1}]', "{", '{"data": {"name": "x"}}'])
@pytest.mark.parametrize("system", ["langfuse", "mlflow"])
def test_what_is_no_export_is_refused_in_one_line(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], system: str, text: str
) -> None:
    assert main(["import", system, write(tmp_path / "e.json", text)]) == 1
    said = capsys.readouterr()
    assert (said.out, said.err.count("\n")) == ("", 1)
    assert git(folder, "status", "--porcelain") == ""


def test_mlflow_reads_its_own_versions_and_those_of_rest(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chat = [
        {"role": "system", "content": "Be {{ tone }}."},
        {"role": "user", "content": [{"type": "text", "text": "{{ row.question }}"}]},
    ]
    rest = {
        "name": "answer",
        "version": "2",
        "creation_timestamp": 1735812000000,
        "description": "Kinder",
        "user_id": "ada",
        "aliases": ["production"],
        "tags": [
            {"key": "mlflow.prompt.is_prompt", "value": "true"},
            {"key": "mlflow.prompt.text", "value": json.dumps(chat)},
            {"key": "_mlflow_prompt_type", "value": "chat"},
            {
                "key": "_mlflow_prompt_model_config",
                "value": '{"provider": "openai", "model_name": "gpt-4o", "top_p": 0.9}',
            },
            {
                "key": "_mlflow_prompt_response_format",
                "value": '{"type": "object", "properties": {"a": {"type": "string"}}}',
            },
            {"key": "team", "value": "desk"},
        ],
    }
    own = {"name": "answer", "version": 1, "template": "Answer {{question}}", "commit_message": "First", "tags": {}}
    jinja = {"name": "list", "version": 1, "template": "{% for x in rows %}{{ x | upper }}{% endfor %}"}
    source = write(tmp_path / "e.json", {"model_versions": [rest], "prompts": [own, jinja]})
    assert main(["import", "mlflow", source, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    answer = prompt_file(folder / "prompts" / "answer.prompt")
    assert (answer.model, answer.config, answer.output_format) == ("openai/gpt-4o", {"top_p": 0.9}, "json")
    assert answer.messages({"tone": "kind", "row": {"question": "Why?"}}) == [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": "Why?"},
    ]
    assert lost(report, "answer") == [(2, "tags.team", "desk"), (2, "aliases", "production")]
    assert lost(report, "list") == [(1, "template", "| upper")]
    assert "Original-Date: 2025-01-02T10:00:00+00:00" in git(folder, "log", "-1", "--format=%B")


def test_prompty_of_both_formats(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = tmp_path / "prompties"
    (source / "sub").mkdir(parents=True)
    (source / "first.prompty").write_text(
        "---\nname: First\ndescription: Sorts.\nauthors:\n  - Ada\nmodel:\n  api: chat\n  configuration:\n"
        "    type: azure_openai\n    azure_deployment: ${env:DEPLOYMENT}\n    api_key: sk-secret\n  parameters:\n"
        "    max_tokens: 300\n    tools: [1]\nsample:\n  firstName: Jane\n---\n# system:\n"
        "You are kind to {{firstName}}.\n\n{% for item in docs %}\n- {{item.name | upper}}\n{% endfor %}\n"
        '\nuser[name="x"]:\n![pic](https://e.org/a.png) look\n'
    )
    (source / "sub" / "second.prompty").write_text(
        "---\nmodel:\n  id: gpt-4\n  provider: openai\n  options:\n    temperature: 0.3\ninputs:\n  - name: question\n"
        "    kind: string\n    default: Hello\n  - name: conversation\n    kind: thread\n"
        "template:\n  format:\n    kind: mustache\n---\nsystem:\nBe kind.\n\n{{conversation}}\n\nuser:\n{{question}}\n"
    )
    (source / "third.prompty").write_text("---\nname: t\n---\nsystem:\n{% if a and b %}x{% endif %}\n")
    assert main(["import", "prompty", str(source), "--json"]) == 1
    report = json.loads(capsys.readouterr().out)
    first = prompt_file(folder / "prompts" / "first.prompt")
    assert (first.model, first.config, first.description) == (None, {"max_tokens": 300}, "Sorts.")
    messages = first.messages({"firstName": "Jo", "docs": [{"name": "a"}]})
    assert messages[0] == {"role": "system", "content": "You are kind to Jo.\n\n\n- a\n"}
    assert messages[1]["content"][0] == {"type": "image_url", "image_url": {"url": "https://e.org/a.png"}}
    assert {what for _, _, what in lost(report, "first.prompty")} == {
        *("${env:DEPLOYMENT}", "a secret", "[1]", "['Ada']", "| upper")
    }
    second = prompt_file(folder / "prompts" / "sub" / "second.prompt")
    assert second.messages({}, history=[{"role": "user", "content": "Hi"}]) == [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": "Hi"},
        {"role": "user", "content": "Hello"},
    ]
    third = next(item for item in report["prompts"] if item["name"] == "third.prompty")
    assert third["versions"][0]["failure"] == "line 5: the condition `a and b` has no counterpart."
    assert "sk-secret" not in json.dumps(report) + git(folder, "log", "-p")


def test_promptl_with_references_and_chains(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = tmp_path / "latitude"
    (source / "parts").mkdir(parents=True)
    (source / "parts" / "policy.promptl").write_text("Never promise {{ thing }}.")
    (source / "answer.promptl").write_text(
        "---\nprovider: openai\nmodel: gpt-4o\ntemperature: 0.6\nmaxTokens: 50\nmaxSteps: 3\nschema:\n  type: object\n"
        "  properties:\n    a: {type: string}\n---\n"
        '/* a note */\n<prompt path="parts/policy" thing={{ topic }} />\n\n<user>\n'
        "  {{ if vip }}\n    Dear {{ name }},\n"
        "  {{ else }}\n    Hi,\n  {{ endif }}\n  {{ for item, index in items }}\n"
        "    {{ index }}: {{ item }} for {{ name }}\n"
        "  {{ endfor }}\n</user>\n"
    )
    (source / "chain.promptl").write_text(
        '<step as="idea">\n  Find the idea.\n  <user>{{ text }}</user>\n</step>\n<step model="gpt-4o-mini">\n'
        "  Sum up {{ idea }}.\n</step>\n"
    )
    (source / "computed.promptl").write_text("{{ a + b }}")
    assert main(["import", "promptl", str(source), "--json", "--provider", "openai"]) == 1
    report = json.loads(capsys.readouterr().out)
    answer = prompt_file(folder / "prompts" / "answer.prompt")
    assert (answer.model, answer.config) == ("openai/gpt-4o", {"temperature": 0.6, "max_tokens": 50})
    given = {"topic": "a refund", "vip": True, "name": "Ada", "items": ["x", "y"]}
    assert answer.messages(given) == [
        {"role": "system", "content": "Never promise a refund."},
        {"role": "user", "content": "Dear Ada,\n0: x for Ada1: y for Ada"},
    ]
    assert {what for _, _, what in lost(report, "answer.promptl")} == {"3", "a note"}
    second = prompt_file(folder / "prompts" / "chain" / "step-2.prompt")
    assert second.model == "openai/gpt-4o-mini"
    assert second.messages({"idea": "peace"}, history=[{"role": "user", "content": "T"}])[-1] == {
        "role": "system",
        "content": "Sum up peace.",
    }
    assert [what for _, _, what in lost(report, "chain.promptl")] == ["a chain of 2 calls", "the answer 'idea'"]
    computed = next(item for item in report["prompts"] if item["name"] == "computed.promptl")
    assert computed["imported"] is False


Answer = Callable[[str, dict[str, list[str]]], Any]


@pytest.fixture
def other_system() -> Iterator[tuple[str, list[Answer]]]:
    """A server of another system: the address, and a list whose one item answers (path, query)."""
    answers: list[Answer] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            body = json.dumps(answers[0](parts.path, parse_qs(parts.query))).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}", answers
    server.shutdown()
    server.server_close()


def test_the_other_systems_are_asked_themselves(
    folder: Path,
    other_system: tuple[str, list[Answer]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    url, answers = other_system
    monkeypatch.setenv("LANGFUSE_PUBLIC_KEY", "pk")
    monkeypatch.setenv("LANGFUSE_SECRET_KEY", "sk")

    def langfuse(path: str, query: dict[str, list[str]]) -> Any:
        if path.endswith("/prompts"):
            names = {"1": ["triage"], "2": ["support/answer"]}[query["page"][0]]
            versions = {name: [e["version"] for e in LANGFUSE if e["name"] == name] for name in names}
            return {"data": [{"name": n, "versions": v} for n, v in versions.items()], "meta": {"totalPages": 2}}
        name, version = path.rpartition("/prompts/")[2].replace("%2F", "/"), int(query["version"][0])
        assert query["resolve"] == ["false"]
        return next(entry for entry in LANGFUSE if (entry["name"], entry["version"]) == (name, version))

    answers.append(langfuse)
    assert main(["import", "langfuse", url]) == 0, capsys.readouterr().err
    assert git(folder, "rev-list", "--count", "HEAD").strip() == "4"

    def mlflow(path: str, query: dict[str, list[str]]) -> Any:
        if path.endswith("registered-models/search"):
            return {"registered_models": [{"name": "m", "aliases": [{"alias": "live", "version": "1"}]}]}
        tags = [{"key": "mlflow.prompt.text", "value": "Hi {{name}}"}]
        page = {"model_versions": [{"name": "m", "version": "1" if "page_token" not in query else "2", "tags": tags}]}
        return page if "page_token" in query else {**page, "next_page_token": "t"}

    answers[0] = mlflow
    assert main(["import", "mlflow", url, "--into", "m"]) == 0, capsys.readouterr().err
    assert "Original-Labels: live" in git(folder, "log", "-1", "--format=%B")
    answers[0] = lambda path, query: []
    assert main(["import", "mlflow", url]) == 1
    assert os.environ["LANGFUSE_SECRET_KEY"] not in capsys.readouterr().err.split()
