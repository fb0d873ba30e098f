"""Who may call, and how much. All of it is asked of the database, so that it holds across web processes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from monitoring.gateway import facts
from monitoring.gateway.models import KeyLimit
from monitoring.gateway.refusals import Refused, of_problem
from variorum.accounts.models import ApiKey, Project
from variorum.accounts.roles import Role, Scope, at_least
from variorum.lib.errors import Unauthenticated

SPANS = ("day", "minute", "month")  # in this order everywhere, so that nobody waits in a circle
ADD = """
INSERT INTO gateway_keyspend AS spend (key_id, span, start, requests, tokens, cost)
SELECT %(key)s, asked.span, asked.start, %(requests)s, %(tokens)s, %(cost)s
FROM unnest(%(spans)s::text[], %(starts)s::timestamptz[]) AS asked (span, start) ORDER BY asked.span
ON CONFLICT (key_id, span, start) DO UPDATE SET requests = spend.requests + EXCLUDED.requests,
    tokens = spend.tokens + EXCLUDED.tokens, cost = spend.cost + EXCLUDED.cost
RETURNING span, requests, tokens, cost
"""
QUOTA = "insufficient_quota"
RATE = "rate_limit_exceeded"


@dataclass(frozen=True)
class Caller:
    """A live key of scope `gateway`."""

    key: ApiKey
    limit: KeyLimit | None

    @property
    def project(self) -> Project:
        """The key's project."""
        return self.key.project


@dataclass(frozen=True)
class Reservation:
    """What a call was counted with before it began; `starts` are the minute, day and month that it counts in."""

    key_id: int
    starts: Mapping[str, datetime]
    requests: int = 0
    tokens: int = 0
    cost: Decimal = field(default=Decimal(0))

    def plus(self, other: "Reservation") -> "Reservation":
        """Both, counted in the same places."""
        return replace(
            self,
            requests=self.requests + other.requests,
            tokens=self.tokens + other.tokens,
            cost=self.cost + other.cost,
        )


def caller_of(token: str) -> Caller:
    """Raises Refused: 401 for a key that is not good, 403 for one that was made for something else."""
    try:
        key = facts.key_of(token)
    except Unauthenticated as problem:
        raise of_problem(problem) from None
    if Scope.GATEWAY not in key.scopes:
        raise Refused(403, "This API key lacks the scope gateway.", "scope_missing")
    if key.maker_role is None:
        text = "The person who made this API key has left the project. Make a new one."
        raise Refused(403, text, "maker_gone")
    if not at_least(key.maker_role, Role.EDITOR):
        text = "The person who made this API key may no longer call models (role editor). Make a new one."
        raise Refused(403, text, "role_too_low")
    return Caller(key, facts.of(key.project).limits.get(key.pk))


def starts_of(moment: datetime) -> dict[str, datetime]:
    """The beginnings of the minute, day and month of a moment, in UTC."""
    day = moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return {"minute": moment.replace(second=0, microsecond=0), "day": day, "month": day.replace(day=1)}


def reserve(caller: Caller, *, tokens: int, cost: Decimal | None) -> Reservation:
    """Count a call with what it may use, if that is within the key's limits. Raises Refused (429).

    Without limits nothing is written before the call. One statement in one transaction: the rows of the key's present
    minute, day and month are locked until it is decided, so no two processes can both take the last place.
    """
    starts = starts_of(timezone.now())
    limit = caller.limit
    if limit is None:
        return Reservation(caller.key.pk, starts)
    if cost is None and (limit.dollars_per_day is not None or limit.dollars_per_month is not None):
        text = "This key has a budget in dollars, and no price is known for the model. A maintainer can set it."
        raise Refused(403, text, "price_unknown", param="model")
    taken = Reservation(caller.key.pk, starts, 1, tokens, cost or Decimal(0))
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL synchronous_commit TO off")  # a crash of the database loses a moment's counting
        for span, requests, used, spent in _add(cursor, taken):
            _check(limit, span, starts[span], requests, used, spent, taken)
    return taken


def correction(taken: Reservation, *, requests: int, tokens: int | None, cost: Decimal | None) -> Reservation:
    """What has to be counted so that what was used stands where an estimate did; None keeps the estimate."""
    return Reservation(
        taken.key_id,
        taken.starts,
        requests - taken.requests,
        0 if tokens is None else tokens - taken.tokens,
        Decimal(0) if cost is None else cost - taken.cost,
    )


def summed(corrections: Iterable[Reservation]) -> list[Reservation]:
    """The same in as few statements as there are keys and minutes."""
    sums: dict[tuple[Any, ...], Reservation] = {}
    for one in corrections:
        at = (one.key_id, *(one.starts[span] for span in SPANS))
        sums[at] = sums[at].plus(one) if at in sums else one
    return [change for change in sums.values() if change.requests or change.tokens or change.cost]


def settle(change: Reservation) -> None:
    """Count a correction."""
    with connection.cursor() as cursor:
        _add(cursor, change)


def _add(cursor: Any, change: Reservation) -> list[tuple[str, int, int, Decimal]]:
    values = {
        "key": change.key_id,
        "requests": change.requests,
        "tokens": change.tokens,
        "cost": change.cost,
        "spans": list(SPANS),
        "starts": [change.starts[span] for span in SPANS],
    }
    cursor.execute(ADD, values)
    found: list[tuple[str, int, int, Decimal]] = cursor.fetchall()
    return found


def _check(
    limit: KeyLimit, span: str, start: datetime, requests: int, tokens: int, cost: Decimal, taken: Reservation
) -> None:
    """Raises Refused when a row, this call included, is above its limit."""
    if span == "minute":
        _refuse_rate(limit.requests_per_minute, requests, "requests", start, taken.requests)
        _refuse_rate(limit.tokens_per_minute, tokens, "tokens", start, taken.tokens)
        return
    most_tokens = limit.tokens_per_day if span == "day" else limit.tokens_per_month
    most_cost = limit.dollars_per_day if span == "day" else limit.dollars_per_month
    if most_tokens is not None and tokens > most_tokens:
        raise _quota(f"{most_tokens:,} tokens a {span}", span, start)
    if most_cost is not None and cost > most_cost:
        raise _quota(f"${most_cost.normalize():f} a {span}", span, start)


def _refuse_rate(most: int | None, used: int, what: str, start: datetime, mine: int) -> None:
    if most is None or used <= most:
        return
    if mine > most:
        text = f"Request too large: it may use {mine:,} {what}, and this key has {most:,} {what} a minute."
        raise Refused(429, text, RATE, kind=what, headers={"x-should-retry": "false"})
    wait = _left(start + timedelta(minutes=1))
    text = f"Rate limit reached: {most:,} {what} a minute. Please try again in {wait:.0f}s."
    headers = {"retry-after": str(max(1, round(wait + 0.5))), "retry-after-ms": str(int(wait * 1000) + 50)}
    raise Refused(429, text, RATE, kind=what, headers=headers)


def _quota(words: str, span: str, start: datetime) -> Refused:
    after = start + timedelta(days=1) if span == "day" else (start + timedelta(days=32)).replace(day=1)
    text = f"This key's budget of {words} is used up, or the call may exceed it."
    text += f" It begins anew at {after:%Y-%m-%d %H:%M} UTC."
    headers = {"retry-after": str(int(_left(after)) + 1), "x-should-retry": "false"}
    return Refused(429, text, QUOTA, kind=QUOTA, headers=headers)


def _left(moment: datetime) -> float:
    return max(0.0, (moment - timezone.now()).total_seconds())
