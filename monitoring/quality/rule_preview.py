"""What rules that are not in force would have done: yesterday's requests, decided again.

Logs are drawn in whole packs (up to 32 neighbours that are stored together), each pack as likely as any other, in
random order: so when time is up, what was looked at is an even sample still.
"""

import random
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count

from monitoring.logs.filters import LogFilter
from monitoring.logs.models import Log
from monitoring.logs.queries import patience
from monitoring.logs.search import with_texts
from monitoring.logs.texts import Texts
from variorum.deployments import rule_services, rule_trial
from variorum.deployments.models import Environment
from variorum_client.delivery import Delivery
from variorum_client.rules import Rules
from variorum_client.rules.paths import walk

MOST = 5000
SECONDS = 1.5  # for reading the rules and all decisions; one decision is bounded by itself
QUERY_SECONDS = 3
AT_ONCE = 20  # packs that are read between two looks at the clock
MAX_FIELDS = 100
MAX_WALK = 500_000  # parts of rules that are looked through for their fields
MAX_PATH = 200  # characters of a field that is told about
GATEWAY = "gateway"  # a tag of logs that the gateway made, and a member of their metadata
LOOPS = {"map", "filter", "reduce", "all", "some", "none"}


@dataclass
class _Seen:
    """What was counted so far. `given` by rule and variant, `lacking` by field, `known` by field."""

    n: int = 0
    live: int = 0
    telling: int = 0
    about: Counter[str] = field(default_factory=Counter)
    given: Counter[tuple[str, str]] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    lacking: Counter[str] = field(default_factory=Counter)
    known: Counter[str] = field(default_factory=Counter)


def preview(
    *, environment: Environment, document: Mapping[str, Any], since: datetime, until: datetime, seed: int = 0
) -> dict[str, Any]:
    """What the document would have given the logged requests of a time, for at most MOST of them.

    `total` requests were logged, `n` were looked at (fewer when time was up: `stopped`), `live` got what is live
    without a rule, the logs of `telling` say what rules looked at. Of each rule in order: `about` (requests for its
    artefact), `variants`, how many it `failed` on, and of the fields that it asks for how many requests did not have
    them.

    Raises Invalid for what is no document, Unavailable `too_slow`.
    """
    deadline = time.monotonic() + SECONDS
    delivery = rule_trial.delivery_of(environment, document)
    whole = rule_trial.with_rollouts(environment, document)
    rules = delivery.rules if delivery else rule_trial.rules_of(environment, document)
    wanted = _fields(whole)
    judge = _Judge(delivery, rules, whole, list(dict.fromkeys(name for names in wanted.values() for name in names)))
    packs = _packs(environment, since, until)
    seen = _Seen()
    stopped = any(not judge.count(seen, *one, deadline) for one in _drawn(environment, since, until, packs, seed))
    return {
        "total": sum(packs.values()),
        "n": seen.n,
        "live": seen.live,
        "telling": seen.telling,
        "stopped": stopped,
        "rules": [_told(key, seen, wanted[key], whole["flags"][key]) for key in rule_services.in_order(whole)],
        "known": [{"name": name, "count": count} for name, count in seen.known.most_common(MAX_FIELDS)],
    }


def _told(key: str, seen: _Seen, names: Sequence[str], flag: Any) -> dict[str, Any]:
    variants = flag.get("variants") if isinstance(flag, dict) else None
    order = list(variants) if isinstance(variants, dict) else []
    found = {variant: count for (rule, variant), count in seen.given.items() if rule == key}
    return {
        "key": key,
        "about": seen.about[key],
        "variants": [{"variant": name, "count": found[name]} for name in order if name in found],
        "failed": seen.failed[key],
        "lacking": [{"name": name, "count": seen.lacking[name]} for name in names if seen.lacking[name]],
    }


def _packs(environment: Environment, since: datetime, until: datetime) -> dict[UUID, int]:
    """The packs that hold requests of the environment in this time, each with how many."""
    rows = _rows(environment, since, until).order_by().values_list("text_id")
    with _quick():
        return dict(rows.annotate(count=Count("*")))


def _rows(environment: Environment, since: datetime, until: datetime) -> Any:
    return LogFilter(since=since, until=until, environment=environment.slug).rows(environment.project)


def _quick() -> Any:
    return patience(QUERY_SECONDS)


def _drawn(
    environment: Environment, since: datetime, until: datetime, packs: Mapping[UUID, int], seed: int
) -> Iterator[tuple[Log, Texts]]:
    order, chosen, count = sorted(packs), [], 0
    random.Random(seed).shuffle(order)  # noqa: S311  (a sample, not a secret)
    for pack in order:
        if count >= MOST:
            break
        chosen.append(pack)
        count += packs[pack]
    with _quick():
        logs: dict[UUID, list[Log]] = {}
        for log in _rows(environment, since, until).filter(text_id__in=chosen):
            logs.setdefault(log.text_id, []).append(log)
    left = MOST
    for start in range(0, len(chosen), AT_ONCE):
        some = [log for pack in chosen[start : start + AT_ONCE] for log in logs.get(pack, [])][:left]
        left -= len(some)
        yield from with_texts(some)


