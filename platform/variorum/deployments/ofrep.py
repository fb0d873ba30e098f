"""OpenFeature's Remote Evaluation Protocol 0.3: what a flag is here, and what is answered.

A value rule is a flag by its key. Every prompt and every config is an object flag too: `prompts.support.triage`,
`configs.limits` (keys go into addresses, so the slashes of names become dots). A rule with such a key goes before the
artefact, and of two names that become the same one the first in order. The variant is the rule's, else the short id of
the commit. Pure, as `evaluation`.
"""

import hashlib
from functools import lru_cache
from typing import Any, Literal, NamedTuple

from variorum.deployments import etags
from variorum.deployments.evaluation import SHORT, Reply, chosen, dumps, facts, names, parse
from variorum.deployments.rule_trial import checked_context
from variorum.lib.errors import Invalid
from variorum_client.delivery import Delivery

REASONS = {"STATIC", "TARGETING_MATCH", "SPLIT", "DISABLED"}  # beside UNKNOWN, which stands for every other
INACTIVITY = 120  # seconds after which a hidden page may close its stream


class _Flag(NamedTuple):
    """One flag: a value rule, or an artefact by its name. `floats`: its numbers are sent as 1.0."""

    kind: Literal["flags", "prompts", "configs"]
    name: str
    floats: bool = False


def one(delivery: Delivery, key: str, body: bytes) -> Reply:
    """The answer to the evaluation of one flag."""
    try:
        context = _context(body)
    except Invalid as fault:
        return _reply(400, {"key": key, **_refusal(fault)})
    found = _evaluated(delivery, key, context)
    status = {None: 200, "FLAG_NOT_FOUND": 404}.get(found.get("errorCode"), 400)
    return _reply(status, found)


def every(delivery: Delivery, body: bytes, if_none_match: bytes, stream: str) -> Reply:
    """The answer to the evaluation of all flags; `stream` is the address at which changes are told.

    The ETag is made of the results, so it changes when this caller's do.
    """
    try:
        context = _context(body)
    except Invalid as fault:
        return _reply(400, _refusal(fault))
    found = [_evaluated(delivery, key, context) for key in _flags(delivery)]
    flags = dumps([one for one in found if one.get("errorCode") != "FLAG_NOT_FOUND"])
    etag = etags.etag_of(hashlib.sha256(flags).hexdigest()[:32])
    if if_none_match and etags.matches(if_none_match, etag.encode()):
        return Reply(304, b"", {"etag": etag})
    rest = {
        "metadata": {"commit": delivery.live.commit, "hash": delivery.hash},
        "eventStreams": [{"type": "sse", "endpoint": {"requestUri": stream}, "inactivityDelaySec": INACTIVITY}],
    }
    whole = b'{"flags":' + flags + b"," + dumps(rest)[1:]
    return Reply(200, whole, {"etag": etag})


def nothing(key: str | None, environment: str) -> dict[str, str]:
    """OFREP's members of the refusal where nothing is deployed."""
    text = f"Nothing is deployed to {environment[:63]!r}."
    return {"key": key, "errorCode": "FLAG_NOT_FOUND", "errorDetails": text} if key else _failure("GENERAL", text)


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


def _reply(status: int, data: dict[str, Any]) -> Reply:
    return Reply(status, dumps(data), {})


@lru_cache(maxsize=64)
def _flags(delivery: Delivery) -> dict[str, _Flag]:
    """The flags of a delivery by their keys. Deliveries are few and compiled once."""
    found = {key: _Flag("flags", key, _has_floats(delivery, key)) for key in delivery.flags()}
    for kind in ("prompts", "configs"):
        for name in names(delivery, kind):
            found.setdefault(f"{kind}.{name.replace('/', '.')}", _Flag(kind, name))
    return found


def _has_floats(delivery: Delivery, key: str) -> bool:
    """Whether a variant of a flag is a broken number: then 1 is sent as 1.0, for clients that ask for a float."""
    flag = delivery.document["flags"][key]
    variants = flag.get("variants") if isinstance(flag, dict) else None
    return isinstance(variants, dict) and any(type(value) is float for value in variants.values())


def _evaluated(delivery: Delivery, key: str, context: dict[str, Any]) -> dict[str, Any]:
    flag = _flags(delivery).get(key.replace("/", "."))  # no key has a slash, names may be asked with theirs
    if flag is None:
        return {"key": key, **_failure("FLAG_NOT_FOUND", f"There is no flag {key[:200]!r} here.")}
    if flag.kind == "flags":
        return _decided(delivery, key, flag, context)
    try:
        choice, found = chosen(delivery, flag.kind, flag.name, context)
    except LookupError:
        return {"key": key, **_failure("FLAG_NOT_FOUND", f"What this caller gets has no {key[:200]!r}.")}
    value = found
    if flag.kind == "prompts":
        about = {"source": found.source, "input_schema": found.input_schema}
        value = {"commit": choice.commit, "name": flag.name, **facts(found), **about}
    variant = choice.variant or choice.commit[:SHORT]
    return {"key": key, "value": value, "variant": variant, **_why(choice.reason, choice.commit)}


def _decided(delivery: Delivery, key: str, flag: _Flag, context: dict[str, Any]) -> dict[str, Any]:
    decision = delivery.flag(key, context)
    if decision.code:
        return {"key": key, **_failure(decision.code, decision.message)}
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
