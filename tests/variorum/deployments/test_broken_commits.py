"""History may hold a commit whose files do not parse (its author mended them in the next one, and pushed both): every
address that takes a commit answers for it, plainly, and nothing of it goes live."""

from typing import Any

import pytest

from variorum.accounts.models import Project, User
from variorum.repos import git, places
from variorum.repos.services import ensure_repository

pytestmark = pytest.mark.django_db(transaction=True)
BASE = "/api/v1/projects/support-desk"
PROMPT, CONFIG, ADAPTER = "prompts/triage.prompt", "configs/limits.yaml", "adapters/tone/adapter_config.json"
GOOD = {PROMPT: b"---\nmodel: local/smollm2-135m\n---\nHello {{name}}\n", CONFIG: b"limit: 3\n"}
BROKEN = {
    "bad front matter": {PROMPT: b"---\nmodel: [\n---\nHello {{#if}\n", CONFIG: b"a: [\n"},
    "front matter of another kind": {PROMPT: b"---\n- 1\n---\n{{/if}}\n", CONFIG: b"- &a [*a]\n"},
    "no text": {PROMPT: b"\xff\xfe\x00\x01", CONFIG: b"\x00\xff"},
    "half an adapter": {PROMPT: b"---\nvariorum:\n  adapter: adapters/tone\n---\nHi\n", ADAPTER: b"{not json"},
    "everything gone": dict.fromkeys(GOOD),
}


@pytest.fixture(params=BROKEN)
def commits(request: Any, project: Project) -> tuple[str, str, str]:
    """Three commits of main: good, broken, good again."""
    ensure_repository(project)
    path, ann = places.path_of(project), git.Author("Ann", "ann@example.org")
    made = []
    for files in (GOOD, BROKEN[request.param], {ADAPTER: None, **GOOD}):
        head = git.head(path)
        there = {entry.path for entry in git.list_tree(path, str(head))}
        change = {name: data for name, data in files.items() if data is not None or name in there}
        made.append(git.commit(path, "main", change, message="Change", author=ann, expected_head=head))
    return made[0], made[1], made[2]


def test_every_address_answers_for_a_broken_commit(
    commits: tuple[str, str, str], project: Project, owner: User, api: Any
) -> None:
    before, broken, after = commits
    client = api(owner)
    client.raise_request_exception = False
    asked = [f"/files?ref={broken}", f"/commits?ref={broken}", f"/commits/{broken}", f"/commits/{broken}/revert"]
    asked.append(f"/environments/dev/preview?commit={broken}")
    for path in (PROMPT, CONFIG, ADAPTER):
        at = f"path={path}&ref={broken}"
        asked += [f"/file?{at}", f"/commits?{at}", f"/blame?{at}", f"/message-history?{at}&message=1"]
        for base, head in ((before, broken), (broken, after), (broken, broken)):
            asked.append(f"/comparison?base={base}&head={head}&path={path}")
        asked.append(f"/comparison?head={broken}&path={path}")
    for base, head in ((before, broken), (broken, after)):
        asked.append(f"/compare?base={base}&head={head}&texts=1&comparisons=1")
    answers = {address: client.get(f"{BASE}{address}") for address in asked}
    render = {"path": PROMPT, "ref": broken, "variables": {}}
    answers["render"] = client.post(f"{BASE}/render", render, format="json")
    answers["tag"] = client.post(f"{BASE}/tags", {"name": "v1", "commit": broken}, format="json")
    answers["deploy"] = client.post(f"{BASE}/environments/dev/deployments", {"commit": broken}, format="json")
    answers["draft"] = client.post(f"{BASE}/drafts", {"title": "On it", "base": broken}, format="json")
    answers["revert"] = client.post(f"{BASE}/commits/{broken}/revert", {}, format="json")
    for address, answer in answers.items():
        assert answer.status_code < 500, (address, answer.content)
        assert answer.status_code < 400 or answer.json()["code"], (address, answer.content)
    both = f"/compare?base={before}&head={broken}&texts=1&comparisons=1"
    assert {answers[address].status_code for address in (f"/files?ref={broken}", f"/commits/{broken}", both)} == {200}
    deployed = answers["deploy"]
    if answers[f"/files?ref={broken}"].json()["items"][-1]["path"].startswith("prompts/"):
        assert (deployed.status_code, deployed.json()["code"]) == (422, "bad_files")
        assert deployed.json()["errors"][0]["where"].startswith(("prompts/", "configs/", "adapters/"))
    assert client.post(f"{BASE}/environments/dev/deployments", {"commit": after}, format="json").status_code == 201
