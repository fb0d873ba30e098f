"""The fast lane of ingest: it stores what is right and leaves the rest to the view; no key outlives its revocation."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
from asgiref.sync import sync_to_async
from django.db import connection
from django.utils import timezone

from monitoring.logs.lane import IngestLane
from monitoring.logs.models import Log
from tests.monitoring.logs.test_ingest import a_log
from variorum.accounts.models import ApiKey, Project, User
from variorum.lib import lanes

URL = "/api/v1/logs"


class Door:
    """One lane with one thread, and in place of Django a note of what it was handed."""

    def __init__(self) -> None:
        self.lane = IngestLane(threads=1)
        self.left_to_django: list[bytes] = []

    async def django(self, scope: Any, receive: Any, send: Any) -> None:
        """Take the body that the view would read."""
        self.left_to_django.append((await receive())["body"])
        await send({"type": "http.response.start", "status": 599, "headers": []})
        await send({"type": "http.response.body", "body": b"{}"})

    async def post(self, token: str, body: Any) -> httpx.Response:
        """Post JSON, or bytes as they are; 599 when it was left to the view."""

        async def app(scope: Any, receive: Any, send: Any) -> None:
            assert self.lane.wants(scope)
            await self.lane.serve(scope, receive, send, self.django)

        headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return await client.post(URL, content=data_of(body), headers=headers)


def data_of(body: Any) -> bytes:
    """JSON, or bytes as they are."""
    return body if isinstance(body, bytes) else json.dumps(body).encode()


@pytest.fixture
async def door(transactional_db: None) -> AsyncIterator[Door]:
    """A lane; connections of other threads are closed afterwards."""
    made = Door()
    yield made
    await asyncio.wrap_future(made.lane.threads.submit(lambda: connection.close()))
    await sync_to_async(lambda: connection.close())()  # the thread of the asynchronous ORM


@pytest.fixture
def token(make_key: Callable[..., str]) -> str:
    """A key of scope logs."""
    return make_key("logs")


async def test_a_batch_is_answered_by_the_lane(door: Door, token: str, project: Project) -> None:
    log = a_log(output="hello")
    first = await door.post(token, {"logs": [log, a_log()]})
    assert (first.status_code, first.json()) == (200, {"accepted": 2, "duplicates": 0})
    assert first.headers["content-type"] == "application/json"
    assert (await door.post(token, {"logs": [log]})).json() == {"accepted": 0, "duplicates": 1}
    assert await Log.objects.filter(project=project).acount() == 2
    assert door.left_to_django == []


@pytest.mark.parametrize(
    "body",
    [
        {"logs": [a_log(), a_log(latency_ms=-1)]},
        {"logs": []},
        b"{",
        b'{"logs": [NaN]}',
        b"\xff",
        json.dumps({"logs": [a_log(output="\ud800")]}).encode(),
    ],
)
async def test_what_is_wrong_is_left_to_the_view(door: Door, token: str, project: Project, body: Any) -> None:
    assert (await door.post(token, body)).status_code == 599
    assert door.left_to_django == [data_of(body)]
    assert not await Log.objects.filter(project=project).aexists()


@pytest.mark.parametrize("change", ["revoked", "expired", "scope", "person"])
async def test_a_known_key_is_asked_again_for_every_batch(
    door: Door, token: str, project: Project, owner: User, change: str
) -> None:
    assert (await door.post(token, {"logs": [a_log()]})).status_code == 200
    past = timezone.now() - timedelta(seconds=1)
    keys = ApiKey.objects.filter(project=project)
    if change == "person":
        await User.objects.filter(pk=owner.pk).aupdate(is_active=False)
    else:
        field = {"revoked": {"revoked_at": past}, "expired": {"expires_at": past}, "scope": {"scopes": ["read"]}}
        await keys.aupdate(**field[change])
    answer = await door.post(token, {"logs": [a_log()]})
    assert answer.status_code == 599
    assert await Log.objects.filter(project=project).acount() == 1


async def test_a_strange_key_is_left_to_the_view(door: Door, project: Project) -> None:
    assert (await door.post("vk_nothing", {"logs": [a_log()]})).status_code == 599


def test_only_its_own_door_is_the_lanes() -> None:
    def scope(**changes: Any) -> dict[str, Any]:
        headers = {b"authorization": b"Bearer vk_x", b"content-type": b"application/json", b"content-length": b"2"}
        headers.update(changes.pop("headers", {}))
        return {"path": URL, "method": "POST", "headers": list(headers.items()), **changes}

    assert lanes.find(scope())
    assert not lanes.find(scope(method="GET"))
    assert not lanes.find(scope(path="/api/v1/projects"))
    for name, value in {
        b"authorization": b"Basic x",
        b"content-type": b"text/plain",
        b"content-length": b"99999999999",
        b"transfer-encoding": b"chunked",
    }.items():
        assert not lanes.find(scope(headers={name: value}))


async def test_the_keys_use_is_noted(door: Door, token: str, project: Project) -> None:
    await door.post(token, {"logs": [a_log()]})
    assert await ApiKey.objects.filter(project=project, last_used_at__isnull=False).aexists()
