"""Prompts of other systems over HTTP: what would come is shown first, then it comes as a draft, or nothing does."""

import json
from typing import Any

import pytest

from variorum.drafts import importing
from variorum.drafts.models import Draft
from variorum.events.models import Notice
from variorum.repos import queries

pytestmark = pytest.mark.django_db
ANSWER = {"name": "answer", "type": "text", "labels": [], "tags": ["@mia"], "config": {"model": "gpt-4o"}}
EXPORT = [
    {**ANSWER, "version": 1, "prompt": "Answer {{question}}.", "createdAt": "2025-01-02T10:00:00Z"},
    {**ANSWER, "version": 2, "prompt": "Answer {{question}} kindly.", "createdAt": "2025-01-03T10:00:00Z"},
    {"name": "broken", "version": 1, "type": "chat", "prompt": [{"role": "user", "content": 7}]},
]


def given(system: str = "langfuse", files: dict[str, str] | None = None, **more: Any) -> dict[str, Any]:
    files = {"prompts.json": json.dumps(EXPORT)} if files is None else files
    return {"system": system, "files": [{"path": path, "text": text} for path, text in files.items()], **more}


def preview(team: Any, name: str = "eddie", **body: Any) -> Any:
    return team.post(name, "/prompt-imports/preview", **body)


def test_an_import_is_looked_at_and_becomes_a_draft(team: Any) -> None:
    main = team.main()
    shown = preview(team, **given(into="support", provider="openai")).json()
    answer, broken = shown["prompts"]
    assert (answer["name"], answer["imported"], answer["files"]) == ("answer", True, ["prompts/support/answer.prompt"])
    assert [version["number"] for version in answer["versions"]] == [1, 2]
    assert [lost["what"] for lost in answer["versions"][0]["not_carried_over"]] == ["['@mia']"]
    assert (broken["imported"], broken["versions"][0]["failure"]) == (
        False, "message 1 has a content that is no text.",
    )  # fmt: skip
    assert (shown["commits"], shown["in_the_way"]) == (2, [])
    assert [file["path"] for file in shown["files"]] == ["prompts/support/answer.prompt"]
    assert not Draft.objects.filter(project=team.project).exists()

    draft = team.post("eddie", "/prompt-imports", **given(into="support", provider="openai")).json()
    assert (draft["title"], draft["state"], draft["author_name"]) == ("Import prompts from Langfuse", "open", "Eddie")
    assert team.text("prompts/support/answer.prompt", draft["head_commit"]) == shown["files"][0]["text"]
    commits = [queries.commit_info(team.project, draft["head_commit"])]
    commits.append(queries.commit_info(team.project, commits[0].parents[0]))
    assert [commit.subject for commit in commits] == [
        "Import answer, version 2, from langfuse", "Import answer, version 1, from langfuse",
    ]  # fmt: skip
    assert (list(commits[1].parents), team.main()) == ([main], main)
    assert "`broken`, version 1: `message 1 has a content that is no text.`" in draft["description"]
    assert not Notice.objects.filter(kind="mention").exists()  # the other system's texts call nobody

    team.approve("mia", draft)
    assert team.merge("mia", draft).status_code == 200
    again = team.post("eddie", "/prompt-imports", **given(into="support", provider="openai"))
    assert (again.status_code, again.json()["code"]) == (409, "nothing_to_import")


def test_a_file_with_another_text_is_replaced_only_when_asked(team: Any) -> None:
    body = given(files={"triage.json": json.dumps({**ANSWER, "name": "triage", "version": 3, "prompt": "Sort {{x}}."})})
    assert preview(team, **body).json()["in_the_way"] == ["prompts/triage.prompt"]
    refused = team.post("eddie", "/prompt-imports", **body)
    assert (refused.status_code, refused.json()["code"], refused.json()["paths"]) == (
        409, "files_in_the_way", ["prompts/triage.prompt"],
    )  # fmt: skip
    assert not Draft.objects.filter(project=team.project).exists()
    draft = team.post("eddie", "/prompt-imports", **body, replace=True).json()
    assert draft["paths"] == ["prompts/triage.prompt"]


@pytest.mark.parametrize(
    ("system", "files"),
    [
        ("mlflow", {"v.json": json.dumps({"name": "greet", "version": 1, "template": "Greet {{ name }}."})}),
        ("prompty", {"a/greet.prompty": "---\nname: greet\n---\nsystem:\nGreet {{name}}.\n", "a/README.md": "No."}),
        ("promptl", {"greet.promptl": "Greet {{ name }}.", "sub/other.promptl": "Be kind.\n"}),
    ],
)
def test_every_system_can_be_looked_at(team: Any, system: str, files: dict[str, str]) -> None:
    shown = preview(team, **given(system, files)).json()
    assert [prompt["imported"] for prompt in shown["prompts"]] == [True] * len(shown["prompts"])
    assert shown["commits"] == len(shown["prompts"]) == len(shown["files"])


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (given(files={"a.json": "{"}), 422, "bad_import"),
        (given(files={"a.json": '{"name": "a"}'}), 422, "bad_import"),
        (given("prompty", {"a.txt": "Hello"}), 422, "bad_import"),
        (given(into="../out"), 422, "bad_import"),
        (given(files={}), 400, "invalid"),
        (given("other"), 400, "invalid"),
        (given(files={"a.json": "x" * (importing.MAX_BYTES + 1)}), 422, "import_too_large"),
        (given("promptl", {f"{at}.promptl": "x" for at in range(importing.MAX_FILES + 1)}), 422, "import_too_large"),
    ],
)
def test_what_cannot_be_read_is_one_clear_refusal(team: Any, body: Any, status: int, code: str) -> None:
    for path in ("/prompt-imports/preview", "/prompt-imports"):
        answer = team.post("eddie", path, **body)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert not Draft.objects.filter(project=team.project).exists()


def test_half_a_character_in_an_export_breaks_nothing(team: Any) -> None:
    half = {**ANSWER, "version": 1, "name": "b\x00\ud800", "prompt": "\udc00", "commitMessage": "\ud800"}
    text = json.dumps([{**ANSWER, "version": 1, "prompt": "Hi", "commitMessage": "\ud800"}, half])
    assert [prompt["imported"] for prompt in preview(team, **given(files={"a.json": text})).json()["prompts"]] == [
        True, False,
    ]  # fmt: skip
    assert team.post("eddie", "/prompt-imports", **given(files={"a.json": text})).status_code == 201


def test_who_may_not_write_does_not_import(team: Any, stranger: Any) -> None:
    for path in ("/prompt-imports/preview", "/prompt-imports"):
        assert team.post("vera", path, **given()).status_code == 403
        assert team.api(stranger).post(f"/api/v1/projects/support-desk{path}", given()).status_code == 404
    assert not Draft.objects.filter(project=team.project).exists()
