"""Evaluation on the event loop: what takes long is answered in threads."""

import threading
import time
from types import SimpleNamespace
from typing import Any

from variorum.deployments.asking import ASIDE, SLOW, AskingLane
from variorum.deployments.evaluation import Reply

SERVED: Any = SimpleNamespace(hash="h")


def _reply() -> Reply:
    return Reply(200, threading.current_thread().name.encode(), {})


def _busy() -> Reply:
    until = time.thread_time() + 2 * SLOW
    while time.thread_time() < until:
        pass
    return _reply()


def _held_up() -> Reply:
    time.sleep(2 * SLOW)  # another program had the processor
    return _reply()


async def test_what_took_long_is_measured_in_a_thread_and_stays_there_only_if_it_is_slow_itself():
    lane = AskingLane(memory=None, view=None)  # type: ignore[arg-type]
    here = threading.current_thread().name.encode()

    async def work(what: Any) -> tuple[bool, int]:
        found = await lane._work(SERVED, what)
        assert found.status == 200
        return found.body == here, lane._slow.get("h", 0)

    assert await work(_held_up) == (True, 1)
    assert await work(_held_up) == (False, 0)
    assert await work(_busy) == (True, 1)
    assert await work(_busy) == (False, ASIDE)
    assert await work(_reply) == (False, ASIDE - 1)
    lane.threads.shutdown()
