"""OpenFeature's Remote Evaluation Protocol 0.3: what a flag is here, and what is answered.

A value rule is a flag by its key. Every prompt and every config is an object flag too: `prompts.support.triage`,
`configs.limits` (keys go into addresses, so the slashes of names become dots). A rule with such a key goes before the
artefact, and of two names that become the same one the first in order. The variant is the rule's, else the short id of
the commit. Pure, as `evaluation`.
"""

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Literal

from variorum.deployments import etags
from variorum.deployments.evaluation import SHORT, Reply, chosen, dumps, facts, names, parse
from variorum.deployments.rule_trial import checked_context
from variorum.lib.errors import Detail, Invalid, problem_document
from variorum_client.delivery import Choice, Delivery
from variorum_client.rules import Decision

REASONS = {"STATIC", "TARGETING_MATCH", "SPLIT", "DISABLED"}  # beside UNKNOWN, which stands for every other
INACTIVITY = 120  # seconds after which a hidden page may close its stream
ROOM = 2_000_000  # bytes of answers that are kept for one delivery


class _Flag:
    """One flag: a value rule, or an artefact by its name. `floats`: its numbers are sent as 1.0. `said` are the answers
    that were given, as JSON: a flag has few, however many ask."""

    __slots__ = ("floats", "kind", "name", "said")

    def __init__(self, kind: Literal["flags", "prompts", "configs"], name: str, *, floats: bool = False) -> None:
        self.kind, self.name, self.floats = kind, name, floats
        self.said: dict[Choice | int, tuple[Decision | None, bytes]] = {}


class _Known:
    """The flags of a delivery by their keys, and room for their answers. Deliveries are few and compiled once."""

    def __init__(self, delivery: Delivery) -> None:
        self.flags = _flags(delivery)
        self._room = ROOM

    def keep(self, flag: _Flag, made_of: Choice | Decision, answer: dict[str, Any]) -> bytes:
        """The answer as JSON, kept while there is room. A decision that is no fault is made once for its rule, and is
        known by being that very one."""
        found = dumps(answer)
        if len(found) <= self._room:
            self._room -= len(found)
            if isinstance(made_of, Decision):
                flag.said[id(made_of)] = made_of, found
            else:
                flag.said[made_of] = None, found
        return found


_known = lru_cache(maxsize=32)(_Known)


def one(delivery: Delivery, key: str, body: bytes) -> Reply:
    """The answer to the evaluation of one flag."""
    try:
        context = _context(body)
    except Invalid as fault:
        return _refused(400, {"key": key, **_refusal(fault)}, fault.stable_code, fault.errors)
    name = key.replace("/", ".")  # no key has a slash, names may be asked with theirs
    known = _known(delivery)
    flag = known.flags.get(name)
    if flag is None:
        found: bytes | dict[str, Any] = _failure("FLAG_NOT_FOUND", f"There is no flag {key[:200]!r} here.")
    else:
        found = _answered(delivery, known, name, flag, context)
    if isinstance(found, bytes):
        return Reply(200, found if name == key else dumps({**parse(found), "key": key}), {})
    status = 404 if found["errorCode"] == "FLAG_NOT_FOUND" else 400
    return _refused(status, {**found, "key": key}, found["errorCode"].lower())


def every(delivery: Delivery, body: bytes, if_none_match: bytes, stream: str) -> Reply:
    """The answer to the evaluation of all flags; `stream` is the address at which changes are told.

    The ETag is made of the results, so it changes when this caller's do.
    """
    try:
        context = _context(body)
    except Invalid as fault:
        return _refused(400, _refusal(fault), fault.stable_code, fault.errors)
    pieces, known = [], _known(delivery)
    for key, flag in known.flags.items():
        found = _answered(delivery, known, key, flag, context)
        if isinstance(found, bytes):
            pieces.append(found)
        elif found["errorCode"] != "FLAG_NOT_FOUND":
            pieces.append(dumps(found))
    flags = b"[" + b",".join(pieces) + b"]"
    etag = etags.etag_of(hashlib.sha256(flags).hexdigest()[:32])
    if if_none_match and etags.matches(if_none_match, etag.encode()):
        return Reply(304, b"", {"etag": etag})
    rest = {
        "metadata": {"commit": delivery.live.commit, "hash": delivery.hash},
        "eventStreams": [{"type": "sse", "endpoint": {"requestUri": stream}, "inactivityDelaySec": INACTIVITY}],
    }
    whole = b'{"flags":' + flags + b"," + dumps(rest)[1:]
    return Reply(200, whole, {"etag": etag})


