"""One LISTEN connection of a process: PostgreSQL's notifications handed to plain functions on the event loop."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Any

import psycopg
from django.db import connections
from psycopg import sql

log = logging.getLogger(__name__)
APPLICATION = "variorum listener"  # as pg_stat_activity shows it
PROBE_SECONDS = 10.0
LONGEST_PAUSE = 2.0


class Listener:
    """Runs until cancelled. `handlers` maps a channel to a function of the payload.

    `on_gap` is called whenever notifications may have been missed: when the connection is lost, and again when a new
    one listens. Whoever keeps something that notifications would have changed must then look for itself.
    """

    def __init__(self, handlers: Mapping[str, Callable[[str], None]], on_gap: Callable[[], None]) -> None:
        self._handlers = handlers
        self._on_gap = on_gap
        self.listening = asyncio.Event()

    async def run(self) -> None:
        """Listen, and listen again after every loss. Raises only when cancelled."""
        pause = 0.05
        while True:
            try:
                await self._listen()
            except (psycopg.Error, OSError) as exc:
                if self.listening.is_set():
                    log.warning("The connection that listens for changes was lost: %s", exc)
                    self.listening.clear()
                    self._on_gap()
                    pause = 0.05
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    async def _listen(self) -> None:
        connection = await psycopg.AsyncConnection.connect(**_parameters(), autocommit=True)
        async with connection:
            for channel in self._handlers:
                await connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))
            self._on_gap()
            self.listening.set()
            while True:
                async for note in connection.notifies(timeout=PROBE_SECONDS):
                    self._handle(note)
                await connection.execute("SELECT 1")  # finds out about a connection that died without a word

    def _handle(self, note: psycopg.Notify) -> None:
        try:
            self._handlers[note.channel](note.payload)
        except Exception:
            log.exception("A notification on %s could not be used.", note.channel)


def _parameters() -> dict[str, Any]:
    """Django's own connection parameters, less what belongs to its cursors."""
    given = connections["default"].get_connection_params()
    ours = {"cursor_factory", "context", "prepare_threshold", "server_side_binding"}
    kept = {name: value for name, value in given.items() if name not in ours}
    return {"connect_timeout": 5, **kept, "application_name": APPLICATION}
