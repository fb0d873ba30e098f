"""A document of rules: read, checked, compiled, and asked for decisions."""

import json
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from variorum_client.rules.buckets import DEFAULT_HASH, HASHES
from variorum_client.rules.faults import (
    MAX_DOCUMENT_BYTES,
    MAX_DOCUMENT_STEPS,
    MAX_NAME,
    MAX_RULES,
    MAX_SPENT,
    MAX_STEPS,
    RuleError,
    TooMuch,
    pointer,
    short,
)
from variorum_client.rules.logic import Budget, Compiler, Step
from variorum_client.rules.meter import metered
from variorum_client.rules.operators import OPERATORS

STATES = ("ENABLED", "DISABLED")
NO_VALUE = "a variant has a value"


class Decision(NamedTuple):
    """What a rule gives one caller. `reason` is one of OpenFeature's: STATIC (no targeting), TARGETING_MATCH,
    DEFAULT, DISABLED, ERROR. `variant` is None where the caller's own default holds; `code` is OpenFeature's
    error code (FLAG_NOT_FOUND, PARSE_ERROR, GENERAL) and `message` says what to mend, both empty otherwise."""

    variant: str | None
    value: Any
    reason: str
    code: str = ""
    message: str = ""


class _Rule(NamedTuple):
    """One compiled rule; its decisions are made beforehand."""

    step: Step | None
    otherwise: Decision
    decisions: dict[str, Decision]


class Rules:
    """A compiled document. A rule that is wrong answers with its error; the others are not touched by it."""

    def __init__(self, document: Mapping[str, Any], *, clock: Callable[[], float] = time.time) -> None:
        """`clock` gives seconds since 1970, for `$flagd.timestamp`. Raises RuleError for what is no document."""
        flags, segments = parts(document)
        # One rule more than may be stored: that of a rollout, which the server puts in later. The order of the keys
        # says who is beyond the budget, so that every copy of a document agrees on it, however it is sorted.
        budget = Budget(MAX_DOCUMENT_STEPS + MAX_STEPS)
        made = {key: _forgiving(str(key), flags[key], segments, clock, budget) for key in sorted(flags)}
        self._rules = {str(key): made[key] for key in flags}

    def __iter__(self) -> Any:
        """The keys of the rules."""
        return iter(self._rules)

    def __len__(self) -> int:
        """How many rules there are."""
        return len(self._rules)

    def decide(self, key: str, context: Mapping[str, Any] | None = None) -> Decision:
        """What the rule gives for a context, `targetingKey` among its keys. Never raises."""
        rule = self._rules.get(key)
        if rule is None:
            return Decision(None, None, "ERROR", "FLAG_NOT_FOUND", f"There is no rule {key!r}.")
        if rule.step is None:
            return rule.otherwise
        metered.left = MAX_SPENT
        try:
            found = rule.step(context if type(context) is dict else dict(context or {}))
            if found is None:
                return rule.otherwise
            name = found if type(found) is str else _variant_name(found)
            decision = rule.decisions.get(name)  # type: ignore[arg-type]
            return decision or _wrong(f"The rule {key!r} chose {_told(found)}, which is none of its variants.")
        except TooMuch as fault:
            return _wrong(f"The rule {key!r} was stopped: {fault}.")
        except Exception as fault:  # noqa: BLE001  (an app must get its answer, whatever a context holds)
            return _wrong(f"The rule {key!r} failed on this context: {type(fault).__name__}.")


def parts(document: object) -> tuple[dict[str, Any], dict[str, Any]]:
    """The rules and the segments. Raises RuleError for what is no document."""
    if not isinstance(document, Mapping):
        raise RuleError("", f"a document of rules is an object, this is {kind(document)}")
    try:
        size = len(json.dumps(document, ensure_ascii=False, allow_nan=False))
    except (ValueError, TypeError, RecursionError):
        raise RuleError("", "the document is not JSON, or is nested too deeply") from None
    if size > MAX_DOCUMENT_BYTES:
        raise RuleError("", f"the document has {size:,} characters; {MAX_DOCUMENT_BYTES:,} are allowed")
    flags, segments = document.get("flags"), document.get("$evaluators", {})
    if not isinstance(flags, dict):
        raise RuleError("/flags", f"`flags` is an object of rules by key, this is {kind(flags)}")
    if not isinstance(segments, dict):
        raise RuleError("/$evaluators", f"`$evaluators` is an object of segments by name, this is {kind(segments)}")
    if len(flags) > MAX_RULES:
        raise RuleError("/flags", f"there are {len(flags):,} rules; {MAX_RULES:,} are allowed")
    return flags, segments


