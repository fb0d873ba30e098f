"""More calls than can be logged, or than a project has a share of: new ones are refused in words that clients know, and
nothing that was answered is lost."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import Any

import httpx
import psycopg
import pytest
from asgiref.sync import sync_to_async
from django.db import connection
from openai import AsyncOpenAI, InternalServerError, RateLimitError

from monitoring.gateway.lane import GatewayLane
from monitoring.gateway.shares import PART, Full, Shares
from monitoring.logs.models import Log
from tests.fakes.openai_server import FakeOpenAI
from tests.monitoring.gateway.conftest import SECRET, chat
from variorum.accounts.access import Actor
from variorum.accounts.models import Project, User
from variorum.accounts.services import create_api_key, create_project
from variorum.inference.services import create_provider

PLACE = {"dbname", "host", "port", "user", "password"}
WAITS = "SELECT pid FROM pg_locks WHERE relation = 'logs_log'::regclass AND NOT granted"


async def until(true: Callable[[], Awaitable[Any]], seconds: float = 60) -> Any:
    """Wait for it; what it gave."""
    deadline = time.monotonic() + seconds
    while not (found := await true()):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)
    return found


@pytest.fixture
async def door(transactional_db: None, request: pytest.FixtureRequest) -> AsyncIterator[GatewayLane]:
    """A gateway with five connections to providers, by its parameter also with a queue for few logs."""
    made = GatewayLane(threads=1, most_waiting=getattr(request, "param", 1000), most_connections=5)
    yield made
    await made.close()
    await asyncio.wrap_future(made.threads.submit(lambda: connection.close()))
    await sync_to_async(lambda: connection.close())()  # the thread of the asynchronous ORM


def speak(door: GatewayLane, key: str) -> AsyncOpenAI:
    """OpenAI's own client in front of it, which asks once."""

    async def django(scope: Any, receive: Any, send: Any) -> None:
        raise AssertionError("The gateway leaves nothing to a view.")

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await door.serve(scope, receive, send, django)

    http = httpx.AsyncClient(transport=httpx.ASGITransport(app=app))
    return AsyncOpenAI(base_url="http://localhost/v1", api_key=key, max_retries=0, http_client=http)


@pytest.fixture
async def client(door: GatewayLane, token: str) -> AsyncIterator[AsyncOpenAI]:
    """That of the project."""
    async with speak(door, token) as made:
        yield made


@pytest.fixture
async def neighbour(door: GatewayLane, other_token: str) -> AsyncIterator[AsyncOpenAI]:
    """That of another project."""
    async with speak(door, other_token) as made:
        yield made


@pytest.fixture
def other_token(acme: FakeOpenAI, owner: User, actor: Actor) -> str:
    """A key of another project, whose provider is the same."""
    project = create_project(owner=owner, name="Neighbours", slug="neighbours")
    create_provider(
        project=project, actor=actor, slug="acme", name="Acme", base_url=acme.base_url, key=SECRET, catalogue=[]
    )
    _, token = create_api_key(project=project, user=owner, name="app", scopes=["gateway"], expires_at=None)
    return token


@pytest.fixture
async def held(transactional_db: None) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
    """Somebody has locked the table of logs; a rollback gives it free."""
    where = {name: value for name, value in connection.get_connection_params().items() if name in PLACE}
    async with await psycopg.AsyncConnection.connect(**where) as locker:
        await locker.execute("LOCK TABLE logs_log")
        yield locker
        await locker.rollback()


async def refused_now(client: AsyncOpenAI) -> None:
    """A call is refused in OpenAI's words."""
    with pytest.raises(InternalServerError) as refused:
        await client.chat.completions.create(**chat())
    answer = refused.value.response
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    message = "Too many calls wait to be logged. Try again in a moment."
    assert answer.json() == {"error": {"message": message, "type": "server_error", "param": None, "code": "overloaded"}}


@pytest.mark.parametrize("door", [3], indirect=True)
async def test_with_too_many_logs_waiting_calls_are_refused_before_they_are_made(
    client: AsyncOpenAI, door: GatewayLane, acme: FakeOpenAI, project: Project, held: psycopg.AsyncConnection[Any]
) -> None:
    answered = [await client.chat.completions.with_raw_response.create(**chat()) for _ in range(3)]
    await refused_now(client)

    async def waits() -> Any:
        return await (await held.execute(WAITS)).fetchone()

    (pid,) = await until(waits)
    await held.execute("SELECT pg_terminate_backend(%s)", [pid])  # on whose connection the logs wait to be stored
    await until(waits)
    await refused_now(client)
    assert len(acme.calls) == 3
    assert (await client.models.list()).data  # what makes no log is answered
    await held.rollback()

    async def free() -> bool:
        return not door.recorder.full

    await until(free)
    last = await client.chat.completions.with_raw_response.create(**chat())
    assert await asyncio.to_thread(door.recorder.wait, 60)
    logged = {str(id_) async for id_ in Log.objects.filter(project=project).values_list("id", flat=True)}
    assert logged == {one.headers["x-variorum-log-id"] for one in [*answered, last]}


async def test_no_project_takes_all_connections(
    client: AsyncOpenAI, neighbour: AsyncOpenAI, door: GatewayLane, acme: FakeOpenAI, project: Project
) -> None:
    go = threading.Event()
    acme.answer = lambda call: "late" if call.body["model"] == "good" and go.wait(60) else "at once"
    calls = [asyncio.ensure_future(client.chat.completions.create(**chat())) for _ in range(4)]
    try:

        async def under_way() -> bool:
            return acme.in_flight == 4

        await until(under_way)
        with pytest.raises(RateLimitError) as refused:
            await client.chat.completions.create(**chat())
        answer = refused.value.response
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "1")
        message = "This project has 4 calls under way here, its share of the connections. Try again in a moment."
        assert answer.json() == {
            "error": {"message": message, "type": "requests", "param": None, "code": "too_many_calls"}
        }
        assert (await neighbour.chat.completions.create(**chat(model="acme/x"))).choices[0].message.content == "at once"
    finally:
        go.set()
    assert {(await one).choices[0].message.content for one in calls} == {"late"}
    for _ in range(6):  # every place was given back
        await client.chat.completions.create(**chat())
    assert (door.upstreams._shares[False]._taken, door.upstreams._shares[False]._held) == (0, {})
    assert len(acme.calls) == 4 + 1 + 6


@pytest.mark.parametrize("projects", [1, 2, 3, 10, 100, 499, 500, 2000, 5000])
def test_shares_are_even_and_leave_some_for_who_comes_next(projects: int) -> None:
    shares, leases, full = Shares(2000), [], False
    held = dict.fromkeys(range(projects), 0)
    while not full:
        full = True
        for project in held:
            with suppress(Full):
                leases.append(shares.take(project))
                held[project] += 1
                full = False
    assert max(held.values()) - min(held.values()) <= 1
    assert max(held.values()) >= 2000 * PART // (PART * projects + 1)
    assert projects >= 500 or shares.take(-1)
    for lease in (*leases, *leases):
        lease.end()
    assert [shares.take(0) and True for _ in range(1000)] == [True] * 1000
