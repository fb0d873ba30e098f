"""Group commit: one transaction for all requests that wait for one.

The first thread that finds nobody writing writes for everybody who waits; the next batch gathers meanwhile. Without
load a request is written at once, alone.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from uuid import UUID

from django.db import DataError

from monitoring.logs.entries import Entry
from variorum.lib.errors import Unauthenticated, Unavailable

GROUP_LOGS = 4000  # in one transaction, when that many are waiting


class _Ticket:
    """One request's logs on their way."""

    def __init__(self, entries: Sequence[Entry], key_id: int | None) -> None:
        self.entries = entries
        self.key_id = key_id
        self.accepted = 0
        self.done = False
        self.error: Exception | None = None

    def fail(self, error: Exception) -> None:
        """Have the waiting request raise an error, unless it has its answer."""
        if not self.done:
            self.error, self.done = error, True


class GroupCommit:
    """`write(entries)` stores entries with different ids in one transaction and gives the new ones; `admit(keys)` gives
    those of the API keys that are still good.
    """

    def __init__(self, write: Callable[[list[Entry]], list[Entry]], admit: Callable[[set[int]], set[int]]) -> None:
        self._write = write
        self._admit = admit
        self._turn = threading.Condition()
        self._waiting: deque[_Ticket] = deque()
        self._busy = False

    def store(self, entries: Sequence[Entry], key_id: int | None = None) -> int:
        """Wait for this request's commit, or make it. Raises Unauthenticated when the key named is no longer good."""
        ticket = _Ticket(entries, key_id)
        with self._turn:
            self._waiting.append(ticket)
        while not ticket.done:
            with self._leading(ticket) as batch:
                if batch:
                    self._write_all(batch)
        if ticket.error:
            raise ticket.error
        return ticket.accepted

    @contextmanager
    def _leading(self, ticket: _Ticket) -> Iterator[list[_Ticket]]:
        """Wait for the turn or the result; gives the batch to write, or nothing when another thread has written it."""
        with self._turn:
            while self._busy and not ticket.done:
                self._turn.wait()
            batch = [] if ticket.done else self._take()
            self._busy = self._busy or bool(batch)
        try:
            yield batch
        finally:
            if batch:
                with self._turn:
                    self._busy = False
                    for left in batch:  # when this thread is being ended
                        left.fail(Unavailable("The server is stopping. Send these logs again."))
                    self._turn.notify_all()

    def _take(self) -> list[_Ticket]:
        batch = [self._waiting.popleft()]
        count = len(batch[0].entries)
        while self._waiting and count + len(self._waiting[0].entries) <= GROUP_LOGS:
            batch.append(self._waiting.popleft())
            count += len(batch[-1].entries)
        return batch

    def _write_all(self, batch: list[_Ticket]) -> None:
        """Write a batch; when its data is to blame, write each request alone, so that one cannot fail another."""
        try:
            self._write_batch(batch)
        except DataError as exc:
            if len(batch) == 1:
                batch[0].fail(exc)
                return
            for ticket in batch:
                self._write_all([ticket])
        except Exception as exc:  # noqa: BLE001  (each waiting request raises it)
            for ticket in batch:
                ticket.fail(exc)

    def _write_batch(self, batch: list[_Ticket]) -> None:
        owner: dict[tuple[int, UUID], _Ticket] = {}
        first: dict[tuple[int, UUID], Entry] = {}
        for ticket in self._admitted(batch):
            for entry in ticket.entries:
                key = (entry.project_id, entry.id)
                if key not in first:
                    first[key], owner[key] = entry, ticket
        for entry in self._write(list(first.values())):
            owner[entry.project_id, entry.id].accepted += 1
        for ticket in batch:
            ticket.done = True

    def _admitted(self, batch: list[_Ticket]) -> list[_Ticket]:
        asked = {ticket.key_id for ticket in batch if ticket.key_id is not None}
        good = self._admit(asked) if asked else set()
        for ticket in batch:
            if ticket.key_id is not None and ticket.key_id not in good:
                ticket.fail(Unauthenticated("This API key is no longer good."))
        return [ticket for ticket in batch if not ticket.done]