def _forgiving(key: str, flag: object, segments: dict[str, Any], clock: Callable[[], float], budget: Budget) -> _Rule:
    try:
        return _compiled(key, flag, segments, clock, budget)
    except RuleError as fault:
        return _Rule(None, Decision(None, None, "ERROR", "PARSE_ERROR", str(fault)), {})


def _compiled(key: str, flag: object, segments: dict[str, Any], clock: Callable[[], float], budget: Budget) -> _Rule:
    if len(key) > MAX_NAME:
        raise RuleError(pointer("/flags", key[:MAX_NAME]), f"the key of a rule has {MAX_NAME} characters at most")
    place = pointer("/flags", key)
    if not isinstance(flag, dict):
        raise RuleError(place, f"a rule is an object, this is {kind(flag)}")
    variants, default = variants_of(flag, place), default_of(flag, place)
    if state_of(flag, place) == "DISABLED":
        return _Rule(None, Decision(None, None, "DISABLED"), {})
    targeting = targeting_of(flag, place)
    fallback = Decision(default, variants.get(default or ""), "DEFAULT")
    if not targeting:
        return _Rule(None, fallback._replace(reason="STATIC") if default else fallback, {})
    hash_name = hash_of(flag, place)
    compiler = Compiler(
        key=key, operators=OPERATORS, segments=segments, clock=clock, hash_name=hash_name, budget=budget
    )
    step = compiler.compile(targeting, pointer(place, "targeting"))
    matches = {name: Decision(name, value, "TARGETING_MATCH") for name, value in variants.items()}
    return _Rule(step, fallback, matches)


def variants_of(flag: dict[str, Any], place: str) -> dict[str, Any]:
    """The variants. Raises RuleError."""
    variants = flag.get("variants")
    if not isinstance(variants, dict) or not variants:
        raise RuleError(pointer(place, "variants"), "`variants` is an object with at least one variant")
    if empty := [name for name, value in variants.items() if value is None]:
        raise RuleError(pointer(place, "variants", empty[0]), NO_VALUE)
    return variants


def state_of(flag: dict[str, Any], place: str) -> str:
    """ENABLED or DISABLED. Raises RuleError."""
    if flag.get("state") not in STATES:
        raise RuleError(pointer(place, "state"), "`state` is ENABLED or DISABLED")
    return str(flag["state"])


def targeting_of(flag: dict[str, Any], place: str) -> dict[str, Any]:
    """The expression, empty when there is none. Raises RuleError."""
    targeting = flag.get("targeting")
    if targeting is not None and not isinstance(targeting, dict):
        raise RuleError(pointer(place, "targeting"), f"`targeting` is an object, this is {kind(targeting)}")
    return targeting or {}


def default_of(flag: dict[str, Any], place: str) -> str | None:
    """The variant of those that no branch names; none is allowed and leaves it to the caller."""
    default = flag.get("defaultVariant")
    if default is None or default == "":
        return None
    name = _variant_name(default)
    if not isinstance(default, (str, bool)) or name not in flag["variants"]:
        known = ", ".join(flag["variants"])
        raise RuleError(pointer(place, "defaultVariant"), f"{short(default)} is none of the variants: {known}")
    return name


def metadata_of(flag: object) -> dict[str, Any]:
    """The metadata, empty when there is none."""
    found = flag.get("metadata") if isinstance(flag, dict) else None
    return dict(found) if isinstance(found, dict) else {}


def hash_of(flag: dict[str, Any], place: str) -> str:
    """The name of the hash. Raises RuleError."""
    name = metadata_of(flag).get("hash", DEFAULT_HASH)
    if not isinstance(name, str) or name not in HASHES:
        known = ", ".join(HASHES)
        raise RuleError(pointer(place, "metadata", "hash"), f"there is no hash {short(name)}; known are {known}")
    return name


def _variant_name(value: Any) -> str | None:
    """The variant that a value names: true and false as in JSON, none by a list or an object."""
    if isinstance(value, (list, dict)):
        return None
    return str(value).lower() if isinstance(value, bool) else str(value)


def _told(value: Any) -> str:
    return kind(value) if isinstance(value, (list, dict)) else short(value)


def _wrong(message: str) -> Decision:
    return Decision(None, None, "ERROR", "GENERAL", message)


def kind(value: object) -> str:
    """What a value is, in words."""
    names = {
        dict: "an object",
        list: "a list",
        str: "a text",
        bool: "true or false",
        int: "a number",
        float: "a number",
    }
    return names.get(type(value), "nothing" if value is None else type(value).__name__)
