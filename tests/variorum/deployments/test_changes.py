"""The change stream: what is served now, told within a second of a change, ended with its key, bounded."""

import asyncio
import hashlib
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from django.db import connection
from django.utils import timezone

from variorum.accounts.models import ApiKey
from variorum.accounts.services import revoke_api_key
from variorum.deployments import changes, services, tickets
from variorum.deployments.changes import Changes
from variorum.lib.crypto import token_hash
from variorum.lib.listener import APPLICATION

PATH = "/api/v1/runtime/dev/stream"


@pytest.fixture
def token(transactional_db, make_key):
    return make_key("runtime", environments=["dev"])


@pytest.fixture
def live(transactional_db, save, dev, actor):
    """A deployment in dev."""
    return services.deploy(environment=dev, commit=save("1"), actor=actor)


@contextmanager
def _listening(web: str, path: str = PATH, **headers: str) -> Iterator[Iterator[str]]:
    """The lines of an open stream; its first line has come."""
    with httpx.Client(timeout=20) as client, client.stream("GET", f"{web}{path}", headers=headers) as answer:
        assert (answer.status_code, answer.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
        lines = answer.iter_lines()
        assert (next(lines), next(lines)) == ("retry: 2000", "")
        yield lines


def _next(lines: Iterator[str]) -> dict[str, Any]:
    """The fields of the next event, its data parsed."""
    found: dict[str, Any] = {}
    for line in lines:
        if not line and found:
            return {**found, "data": json.loads(found["data"])}
        if line and not line.startswith(":"):
            name, _, value = line.partition(": ")
            found[name] = value
    raise AssertionError("the stream ended")


def _told(made: Any) -> dict[str, Any]:
    data = {"etag": f'"{made.bundle.hash}"', "commit": made.commit}
    return {"event": "bundle", "id": made.bundle.hash, "data": data}


def test_what_is_served_is_told_at_once_and_at_each_change(web, live, token, save, dev, actor):
    bearer = {"Authorization": f"Bearer {token}"}
    with _listening(web, **bearer) as lines, _listening(web, f"{PATH[:-6]}ofrep/v1/stream", **bearer) as theirs:
        assert _next(lines) == _told(live)
        assert _next(theirs)["data"] == {"type": "refetchEvaluation", "etag": live.bundle.hash}
        took = []
        for mark in "23":
            made = services.deploy(environment=dev, commit=save(mark), actor=actor)
            began = time.monotonic()
            assert _next(lines) == _told(made)
            took.append(time.monotonic() - began)
            assert _next(theirs) == {
                "id": made.bundle.hash,
                "data": {"type": "refetchEvaluation", "etag": made.bundle.hash},
            }
        assert min(took) < 1
    with _listening(web, **bearer, **{"Last-Event-ID": made.bundle.hash}) as lines:
        back = services.roll_back(environment=dev, actor=actor, to=live)  # nothing is told before it
        assert _next(lines) == _told(back)


def test_a_revoked_and_an_expired_key_end_the_stream(web, live, token, make_key, actor):
    ends = timezone.now() + timedelta(seconds=2)
    short = make_key("runtime", expires_at=ends)
    with (
        _listening(web, Authorization=f"Bearer {token}") as lines,
        _listening(web, Authorization=f"Bearer {short}") as brief,
    ):
        assert _next(lines) == _next(brief) == _told(live)
        revoke_api_key(key=ApiKey.objects.get(token_hash=token_hash(token)), actor=actor)
        began = time.monotonic()
        assert list(lines) == []
        assert time.monotonic() - began < 10  # at once; the next heartbeat would come after 15 s
        assert [line for line in brief if line.startswith("data")] == []
        assert timezone.now() >= ends
    answer = httpx.get(f"{web}{PATH}", headers={"Authorization": f"Bearer {token}"})
    assert (answer.status_code, answer.json()["code"]) == (401, "revoked_key")


def test_who_may_not_listen_gets_the_ordinary_answer(web, live, token, make_key, api):
    cases = [
        (PATH, {}, 401, "unauthenticated"),
        (PATH, {"Authorization": "Bearer vk_x"}, 401, "unknown_key"),
        (PATH, {"Authorization": f"Bearer {make_key('logs')}"}, 403, "scope_missing"),
        (PATH, {"X-API-Key": token}, 401, "unauthenticated"),
        ("/api/v1/runtime/staging/stream", {"Authorization": f"Bearer {token}"}, 403, "wrong_environment"),
        ("/api/v1/runtime/staging/stream", {"Authorization": f"Bearer {make_key('runtime')}"}, 404, "nothing_deployed"),
        (f"{PATH[:-6]}ofrep/v1/stream?ticket=nonsense", {}, 401, "ticket_ended"),
    ]
    for path, headers, status, code in cases:
        answer = httpx.get(f"{web}{path}", headers={"Accept": "text/event-stream", **headers})
        assert (answer.status_code, answer.json()["code"]) == (status, code)
    plain = api(key=token).get(PATH)
    assert plain.content.startswith(b"retry: 5000\n\nevent: bundle\n")


def test_a_ticket_opens_the_stream_of_its_environment(web, live, token, monkeypatch):
    digest = bytes.fromhex(token_hash(token))
    ticket = tickets.issue(digest, "dev")
    assert (tickets.issue(digest, "dev"), tickets.read(ticket, "production")) == (ticket, None)
    with _listening(web, f"{PATH[:-6]}ofrep/v1/stream?ticket={ticket}") as lines:
        assert _next(lines)["id"] == live.bundle.hash
    now = time.time()
    monkeypatch.setattr(tickets.time, "time", lambda: now + tickets.GOOD_FOR + 1)
    assert tickets.read(ticket, "dev") is None


def test_everybody_is_told_again_when_news_may_have_been_missed(web, live, token):
    with _listening(web, Authorization=f"Bearer {token}") as lines:
        assert _next(lines) == _told(live)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND application_name = %s",
                [APPLICATION],
            )
        assert _next(lines) == _told(live)


