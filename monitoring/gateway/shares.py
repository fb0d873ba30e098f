"""Each project's share of the connections to providers, so that none takes all.

A project may open one more while it holds less than PART times as many as are free ("dynamic thresholds", Choudhury
and Hahne 1998). So one alone gets four of five, several that want more than there is get equally many, and some are
left for who comes next (with hundreds at their shares, none may be).
"""

from collections import Counter

PART = 4


class Full(Exception):
    """No connection now. `own`: it is the project that holds its share; else nobody gets one."""

    def __init__(self, held: int, *, own: bool) -> None:
        super().__init__(held)
        self.held, self.own = held, own


class Lease:
    """One connection's place. Give it back once or more."""

    def __init__(self, shares: "Shares", project_id: int) -> None:
        self._shares, self._project_id = shares, project_id
        self._over = False

    def end(self) -> None:
        """The place is free."""
        if not self._over:
            self._over = True
            self._shares.free(self._project_id)


class Shares:
    """Those of `most` connections. For one event loop."""

    def __init__(self, most: int) -> None:
        self._most, self._taken = most, 0
        self._held: Counter[int] = Counter()

    def take(self, project_id: int) -> Lease:
        """A place for a connection of a project. Raises Full."""
        left, held = self._most - self._taken, self._held[project_id]
        if held >= PART * left:
            raise Full(held, own=left > 0)
        self._taken += 1
        self._held[project_id] += 1
        return Lease(self, project_id)

    def free(self, project_id: int) -> None:
        """One place less is taken."""
        self._taken -= 1
        self._held[project_id] -= 1
        if not self._held[project_id]:
            del self._held[project_id]
