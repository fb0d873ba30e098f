"""Who is looking, on every open page within a second, and only while they are."""

import json
import threading
import uuid
from datetime import timedelta
from typing import Any

import httpx
import pytest
from django.utils import timezone

from variorum.accounts.models import Membership
from variorum.drafts.models import Presence
from variorum.drafts.together import presence

AT = "/drafts/1/presence"


def _page() -> str:
    return str(uuid.uuid4())


@pytest.mark.django_db
def test_pages_are_seen_until_they_leave_or_fall_silent(team: Any, draft: Any) -> None:
    olga, vera = _page(), _page()
    team.post("olga", AT, page=olga, tab="edit", path="prompts/triage.prompt", doing="writing")
    items = team.post("vera", AT, page=vera, tab="changes").json()["items"]
    assert [(one["user"]["name"], one["tab"], one["path"], one["doing"]) for one in items] == [
        ("Olga", "edit", "prompts/triage.prompt", "writing"),
        ("Vera", "changes", "", ""),
    ]
    team.post("eddie", AT, page=olga, left=True)  # not his page
    assert len(team.get("eddie", AT).json()["items"]) == 2
    team.post("olga", AT, page=olga, left=True)
    assert [one["page"] for one in team.get("eddie", AT).json()["items"]] == [vera]
    Presence.objects.update(seen_at=timezone.now() - presence.EXPIRY)
    assert team.get("eddie", AT).json()["items"] == []
    Presence.objects.update(seen_at=timezone.now() - timedelta(hours=1))
    assert presence.forget_old() == 1


@pytest.mark.django_db
def test_only_people_are_present(team: Any, draft: Any, make_key: Any, api: Any) -> None:
    answer = api(key=make_key("write")).post("/api/v1/projects/support-desk/drafts/1/presence", {"page": _page()})
    assert (answer.status_code, answer.json()["code"]) == (403, "person_needed")
    for wrong in (
        {"page": "x"},
        {"page": _page(), "doing": "sleeping"},
        {"page": _page(), "cursor": {"a": "x" * 2000}},
    ):
        assert team.post("vera", AT, **wrong).status_code == 400


@pytest.mark.django_db(transaction=True)
def test_pages_that_follow_the_draft_hear_of_it_and_lose_the_stream_with_their_membership(
    web: str, team: Any, draft: Any, editor: Any, make_key: Any
) -> None:
    token = make_key("read")
    heard: dict[str, list[Any]] = {"": [], "?topic=drafts/1": []}
    ready = threading.Barrier(3)

    def listen(query: str) -> None:
        headers = {"Authorization": f"Bearer {token}", "Accept": "text/event-stream"}
        address = f"{web}/api/v1/projects/support-desk/stream{query}"
        with httpx.Client(timeout=20) as client, client.stream("GET", address, headers=headers) as answer:
            lines = answer.iter_lines()
            next(lines)
            ready.wait(60)
            heard[query] += [json.loads(line[6:]) for line in lines if line.startswith("data: ")]

    threads = [threading.Thread(target=listen, args=(query,)) for query in heard]
    for thread in threads:
        thread.start()
    ready.wait(60)
    eddie = editor("eddie")
    update = eddie.edit("Be short.", "Be brief.")
    eddie.send(update)
    mia = editor("mia")
    for old, new in (("brief", "quick"), ("quick", "swift")):  # her first words since the last save are news, once
        mia.send(mia.edit(old, new))
    team.post("mia", AT, page=_page(), tab="edit", doing="writing")
    membership = Membership.objects.get(project=team.project, user=team.people["olga"])
    assert membership.role == "owner"
    Membership.objects.filter(pk=membership.pk).delete()  # the key's maker; then news that members changed
    from variorum.events import live

    live.publish(team.project.pk, "member.removed", ("member", "1"))
    for thread in threads:
        thread.join(10)
        assert not thread.is_alive()  # the stream has ended
    assert [news["kind"] for news in heard[""]] == ["member.removed"]
    kinds = [news["kind"] for news in heard["?topic=drafts/1"]]
    assert kinds == [
        *("text.changed", "text.progress"),
        *("text.progress", "text.changed", "text.progress"),
        *("presence.progress", "member.removed"),
    ]
    sent = heard["?topic=drafts/1"][1]["data"]
    assert (sent["seq"], sent["text"]) == (1, eddie.id)
    assert heard["?topic=drafts/1"][-2]["data"]["user"]["name"] == "Mia"
