"""The live stream: who may listen, what arrives, and what happens when something goes away."""

import asyncio
import json
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

import httpx
import pytest
from django.db import connection

from variorum.accounts.models import Membership
from variorum.events import live, stream
from variorum.events.services import record
from variorum.lib import asgi
from variorum.lib.listener import APPLICATION

PATH = "/api/v1/projects/support-desk/stream"


@contextmanager
def _listening(web: str, token: str, **headers: str) -> Iterator[Iterator[str]]:
    """The lines of an open stream; its first line has come."""
    sent = {"Authorization": f"Bearer {token}", "Accept": "text/event-stream", **headers}  # as an EventSource does
    with httpx.Client(timeout=10) as client, client.stream("GET", f"{web}{PATH}", headers=sent) as answer:
        assert (answer.status_code, answer.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
        lines = answer.iter_lines()
        assert next(lines) == "retry: 2000"
        yield lines


def _next(lines: Iterator[str]) -> dict[str, object]:
    return json.loads(next(line for line in lines if line.startswith("data: ")).removeprefix("data: "))


@pytest.fixture
def token(transactional_db, make_key):
    return make_key("read")


def test_an_event_reaches_the_pages_of_its_project_alone(web, token, project, actor, make_user):
    from variorum.accounts.services import create_project

    other = create_project(owner=make_user("otto"), name="Other")
    with _listening(web, token) as lines, _listening(web, token) as second:
        record(project=other, actor=actor, kind="draft.opened", subject=("draft", "1"))
        record(project=project, actor=actor, kind="draft.merged", subject=("draft", "7"), data={"secret": "stays"})
        live.publish(project.pk, "job.progress", ("job", "3"), {"done": 5, "line": "two\nlines \u2028"})
        expected = {"kind": "draft.merged", "subject": {"kind": "draft", "id": "7"}, "data": {"actor": "Olga"}}
        assert _next(lines) == _next(second) == expected
        assert _next(lines)["data"] == {"done": 5, "line": "two\nlines \u2028"}


def test_a_page_that_comes_back_is_told_to_ask_again(web, token):
    with _listening(web, token, **{"Last-Event-ID": "3"}) as lines:
        assert _next(lines)["kind"] == "resync"


def test_who_may_not_listen_gets_the_ordinary_answer(web, token, make_key, stranger, api):
    narrow = make_key("runtime")
    for headers, status, code in (
        ({}, 401, "unauthenticated"),
        ({"Authorization": "Bearer vk_x"}, 401, "unknown_key"),
        ({"Authorization": f"Bearer {narrow}"}, 403, "scope_missing"),
    ):
        answer = httpx.get(f"{web}{PATH}", headers={"Accept": "text/event-stream", **headers})
        assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert answer.headers["content-type"] == "application/problem+json"
    assert (
        httpx.get(f"{web}/api/v1/projects/nowhere/stream", headers={"Authorization": f"Bearer {token}"}).status_code
        == 404
    )
    assert httpx.post(f"{web}{PATH}", headers={"Authorization": f"Bearer {token}"}).status_code == 405
    assert api(stranger).get(PATH).status_code == 404


def test_a_signed_in_browser_listens_by_its_cookie(web, owner, project, actor, transactional_db):
    from tests.live import Browser

    browser = Browser.sign_in(web, owner.email)
    with closing(browser.client), browser.client.stream("GET", "/projects/support-desk/stream") as answer:
        lines = answer.iter_lines()
        assert next(lines) == "retry: 2000"
        record(project=project, actor=actor, kind="draft.opened", subject=("draft", "1"))
        assert _next(lines)["kind"] == "draft.opened"


def test_pages_are_told_when_the_listening_connection_was_cut(web, token):
    with _listening(web, token) as lines:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND application_name = %s",
                [APPLICATION],
            )
            assert cursor.fetchall() == [(True,)]
        assert [_next(lines)["kind"], _next(lines)["kind"]] == ["resync", "resync"]


