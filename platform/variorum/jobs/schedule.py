"""What runs by the clock: one loop on the whole installation, held by an advisory lock."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from django.db import close_old_connections, connection
from django.utils import timezone

from variorum.jobs.models import Tick

log = logging.getLogger(__name__)
LOCK = 0x7661_7269  # the loop's advisory lock


@dataclass(frozen=True)
class Periodic:
    """A function to call every so many seconds. It must be idempotent."""

    name: str
    seconds: float
    function: Callable[[], object]


_tasks: dict[str, Periodic] = {}


def every(seconds: float, name: str, function: Callable[[], object]) -> None:
    """Put a function on the clock; called in AppConfig.ready()."""
    _tasks[name] = Periodic(name=name, seconds=seconds, function=function)


def once_per(seconds: int, name: str) -> bool:
    """Whether this call is the first in the current span of `seconds` on the whole installation (for daily work)."""
    tick = int(time.time() // seconds)
    _, first = Tick.objects.get_or_create(name=name, tick=tick)
    if first:
        Tick.objects.filter(name=name, at__lt=timezone.now() - timedelta(seconds=10 * seconds)).delete()
    return first


def run_forever(stop: threading.Event) -> None:
    """The loop. Only the holder of the lock works; the others try for it every two seconds."""
    while not stop.is_set():
        try:
            if _lead():
                _work(stop)
        except Exception:
            log.exception("The clock stumbled; it goes on in two seconds.")
        connection.close()
        stop.wait(2)


def _lead() -> bool:
    close_old_connections()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [LOCK])
        row = cursor.fetchone()
    return bool(row and row[0])


def _work(stop: threading.Event) -> None:
    """Run what is due until the lock's connection breaks; each task in its own thread, so a slow one holds up none."""
    running: dict[str, threading.Thread] = {}
    due = dict.fromkeys(_tasks, 0.0)
    while not stop.wait(0.2):
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")  # raises when the session, and with it the lock, is gone
        now = time.monotonic()
        for task in list(_tasks.values()):
            busy = running.get(task.name)
            if now >= due.get(task.name, 0.0) and not (busy and busy.is_alive()):
                due[task.name] = now + task.seconds
                thread = threading.Thread(target=_once, args=(task,), name=task.name, daemon=True)
                running[task.name] = thread
                thread.start()


def _once(task: Periodic) -> None:
    try:
        close_old_connections()
        task.function()
    except Exception:
        log.exception("The periodic task %s failed; it will run again.", task.name)
    finally:
        connection.close()
