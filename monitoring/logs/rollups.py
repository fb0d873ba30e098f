"""Hourly sums of logs: what dashboards read instead of the logs."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from math import ceil, floor, log2
from typing import NamedTuple

from django.db import connection

from monitoring.logs.entries import Entry

PER_OCTAVE = 8  # a bucket is 9 % wide, so that a quantile read from its middle is off by 4.5 % at most
BUCKETS = 178  # the first is below 1 ms, the last above 75 minutes


def bucket_of(latency_ms: float) -> int:
    """The bucket of a latency: 0 below 1 ms, then eight to each doubling."""
    return min(1 + floor(log2(latency_ms) * PER_OCTAVE), BUCKETS - 1) if latency_ms >= 1 else 0


def bounds(bucket: int) -> tuple[float, float]:
    """The milliseconds at which a bucket begins and ends."""
    low = 0.0 if bucket == 0 else 2.0 ** ((bucket - 1) / PER_OCTAVE)
    return low, 2.0 ** (bucket / PER_OCTAVE)


def middle(bucket: int) -> float:
    """What stands for the latencies of a bucket: the geometric mean of its ends, in milliseconds."""
    low, high = bounds(bucket)
    return (low * high) ** 0.5 if low else high / 2


def quantile(buckets: Sequence[int], q: float) -> float | None:
    """The q-quantile (0..1) in milliseconds, by rank and within 4.5 %; None without a single latency."""
    total = sum(buckets)
    rank = max(1, ceil(q * total - 1e-9))
    seen = 0
    for bucket, count in enumerate(buckets):
        if count and seen + count >= rank:
            return middle(bucket)
        seen += count
    return None


class Key(NamedTuple):
    """What a sum is kept by."""

    project_id: int
    hour: datetime
    environment: str
    prompt: str
    commit: str
    model: str


@dataclass
class Sums:
    """What is summed."""

    requests: int = 0
    errors: int = 0
    timed: int = 0
    latency_sum: float = 0.0
    buckets: list[int] = field(default_factory=lambda: [0] * BUCKETS)
    input_tokens: int = 0
    output_tokens: int = 0
    cost: Decimal = Decimal(0)

    def add(self, entry: Entry) -> None:
        """Count one log."""
        self.requests += 1
        self.errors += entry.failed
        self.input_tokens += entry.input_tokens or 0
        self.output_tokens += entry.output_tokens or 0
        self.cost += entry.cost or 0
        if entry.latency_ms is not None:
            self.timed += 1
            self.latency_sum += entry.latency_ms
            self.buckets[bucket_of(entry.latency_ms)] += 1


def sums_of(entries: Iterable[Entry]) -> dict[Key, Sums]:
    """Sum logs by hour, environment, prompt, commit and model."""
    found: dict[Key, Sums] = {}
    for entry in entries:
        hour = entry.started_at.replace(minute=0, second=0, microsecond=0)
        key = Key(entry.project_id, hour, entry.environment, entry.prompt, entry.commit, entry.model)
        sums = found.get(key)
        if sums is None:
            sums = found[key] = Sums()
        sums.add(entry)
    return found


UPSERT = """
INSERT INTO logs_loghour AS old (
    project_id, hour, environment, prompt, commit, model,
    requests, errors, timed, latency_sum, buckets, input_tokens, output_tokens, cost
) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT ON CONSTRAINT log_hour_once DO UPDATE SET
    requests = old.requests + excluded.requests,
    errors = old.errors + excluded.errors,
    timed = old.timed + excluded.timed,
    latency_sum = old.latency_sum + excluded.latency_sum,
    buckets = logs_add(old.buckets, excluded.buckets),
    input_tokens = old.input_tokens + excluded.input_tokens,
    output_tokens = old.output_tokens + excluded.output_tokens,
    cost = old.cost + excluded.cost
"""


def _array(numbers: list[int]) -> str:
    """An array literal, a tenth of the driver's own work for a list."""
    return "{" + ",".join(map(str, numbers)) + "}"


def add(entries: Iterable[Entry]) -> None:
    """Add logs to the rollup, inside the transaction that stores them. Keys are locked in one order everywhere."""
    rows = [
        (*key, s.requests, s.errors, s.timed, s.latency_sum, _array(s.buckets), s.input_tokens, s.output_tokens, s.cost)
        for key, s in sorted(sums_of(entries).items())
    ]
    with connection.cursor() as cursor:
        for row in rows:
            cursor.execute(UPSERT, row)
