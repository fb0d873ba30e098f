"""Rules that are not in force, tried out: what one caller would get, and why."""

import json
import time
from collections.abc import Callable, Mapping
from typing import Any

from variorum.deployments import rule_services, services, serving
from variorum.deployments.models import Bundle, Environment
from variorum.deployments.rule_faults import MAX_COMMITS, SHA
from variorum.lib.errors import Invalid, Problem
from variorum.lib.parsers import too_deep
from variorum_client.bundle import KINDS, BundleError
from variorum_client.delivery import Delivery, commits_named
from variorum_client.rules import RuleError, Rules

MAX_CONTEXT_BYTES = 16_000
MAX_CONTEXT_DEPTH = 8
MAX_ARTEFACTS = 200
SECONDS = 1.5


class TimeUp(Exception):
    """The time that a trial of rules may take is over."""


def until(deadline: float) -> Callable[[], None]:
    """What looks at the clock before each rule is asked: raises TimeUp."""

    def look() -> None:
        if time.monotonic() > deadline:
            raise TimeUp

    return look


def with_rollouts(environment: Environment, document: Mapping[str, Any]) -> dict[str, Any]:
    """A document as it would be in force: with the rules of rollouts that are under way now. Raises Invalid."""
    if not isinstance(document.get("flags"), dict):
        raise _unreadable("`flags` is an object of rules by key.")
    return {**document, "flags": {**_flags(document), **under_way(environment)}}


def under_way(environment: Environment) -> dict[str, Any]:
    """The rules in force that nobody wrote: those of rollouts."""
    written = serving.rule_set(environment.pk)
    known = _flags(written.document) if written else {}
    return {key: flag for key, flag in _flags(serving.rules_in_force(environment)).items() if key not in known}


def _flags(document: Mapping[str, Any]) -> dict[str, Any]:
    flags = document.get("flags")
    return dict(flags) if isinstance(flags, dict) else {}


def delivery_of(environment: Environment, document: Mapping[str, Any]) -> Delivery | None:
    """What the environment would serve with this document, None when nothing is live there. Nothing is stored.

    Rules at fault answer with their fault. Raises Invalid for what is no document of rules.
    """
    whole = with_rollouts(environment, document)
    try:
        return serving.composed(environment, whole, _never_frozen(environment, whole))
    except BundleError as error:
        raise _unreadable(str(error)) from None


def rules_of(environment: Environment, document: Mapping[str, Any]) -> Rules:
    """The rules alone, for an environment where nothing is live. Raises Invalid."""
    try:
        return Rules(with_rollouts(environment, document))
    except RuleError as error:
        raise _unreadable(str(error)) from None


def _unreadable(text: str) -> Invalid:
    return Invalid(text, code="bad_rules", errors=[{"where": "document", "code": "bad_rules", "detail": text}])


def _never_frozen(environment: Environment, document: Mapping[str, Any]) -> dict[str, bytes]:
    named = [sha for sha in commits_named(document) if SHA.fullmatch(sha)][:MAX_COMMITS]
    frozen = set(Bundle.objects.filter(environment=environment, commit__in=named).values_list("commit", flat=True))
    found = {}
    for sha in named:
        if sha not in frozen:
            try:
                found[sha] = services.render(environment, sha)[0]
            except Problem:
                continue  # an unknown or unsound commit: nobody can get it
    return found


def checked_context(context: Any) -> dict[str, Any]:
    """The context of a caller. Raises Invalid for one that is no object, too large or nested too deeply."""
    if not isinstance(context, dict):
        raise _bad("A context is an object, such as {“targetingKey”: “person-7”, “plan”: “pro”}.")
    body = json.dumps(context).encode()
    if len(body) > MAX_CONTEXT_BYTES:
        raise _bad(f"A context has {MAX_CONTEXT_BYTES:,} bytes at most; this has {len(body):,}.")
    if too_deep(body, MAX_CONTEXT_DEPTH):
        raise _bad(f"A context nests {MAX_CONTEXT_DEPTH} deep at most.")
    return context


def _bad(text: str) -> Invalid:
    return Invalid(text, code="bad_context", errors=[{"where": "context", "code": "bad_context", "detail": text}])


def try_one(environment: Environment, document: Mapping[str, Any], context: dict[str, Any]) -> dict[str, Any]:
    """What one caller would get of each artefact, and what each rule says to that.

    `{"artefacts": [{"artefact", "commit", "variant", "reason"}], "rules": [{"key", "variant", "value", "reason",
    "message"}], "stopped"}`: the rules in their order; `stopped` when time was up before all were asked.
    """
    look = until(time.monotonic() + SECONDS)
    delivery = delivery_of(environment, document)
    whole = with_rollouts(environment, document)
    rules = delivery.rules if delivery else rules_of(environment, document)
    said: list[dict[str, Any]] = []
    given: list[dict[str, Any]] = []
    try:
        for at, key in enumerate(rule_services.in_order(whole)):
            if at:  # the first one is asked however long it took to read them
                look()
            decision = rules.decide(key, context)
            said.append(
                {"key": key, **{name: getattr(decision, name) for name in ("variant", "value", "reason", "message")}}
            )
        for artefact in artefacts_of(delivery)[:MAX_ARTEFACTS]:
            kind, _, name = artefact.partition("/")
            choice = delivery.choose(kind, name, context, before=look)  # type: ignore[union-attr, arg-type]
            given.append({"artefact": artefact, **choice._asdict()})
    except TimeUp:
        return {"artefacts": given, "rules": said, "stopped": True}
    return {"artefacts": given, "rules": said, "stopped": False}


def artefacts_of(delivery: Delivery | None) -> list[str]:
    """The artefacts of the live commit and of those that rules give, as `prompts/triage`."""
    if delivery is None:
        return []
    bundles = [delivery.bundle(commit) for commit in delivery.commits]
    return [
        f"{kind}/{name}" for kind in KINDS for name in sorted({name for one in bundles for name in getattr(one, kind)})
    ]