class Memory:
    """What the runtime lane knows, without a database."""

    def __init__(self) -> None:
        self.answer = SimpleNamespace(ready=SimpleNamespace(etag=b'"1"', commit="c"))
        self.strangers = {hashlib.sha256(b"stranger").digest()}  # keys of project 2; all others are of project 1

    async def key(self, digest: bytes) -> Any:
        project = 2 if digest in self.strangers else 1
        return SimpleNamespace(id=digest[0], project_id=project, expires=float("inf"), opens=lambda _: True)

    async def find(self, digest: bytes, environment: str) -> Any:
        return self.answer

    async def served(self, place: Any, *, patience: Any = None) -> Any:
        return self.answer


class Line:
    """One caller of the stream without a network."""

    def __init__(self, hub: Changes, token: str) -> None:
        self.sent: list[Any] = []
        self.left = asyncio.Event()
        headers = [(b"authorization", f"Bearer {token}".encode())]
        scope = {"method": "GET", "path": PATH, "headers": headers, "query_string": b""}
        self.task = asyncio.ensure_future(hub.serve(scope, self.receive, self.send))

    async def receive(self) -> Any:
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        self.sent.append(message)

    @property
    def ids(self) -> list[bytes]:
        """The states told so far."""
        text = b"".join(one.get("body", b"") for one in self.sent)
        return [part.split(b"\n")[0] for part in text.split(b"id: ")[1:]]


async def _soon(condition: Any) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


async def test_streams_are_bounded_and_forgotten(monkeypatch):
    monkeypatch.setattr(changes, "MOST_A_KEY", 2)
    monkeypatch.setattr(changes, "MOST", 3)
    monkeypatch.setattr(changes, "HEARTBEAT", 0.05)
    memory: Any = Memory()
    hub = Changes(memory, view=None)  # type: ignore[arg-type]
    lines = [Line(hub, name) for name in ("a", "a", "a", "b", "d")]
    await _soon(lambda: len(hub) == 3)
    await _soon(lambda: all(line.sent for line in lines))
    assert [line.sent[0]["status"] for line in lines] == [200, 200, 429, 200, 503]
    memory.answer = SimpleNamespace(ready=SimpleNamespace(etag=b'"2"', commit="d"))
    hub.hear({"kind": "rules.changed", "project": 1, "subject": {}})
    await _soon(lambda: all(line.ids == [b"1", b"2"] for line in lines[:2]))
    await _soon(lambda: any(one.get("body", b"").startswith(b":") for one in lines[0].sent))
    lines[0].left.set()
    await _soon(lines[0].task.done)
    hub.shut()
    await asyncio.wait_for(asyncio.gather(*(line.task for line in lines)), 60)
    assert (len(hub), hub._by_key, hub._by_project) == (0, {}, {})


async def test_all_keys_of_a_project_together_leave_room_for_another_project(monkeypatch):
    monkeypatch.setattr(changes, "MOST_A_PROJECT", 3)
    hub = Changes(Memory(), view=None)  # type: ignore[arg-type]
    lines = [Line(hub, name) for name in ("a", "b", "c", "d", "stranger")]
    await _soon(lambda: len(hub) == 4 and all(len(line.sent) > 1 for line in lines))
    assert [line.sent[0]["status"] for line in lines] == [200, 200, 200, 429, 200]
    assert dict(lines[3].sent[0]["headers"])[b"retry-after"] == b"5"
    told = json.loads(lines[3].sent[1]["body"])
    detail = "3 streams are open here with keys of this project; more are not served."
    assert (told["code"], told["detail"]) == ("rate_limited", detail)
    lines[0].left.set()  # one leaves: there is room for one
    await _soon(lines[0].task.done)
    again = Line(hub, "d")
    await _soon(lambda: again.ids == [b"1"])
    hub.shut()
    await asyncio.wait_for(asyncio.gather(*(line.task for line in (*lines, again))), 60)
    assert (len(hub), hub._by_key, hub._by_project) == (0, {}, {})