def refusal(details: str, key: str | None) -> dict[str, str]:
    """OFREP's members of a refusal that is not about a flag; of one flag when `key` is given."""
    return {**({"key": key} if key else {}), **_failure("GENERAL", details)}


def _context(body: bytes) -> dict[str, Any]:
    context = parse(body).get("context")
    found = checked_context({} if context is None else context)
    if not isinstance(found.get("targetingKey", ""), str):
        raise Invalid("The targetingKey is a text.", code="bad_context")
    return found


def _refusal(fault: Invalid) -> dict[str, str]:
    return _failure("PARSE_ERROR" if fault.stable_code == "invalid_json" else "INVALID_CONTEXT", fault.detail)


def _failure(code: str, details: str) -> dict[str, str]:
    return {"errorCode": code, "errorDetails": details}


def _refused(status: int, about: dict[str, Any], code: str, errors: Sequence[Detail] = ()) -> Reply:
    """OFREP's members of a refusal, and those of our own problem document beside them."""
    detail = about["errorDetails"]
    return Reply(
        status, dumps(problem_document(status=status, code=code, detail=detail, errors=errors, extra=about)), {}
    )


def _flags(delivery: Delivery) -> dict[str, _Flag]:
    found = {key: _Flag("flags", key, floats=_has_floats(delivery, key)) for key in delivery.flags()}
    for kind in ("prompts", "configs"):
        for name in names(delivery, kind):
            found.setdefault(f"{kind}.{name.replace('/', '.')}", _Flag(kind, name))
    return found


def _has_floats(delivery: Delivery, key: str) -> bool:
    """Whether a variant of a flag is a broken number: then 1 is sent as 1.0, for clients that ask for a float."""
    flag = delivery.document["flags"][key]
    variants = flag.get("variants") if isinstance(flag, dict) else None
    return isinstance(variants, dict) and any(type(value) is float for value in variants.values())


def _answered(
    delivery: Delivery, known: _Known, key: str, flag: _Flag, context: dict[str, Any]
) -> bytes | dict[str, Any]:
    """What a caller gets of a flag: the answer as JSON, or the failure."""
    if flag.kind == "flags":
        decision = delivery.rules.decide(key, context)  # none of these rules gives commits
        kept = flag.said.get(id(decision))
        if kept is not None and kept[0] is decision:
            return kept[1]
        if decision.code:
            return {"key": key, **_failure(decision.code, decision.message)}
        return known.keep(flag, decision, _decided(delivery, key, flag, decision))
    try:
        choice, found = chosen(delivery, flag.kind, flag.name, context)
    except LookupError:
        return {"key": key, **_failure("FLAG_NOT_FOUND", f"What this caller gets has no {key[:200]!r}.")}
    kept = flag.said.get(choice)
    return kept[1] if kept is not None else known.keep(flag, choice, _chosen(key, flag, choice, found))


def _chosen(key: str, flag: _Flag, choice: Choice, found: Any) -> dict[str, Any]:
    value = found
    if flag.kind == "prompts":
        about = {"source": found.source, "input_schema": found.input_schema}
        value = {"commit": choice.commit, "name": flag.name, **facts(found), **about}
    variant = choice.variant or choice.commit[:SHORT]
    return {"key": key, "value": value, "variant": variant, **_why(choice.reason, choice.commit)}


def _decided(delivery: Delivery, key: str, flag: _Flag, decision: Decision) -> dict[str, Any]:
    said = {"variant": decision.variant or "", **_why(decision.reason, delivery.live.commit)}
    if decision.variant is None:  # the app's own default holds
        return {"key": key, **said}
    value = float(decision.value) if flag.floats and type(decision.value) is int else decision.value
    return {"key": key, "value": value, **said}


def _why(reason: str, commit: str) -> dict[str, Any]:
    """The reason in OFREP's words; one that it has no word for (DEFAULT) stands in the metadata."""
    if reason in REASONS:
        return {"reason": reason, "metadata": {"commit": commit}}
    return {"reason": "UNKNOWN", "metadata": {"commit": commit, "reason": reason}}
