"""Circuit breakers: a provider that does not answer is left alone for a moment, so that it costs nobody its time-outs.

A circuit is *closed* while calls pass, *open* while none does, and *half open* when its time is over: then one call is
let through, and what becomes of it closes the circuit or opens it again for twice as long. Each provider has one for
connections that cannot be made, and one for each of its models for time-outs and 5xx, so that a broken model takes no
other with it. Answers of 4xx are good answers here: somebody is there.

Every web process finds out for itself. What it finds it tells the others, for the page.
"""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum
from typing import Any

from monitoring.gateway.plans import Attempt

WINDOW = 30.0  # seconds that count as lately
FAILURES = 5  # so many, and at least half of all tries, open a circuit
MOST_RESULTS = 100
OPEN_SECONDS = 10.0
LONGEST_OPEN = 60.0
MOST = 1000
KIND = "gateway.circuit"
Key = tuple[int, str, str, str]  # project, provider, address, model or ""


class Outcome(Enum):
    """What became of a try; NOTHING when nobody can say (the caller left, say)."""

    GOOD = "good"
    FAILED = "failed"
    UNREACHABLE = "unreachable"
    NOTHING = "nothing"


@dataclass
class Circuit:
    """One of them. Times are those of the monotonic clock."""

    results: deque[tuple[float, bool]] = field(default_factory=lambda: deque(maxlen=MOST_RESULTS))
    until: float = 0.0  # open until then; 0 for closed
    seconds: float = OPEN_SECONDS  # how long it opens the next time
    probing: bool = False

    def wait(self, now: float) -> float:
        """Seconds until a call may pass: 0 for now."""
        if not self.until:
            return 0.0
        return max(self.until - now, 1.0 if self.probing else 0.0)

    def note(self, good: bool, now: float, *, probe: bool) -> bool:
        """Count a try; gives whether the circuit has opened or closed by it."""
        if probe:
            self.probing = False
            if good:
                self.results.clear()
                self.until, self.seconds = 0.0, OPEN_SECONDS
                return True
            return self._open(now)
        if self.until:
            return False  # of a call that had begun before
        self.results.append((now, good))
        while self.results[0][0] < now - WINDOW:
            self.results.popleft()
        bad = sum(not one for _, one in self.results)
        return not good and bad >= FAILURES and 2 * bad >= len(self.results) and self._open(now)

    def _open(self, now: float) -> bool:
        self.until, self.seconds = now + self.seconds, min(2 * self.seconds, LONGEST_OPEN)
        return True


class Pass:
    """The leave to make one try. Say with `ended` what became of it, once."""

    def __init__(self, breakers: "Breakers", attempt: Attempt, probes: set[Key]) -> None:
        self._breakers, self._attempt, self._probes = breakers, attempt, probes

    def ended(self, outcome: Outcome) -> None:
        """Count it."""
        whole, own = _keys(self._attempt)
        reached = outcome in {Outcome.GOOD, Outcome.FAILED}
        said = {whole: True if reached else False if outcome is Outcome.UNREACHABLE else None}
        said[own] = outcome is Outcome.GOOD if reached else None
        for key, good in said.items():
            self._breakers.note(key, good, probe=key in self._probes)


class Breakers:
    """Those of one web process; for its event loop. `tell` hears of every circuit that opens or closes."""

    def __init__(
        self, tell: Callable[[int, dict[str, Any]], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._tell, self._clock = tell, clock
        self._circuits: dict[Key, Circuit] = {}

    def enter(self, attempt: Attempt) -> Pass | float:
        """The leave to ask, or the seconds after which that may be tried again."""
        now = self._clock()
        circuits = {key: one for key in _keys(attempt) if (one := self._circuits.get(key)) is not None}
        wait = max((one.wait(now) for one in circuits.values()), default=0.0)
        if wait > 0:
            return wait
        probes = {key for key, one in circuits.items() if one.until}
        for key in probes:
            circuits[key].probing = True
        return Pass(self, attempt, probes)

    def note(self, key: Key, good: bool | None, *, probe: bool) -> None:
        """Count a try of a circuit; None gives a probe back unused."""
        circuit = self._circuits.get(key)
        if good is None:
            if circuit is not None and probe:
                circuit.probing = False
            return
        if circuit is None:
            if good:
                return  # a circuit without a failure is none
            circuit = self._new(key)
        if circuit.note(good, self._clock(), probe=probe):
            self._say(key, circuit)

    def _new(self, key: Key) -> Circuit:
        if len(self._circuits) >= MOST:
            self._circuits = {key: one for key, one in self._circuits.items() if one.until}
        if len(self._circuits) >= MOST:
            self._circuits.clear()
        return self._circuits.setdefault(key, Circuit())

    def _say(self, key: Key, circuit: Circuit) -> None:
        project, provider, _, model = key
        until = time.time() + circuit.until - self._clock() if circuit.until else None
        reason = "failed" if model else "unreachable"
        self._tell(project, {"name": f"{provider}/{model}" if model else provider, "until": until, "reason": reason})


def _keys(attempt: Attempt) -> tuple[Key, Key]:
    """Of who asks: nobody's failures shut others out of what is shared, as our own server is."""
    target = attempt.target
    place = (attempt.project_id, target.provider, target.base_url)
    return (*place, ""), (*place, target.model)


_shown: dict[int, dict[str, dict[str, Any]]] = {}


def hear(project_id: int, data: dict[str, Any]) -> None:
    """Remember for the page what some web process found."""
    found = _shown.setdefault(project_id, {})
    found.pop(data["name"], None)
    if data["until"] is not None:
        found[data["name"]] = data
    if not found:
        del _shown[project_id]


def shown(project_id: int) -> list[dict[str, Any]]:
    """The circuits that are not closed, by name: until when (UTC) nobody is asked, and why."""
    now = time.time()
    found = sorted(_shown.get(project_id, {}).values(), key=lambda one: str(one["name"]))
    return [
        {
            "name": one["name"],
            "state": "open" if one["until"] > now else "half_open",
            "until": datetime.fromtimestamp(one["until"], tz=UTC),
            "reason": one["reason"],
        }
        for one in found
        if one["until"] > now - LONGEST_OPEN * 10
    ]