def test_a_plain_wsgi_server_makes_the_page_poll(project, owner, api):
    answer = api(owner).get(PATH)
    assert (answer.status_code, answer["content-type"]) == (200, "text/event-stream")
    assert answer.content.startswith(b"retry: 5000\n")
    assert b"resync" in answer.content


class Page:
    """A page without a network: an ASGI caller of `stream.serve`."""

    def __init__(self, hub: stream.Hub, grants: list[int]) -> None:
        self.hub, self.grants = hub, grants
        self.sent: list[bytes] = []
        self.gone = asyncio.Event()
        self.stuck = asyncio.Event()
        self.stuck.set()

    async def authorise(self, scope, receive, send):
        """What Django would do."""
        if self.grants:
            scope[asgi.GRANT] = self.grants.pop()
            await send({"type": "http.response.start", "status": 200})
        else:
            await send({"type": "http.response.start", "status": 403})

    async def receive(self):
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message):
        await self.stuck.wait()
        self.sent.append(message.get("body", b""))

    def open(self) -> "asyncio.Task[None]":
        scope = {"headers": [], "type": "http"}
        serve = stream.serve(scope, self.receive, self.send, hub=self.hub, authorise=self.authorise)
        return asyncio.ensure_future(serve)


NEWS = {"project": 1, "kind": "x", "subject": {"kind": "", "id": ""}, "data": {}}


async def _soon(condition, seconds: float = 5) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


async def test_a_page_that_leaves_is_forgotten():
    page = Page(stream.Hub(), [1])
    task = page.open()
    await _soon(lambda: len(page.hub) == 1)
    page.gone.set()
    await asyncio.wait_for(task, 60)
    assert (len(page.hub), page.hub._pages) == (0, {})


async def test_one_project_leaves_room_for_the_pages_of_others(monkeypatch):
    monkeypatch.setattr(stream, "MOST_A_PROJECT", 2)
    hub = stream.Hub()
    tasks = [Page(hub, [1]).open() for _ in range(2)]
    await _soon(lambda: len(hub) == 2)
    refused = Page(hub, [1])
    await refused.open()
    assert b"too many open pages" in b"".join(refused.sent)
    tasks.append(Page(hub, [2]).open())
    await _soon(lambda: len(hub) == 3)
    hub.shut()
    await asyncio.wait_for(asyncio.gather(*tasks), 60)


async def test_a_page_that_does_not_keep_up_is_dropped(monkeypatch):
    monkeypatch.setattr(stream, "QUEUE", 10)
    hub = stream.Hub()
    slow, quick = Page(hub, [1]), Page(hub, [1])
    tasks = [slow.open(), quick.open()]
    await _soon(lambda: len(hub) == 2)
    slow.stuck.clear()
    for _ in range(30):
        hub.publish(NEWS)
        await asyncio.sleep(0)
        await _soon(lambda: next(iter(hub._pages[1])).queue.qsize() <= 10)
        await asyncio.sleep(0.005)
    await asyncio.wait_for(tasks[0], 60)
    assert (len(hub), tasks[1].done()) == (1, False)
    await _soon(lambda: b"".join(quick.sent).count(b"data: ") == 30)
    hub.shut()
    await asyncio.wait_for(tasks[1], 60)
    refused = Page(hub, [1])
    await refused.open()
    assert b"unavailable" in b"".join(refused.sent)


async def test_heartbeats_keep_the_line_open_and_lost_access_closes_it(monkeypatch):
    monkeypatch.setattr(stream, "HEARTBEAT", 0.05)
    monkeypatch.setattr(stream, "RECHECK", 0.3)
    page = Page(stream.Hub(), [1, 1])  # granted twice, then no more
    task = page.open()
    await asyncio.wait_for(task, 60)
    assert page.sent.count(stream.BEAT) >= 3
    assert page.grants == []


def test_members_lose_the_stream_with_their_membership(project, owner, api, member):
    person = member("viewer")
    client = api(person)
    assert client.get(PATH).status_code == 200
    Membership.objects.filter(user=person).delete()
    assert client.get(PATH).status_code == 404
