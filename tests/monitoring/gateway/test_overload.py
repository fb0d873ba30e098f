"""More calls than can be logged: new ones are refused before they are made, and nothing that was answered is lost."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import psycopg
import pytest
from asgiref.sync import sync_to_async
from django.db import connection
from openai import AsyncOpenAI, InternalServerError

from monitoring.gateway.lane import GatewayLane
from monitoring.logs.models import Log
from tests.fakes.openai_server import FakeOpenAI
from tests.monitoring.gateway.conftest import chat
from variorum.accounts.models import Project

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
async def door(transactional_db: None) -> AsyncIterator[GatewayLane]:
    """A gateway whose queue of logs is full with three."""
    made = GatewayLane(threads=1, most_waiting=3)
    yield made
    await made.close()
    await asyncio.wrap_future(made.threads.submit(lambda: connection.close()))
    await sync_to_async(lambda: connection.close())()  # the thread of the asynchronous ORM


@pytest.fixture
async def client(door: GatewayLane, token: str) -> AsyncIterator[AsyncOpenAI]:
    """OpenAI's own client in front of it, which asks once."""

    async def django(scope: Any, receive: Any, send: Any) -> None:
        raise AssertionError("The gateway leaves nothing to a view.")

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await door.serve(scope, receive, send, django)

    http = httpx.AsyncClient(transport=httpx.ASGITransport(app=app))
    async with AsyncOpenAI(base_url="http://localhost/v1", api_key=token, max_retries=0, http_client=http) as made:
        yield made


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