def said_context(its: Texts) -> dict[str, Any] | None:
    """What a request was decided with, where its log tells: the gateway's and the SDKs' do, as `metadata.context`."""
    said = (its.get("metadata") or {}).get("context")
    return said if isinstance(said, dict) else None


def context_of(log: Log, its: Texts) -> dict[str, Any]:
    """What a log says that rules looked at, and nothing else: they see no more when they decide.

    Where it does not say so, what an app noted in `metadata` stands in, and the user is the targeting key. What the
    gateway notes there about its own work is not the caller's.
    """
    said = said_context(its)
    if said is not None:
        return said
    metadata = its.get("metadata") or {}
    own = {} if GATEWAY in metadata and GATEWAY in log.tags else metadata
    return {**own, "targetingKey": log.end_user} if log.end_user else own


def _fields(document: Mapping[str, Any]) -> dict[str, list[str]]:
    """The fields of each rule; none of those that come when the walk has been long enough."""
    steps = iter(range(MAX_WALK))
    return {key: fields_of(flag, document, steps) for key, flag in document["flags"].items()}


def fields_of(flag: Any, document: Mapping[str, Any], steps: Iterable[int] = range(MAX_WALK)) -> list[str]:
    """The paths of the context that a rule asks for, segments put in, without what loops read of their elements."""
    segments = document.get("$evaluators") or {}
    found: dict[str, None] = {}
    waiting, seen = [flag.get("targeting") if isinstance(flag, dict) else None], set()
    for _ in steps:
        if not waiting:
            break
        one = waiting.pop()
        if isinstance(one, list):
            waiting.extend(one)
        elif isinstance(one, dict):
            for name, value in one.items():
                if name == "var":
                    path = value[0] if isinstance(value, list) and value else value
                    found.update({path: None} if _is_field(path) else {})
                elif name == "missing" and isinstance(value, list):
                    found.update({path: None for path in value if _is_field(path)})
                elif name == "$ref" and isinstance(value, str) and value not in seen and isinstance(segments, dict):
                    seen.add(value)
                    waiting.append(segments.get(value))
                else:
                    waiting.append(value[:1] if name in LOOPS and isinstance(value, list) else value)
            if _short(one.get("fractional")):
                found["targetingKey"] = None
    return list(found)[:MAX_FIELDS]


def _is_field(path: Any) -> bool:
    return isinstance(path, str) and 0 < len(path) <= MAX_PATH and not path.startswith("$")


def _short(shares: Any) -> bool:
    """Whether `fractional` leaves out what is hashed: then it is the rule's key and the targeting key."""
    return isinstance(shares, list) and bool(shares) and isinstance(shares[0], list)


class _Judge:
    """Decides one log after the other by rules that are not in force."""

    def __init__(
        self, delivery: Delivery | None, rules: Rules, document: Mapping[str, Any], fields: Sequence[str]
    ) -> None:
        self._delivery, self._rules, self._fields = delivery, rules, fields
        self._about: dict[str, list[str]] = {}  # artefact -> keys of its rules
        self._values: list[str] = []
        for key, flag in document["flags"].items():
            metadata = flag.get("metadata") if isinstance(flag, dict) else None
            metadata = metadata if isinstance(metadata, dict) else {}
            if metadata.get("serves") == "commit":
                self._about.setdefault(str(metadata.get("artefact", "")), []).append(key)
            else:
                self._values.append(key)

    def count(self, seen: _Seen, log: Log, its: Texts, deadline: float) -> bool:
        """Count one log; False, and nothing counted, when time is up."""
        look = rule_trial.until(deadline)
        try:
            look()
            context = context_of(log, its)
            said = self._said(context, look)
            choice = self._choice(log, context, look)
        except rule_trial.TimeUp:
            return False
        seen.n += 1
        seen.telling += said_context(its) is not None
        seen.known.update(context.keys())
        seen.lacking.update(name for name in self._fields if walk(context, name) in (None, ""))
        seen.about.update([*self._values, *self._about.get("", []), *self._about.get(f"prompts/{log.prompt}", [])])
        seen.live += choice == ""
        if choice:
            rule, _, variant = choice.partition("/")
            seen.given[rule, variant] += 1
        seen.given.update((key, variant) for key, variant in said if variant is not None)
        seen.failed.update(key for key, variant in said if variant is None)
        return True

    def _choice(self, log: Log, context: dict[str, Any], look: Callable[[], None]) -> str:
        return self._delivery.choose("prompts", log.prompt, context, before=look).variant if self._delivery else ""

    def _said(self, context: dict[str, Any], look: Callable[[], None]) -> list[tuple[str, str | None]]:
        """What each flag for the app gives: its variant, None for an error."""
        found: list[tuple[str, str | None]] = []
        for key in self._values:
            look()
            decision = self._rules.decide(key, context)
            if decision.variant is not None or decision.reason == "ERROR":
                found.append((key, decision.variant))
        return found
