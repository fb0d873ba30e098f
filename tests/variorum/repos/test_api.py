"""Files, commits and differences over HTTP."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from variorum.accounts.models import User

pytestmark = pytest.mark.django_db
BASE = "/api/v1/projects/support-desk"
Client = Callable[..., APIClient]
Save = Callable[..., str]
ADDRESSES = [
    "/files", "/file?path=README.md", "/commits", "/commits/main", "/compare?base=main&head=main", "/check", "/edit",
    "/render",
]  # fmt: skip


def ask(client: APIClient, address: str) -> object:
    posts = ("/check", "/edit", "/render")
    return (
        client.post(BASE + address, {"path": "prompts/triage.prompt", "content": "", "changes": []})
        if address in posts
        else client.get(BASE + address)
    )


@pytest.mark.parametrize("address", ADDRESSES)
def test_strangers_see_nothing(filled: str, api: Client, stranger: User, owner: User, address: str) -> None:
    assert ask(api(), address).status_code == 401
    assert ask(api(stranger), address).status_code == 404
    assert ask(api(owner), address).status_code in (200, 422)


def test_files_with_their_last_change(filled: str, api: Client, owner: User) -> None:
    client = api(owner)
    client.get(BASE + "/files")
    with CaptureQueriesContext(
        connection,
    ) as captured:
        page = client.get(BASE + "/files?ref=main").json()
    assert len(captured) == 5  # session, person, project, membership, repository
    assert (page["commit"], page["next"]) == (filled, None)
    assert [(item["path"], item["kind"], item["name"]) for item in page["items"]] == [
        (".gitattributes", "doc", ".gitattributes"),
        ("README.md", "doc", "README.md"),
        ("configs/limits.schema.json", "schema", "limits"),
        ("configs/limits.yaml", "config", "limits"),
        ("prompts/triage.prompt", "prompt", "triage"),
    ]
    assert page["items"][-1]["changed"]["subject"] == "Add the triage prompt"


def test_a_prompt_says_what_it_is(filled: str, api: Client, owner: User) -> None:
    answer = api(owner).get(BASE + "/file?path=prompts/triage.prompt").json()
    assert (answer["kind"], answer["name"], answer["commit"], answer["problems"]) == ("prompt", "triage", filled, [])
    assert answer["overview"]["model"] == "local/smollm2-135m"
    assert answer["overview"]["variables"] == ["message"]
    assert answer["text"].startswith("---\nmodel")


def test_a_config_comes_with_its_schema(filled: str, api: Client, owner: User) -> None:
    says = api(owner).get(BASE + "/file?path=configs/limits.yaml").json()["overview"]
    assert (says["value"], says["schema"]["type"]) == ({"limit": 3}, "object")


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/file", 400), ("/file?path=nope", 404), ("/file?path=../x", 404), ("/file?path=%00", 400),
        ("/file?path=README.md&ref=nope", 404), ("/files?ref=HEAD~1", 404), ("/commits/0000000", 404),
        ("/commits?cursor=zzz", 400), ("/commits?limit=9999", 400), ("/compare?base=main", 400),
        ("/compare?base=main&head=x", 404), ("/compare?base=main&head=main&context=-1", 400),
        ("/commits?cursor=WyJtYWluIiwwXQ", 400), ("/commits?path=%ff", 200),
    ],
)  # fmt: skip
def test_bad_questions_have_one_answer(filled: str, api: Client, owner: User, address: str, status: int) -> None:
    response = api(owner).get(BASE + address)
    assert response.status_code == status
    assert status == 200 or response.json()["status"] == status


def test_history_in_pages(filled: str, save: Save, api: Client, owner: User) -> None:
    shas = [save({"configs/limits.yaml": f"limit: {i}\n"}) for i in range(10, 15)]
    client, seen, cursor = api(owner), [], ""
    while cursor is not None:
        page = client.get(f"{BASE}/commits?path=configs/limits.yaml&limit=2&cursor={cursor}").json()
        seen += [item["sha"] for item in page["items"]]
        cursor = page["next"]
        save({"README.md": f"more {len(seen)}"})  # later commits do not shift the pages
    assert seen == [*reversed(shas), filled]


def test_a_commit_and_a_comparison(filled: str, save: Save, api: Client, owner: User) -> None:
    later = save({"configs/limits.yaml": "limit: 4\n"}, message="Raise the limit")
    commit = api(owner).get(f"{BASE}/commits/{later[:9]}").json()
    (file,) = commit["files"]
    assert (commit["subject"], file["path"], file["status"], file["kind"]) == (
        "Raise the limit", "configs/limits.yaml", "modified", "config",
    )  # fmt: skip
    assert [(line["kind"], line["text"]) for line in file["hunks"][0]["lines"]] == [
        ("removed", "limit: 3"),
        ("added", "limit: 4"),
    ]
    compared = api(owner).get(f"{BASE}/compare?base={filled}&head=main").json()
    assert (compared["merge_base"], compared["files"]) == (filled, commit["files"])
    first = api(owner).get(f"{BASE}/commits/{filled}").json()["parents"][0]
    root = api(owner).get(f"{BASE}/commits/{first}").json()
    assert [file["status"] for file in root["files"]] == ["added", "added"]


def test_checking_as_one_types(filled: str, api: Client, owner: User) -> None:
    def check(path: str, content: str) -> dict[str, object]:
        answer: dict[str, object] = api(owner).post(BASE + "/check", {"path": path, "content": content}).json()
        return answer

    assert check("configs/limits.yaml", "limit: 5")["problems"] == []
    (problem,) = check("configs/limits.yaml", "a: 1\nlimit: 5")["problems"]
    assert (problem["line"], problem["code"]) == (1, "schema_unknown")
    assert check("prompts/new.prompt", "Hello {{name}}")["overview"]["variables"] == ["name"]


def test_rendering(filled: str, api: Client, owner: User) -> None:
    def render(**body: object) -> APIClient:
        return api(owner).post(BASE + "/render", {"path": "prompts/triage.prompt", **body})

    answer = render(variables={"message": "My card is gone"}).json()
    assert [(message["role"], message["content"].strip()) for message in answer["messages"]] == [
        ("system", "Sort the message."),
        ("user", "My card is gone"),
    ]
    missing = render(variables={})
    assert (missing.status_code, missing.json()["errors"][0]["where"]) == (422, "message")
    broken = render(source="---\nmodel: [\n---\n")
    assert (broken.status_code, broken.json()["code"]) == (422, "bad_files")
    assert render(source="Plain").json()["messages"] == [{"role": "user", "content": "Plain"}]
    assert render(path="README.md").status_code == 404
    assert render(variables=[1]).status_code == 400


def test_settings_are_edited_in_place(filled: str, api: Client, owner: User) -> None:
    source = "---\nmodel: local/a  # ours\nconfig:\n  temperature: 1\n---\nHi"
    changes = [{"key": ["config", "temperature"], "value": 0.2}, {"key": ["model"], "value": "local/b"}]
    body = {"path": "prompts/x.prompt", "content": source, "changes": changes}
    answer = api(owner).post(BASE + "/edit", body).json()
    assert "temperature: 0.2" in answer["content"]
    assert "model: local/b" in answer["content"]
    assert (answer["problems"], answer["overview"]["config"]) == ([], {"temperature": 0.2})
    broken = api(owner).post(BASE + "/edit", {**body, "content": "---\nmodel: [\n---\n"})
    assert (broken.status_code, broken.json()["code"]) == (422, "bad_files")


def test_texts_come_with_a_difference_when_asked_for(filled: str, save: Save, api: Client, owner: User) -> None:
    save({"configs/limits.yaml": "limit: 4\n", "README.md": None})
    files = api(owner).get(f"{BASE}/compare?base={filled}&head=main&texts=1").json()["files"]
    assert [(file["path"], file["old_text"] is None, file["new_text"]) for file in files] == [
        ("README.md", False, None),
        ("configs/limits.yaml", False, "limit: 4\n"),
    ]
