"""Search over HTTP: what is found, in which order, by whom, and with how many queries."""

from typing import Any

import pytest

from variorum.accounts.access import Actor
from variorum.accounts.models import Project, User
from variorum.datasets.models import Dataset
from variorum.drafts.models import Draft
from variorum.jobs.models import Job
from variorum.repos import queries
from variorum.repos import services as repos
from variorum.repos.tags import create_tag

pytestmark = pytest.mark.django_db
URL = "/api/v1/projects/support-desk/search"
TRIAGE = "---\ndescription: >\n  Sorts what\n  customers write\nmodel: local/small\n---\nSort it: {{message}}\n"
LIMITS = "description: How much a day\ndaily: 3\n"


@pytest.fixture
def full(project: Project, actor: Actor, owner: User) -> Project:
    """A project with one of nearly everything."""
    repos.ensure_repository(project)
    files: dict[str, Any] = {"prompts/triage.prompt": TRIAGE.encode(), "configs/limits.yaml": LIMITS.encode()}
    repos.commit_files(
        project=project,
        actor=actor,
        ref="main",
        expected_head=queries.head(project),
        files=files,
        message="Begin",
    )
    create_tag(project=project, actor=actor, name="v1", notes="The first triage")
    draft(project, 1, "Ask before refunds", description="Customers of the triage were angry")
    draft(project, 2, "Größere Tabellen (neu)")
    draft(project, 12, "Shorter answers")
    Dataset.objects.create(project=project, slug="messages", name="Customer messages", description="From triage")
    Job.objects.create(project=project, number=7, kind="evaluation", title="Triage, first suite")
    return project


def draft(project: Project, number: int, title: str, **more: Any) -> Draft:
    fixed = {"author_name": "Ada", "branch": f"drafts/{number}", "base_commit": "a" * 40, "head_commit": "b" * 40}
    return Draft.objects.create(project=project, number=number, title=title, **fixed, **more)


def found(client: Any, typed: str, **more: Any) -> list[tuple[str, str]]:
    items = client.get(URL, {"q": typed, **more}).json()["items"]
    return [(item["kind"], item["key"]) for item in items]


@pytest.mark.parametrize(
    ("typed", "kinds"),
    [
        ("TRIAGE", [("prompt", "triage"), ("job", "7"), ("dataset", "messages"), ("draft", "1"), ("tag", "v1")]),
        ("tri", [("prompt", "triage"), ("job", "7"), ("dataset", "messages"), ("draft", "1"), ("tag", "v1")]),
        ("iage", []),
        ("customers write", [("prompt", "triage")]),
        ("how much", [("config", "limits")]),
        ("größ", [("draft", "2")]),
        ("GRÖSSERE", []),
        ("tabellen (neu", [("draft", "2")]),
        ("neu", [("draft", "2")]),
        ("#12", [("draft", "12")]),
        ("12", [("draft", "12")]),
        ("99999999999999999999", []),
        (".*", []),
        ("[", []),
        ("\\", []),
        ("ada refunds", [("draft", "1")]),
        ("@olga", [("person", "")]),
        ("evaluation", [("job", "7")]),
    ],
)
def test_every_word_begins_a_word(
    full: Project, owner: User, api: Any, typed: str, kinds: list[tuple[str, str]]
) -> None:
    known = [(kind, key or str(owner.pk)) for kind, key in kinds]
    assert found(api(owner), typed) == known


def test_an_item_leads_to_its_page(full: Project, owner: User, api: Any) -> None:
    [item] = api(owner).get(URL, {"q": "customers write"}).json()["items"]
    assert item == {
        "kind": "prompt",
        "key": "triage",
        "title": "prompts/triage.prompt",
        "detail": "Sorts what customers write",
        "url": "/p/support-desk/files/prompts/triage.prompt",
        "at": None,
    }


def test_the_whole_title_comes_first_and_new_before_old(full: Project, owner: User, api: Any) -> None:
    for number in range(20, 90):
        draft(full, number, f"Refunds, part {number}")
    draft(full, 13, "Refunds")
    keys = [key for _, key in found(api(owner), "refunds", limit=50)]
    assert (keys[:3], len(keys)) == (["13", "89", "88"], 50)


def test_with_nothing_typed_it_is_what_changed_last(full: Project, owner: User, api: Any) -> None:
    Draft.objects.filter(number=2).update(updated_at="2999-01-01T00:00Z")
    first = found(api(owner), "", limit=2)
    assert (first[0], len(first)) == (("draft", "2"), 2)


@pytest.mark.parametrize("given", [{"q": "a" * 201}, {"q": "a\0b"}, {"limit": "0"}, {"limit": "51"}, {"limit": "x"}])
def test_a_bad_question_is_one_clear_answer(full: Project, owner: User, api: Any, given: dict[str, str]) -> None:
    answer = api(owner).get(URL, given)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")


def test_it_costs_the_same_for_much(full: Project, owner: User, api: Any, django_assert_num_queries: Any) -> None:
    client = api(owner)
    client.get(URL, {"q": "tri"})
    for number in range(100, 160):
        draft(full, number, f"Triage {number}")
        Job.objects.create(project=full, number=number, kind="fine_tune", title=f"Triage {number}")
        Dataset.objects.create(project=full, slug=f"triage-{number}", name=f"Triage {number}")
    with django_assert_num_queries(10):  # who asks and may (4), the repository, five kinds of rows
        assert len(found(client, "tri", limit=50)) == 50


def test_nothing_of_another_project_and_nobody_else_looks(
    full: Project, owner: User, make_user: Any, member: Any, api: Any
) -> None:
    other = Project.objects.create(name="Other", slug="other")
    draft(other, 5, "Triage elsewhere")
    assert ("draft", "5") not in found(api(owner), "triage")
    assert found(api(member("viewer")), "refunds") == [("draft", "1")]
    answer = api(make_user("stranger-to-it")).get(URL, {"q": "refunds"})
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
