"""What an environment gives one caller, worked out here for thin clients: commits, variants, contents, values of flags.

Pure: a compiled delivery and the bytes of a request come in, the bytes of an answer go out. The lane and the ordinary
view share it.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal, NamedTuple

import orjson

from variorum.deployments.rule_trial import checked_context
from variorum.lib.errors import Invalid
from variorum_client.delivery import Choice, Delivery
from variorum_client.formats import Prompt, RenderError
from variorum_client.rules import Decision

MAX_BODY = 1_000_000
MAX_NAMES = 1_000
MAX_RENDERED = 20
ALL: Literal["all"] = "all"
MEMBERS = ("context", "variables", "prompts", "configs", "flags")
SHORT = 10  # characters of a commit's id that name it where no rule did


class Reply(NamedTuple):
    """An answer: status, body, and headers beside those that every answer has."""

    status: int
    body: bytes
    headers: dict[str, str]


class Asked(NamedTuple):
    """What a request wants. A tuple of names, or all there are; `variables` None: nothing is to be rendered."""

    context: dict[str, Any]
    variables: dict[str, Any] | None
    prompts: tuple[str, ...] | Literal["all"]
    configs: tuple[str, ...] | Literal["all"]
    flags: tuple[str, ...] | Literal["all"]


def read(body: bytes) -> Asked:
    """The request in a body. Raises Invalid naming the member at fault. Without any names everything is wanted."""
    data = parse(body)
    if unknown := sorted(data.keys() - set(MEMBERS)):
        raise _bad(unknown[0][:100], "unknown_field", f"Send {', '.join(MEMBERS)}; there is nothing else.")
    variables = data.get("variables")
    if variables is not None and not isinstance(variables, dict):
        raise _bad("variables", "invalid", "The variables are an object.")
    everything: Any = None if data.keys() & {"prompts", "configs", "flags"} else ALL
    names = {kind: _names(kind, data.get(kind, everything)) for kind in ("prompts", "configs", "flags")}
    if variables is not None and (names["prompts"] == ALL or len(names["prompts"]) > MAX_RENDERED):
        raise _bad("prompts", "too_many", f"With variables, name the prompts to render: at most {MAX_RENDERED}.")
    context = data.get("context")
    return Asked(checked_context({} if context is None else context), variables, **names)


def parse(body: bytes) -> dict[str, Any]:
    """The JSON object in a body. Raises Invalid."""
    try:
        data = orjson.loads(body)
    except orjson.JSONDecodeError as fault:
        raise Invalid(f"The body is not JSON: {fault}.", code="invalid_json") from None
    if not isinstance(data, dict):
        raise Invalid("The body is an object.")
    return data


def dumps(value: Any) -> bytes:
    """As JSON; by the slow writer what orjson does not write (whole numbers beyond 64 bits)."""
    try:
        return orjson.dumps(value)
    except orjson.JSONEncodeError:
        return json.dumps(value, separators=(",", ":")).encode()


def answer(delivery: Delivery, asked: Asked) -> dict[str, Any]:
    """What the caller gets, by kind and name; what is wrong with one of them stands in its place as `error`."""
    return {
        "commit": delivery.live.commit,
        "etag": delivery.etag,
        "prompts": {
            name: _artefact(delivery, "prompts", name, asked.context, lambda prompt: _prompt(prompt, asked.variables))
            for name in _chosen(asked.prompts, names(delivery, "prompts"))
        },
        "configs": {
            name: _artefact(delivery, "configs", name, asked.context, lambda value: {"value": value})
            for name in _chosen(asked.configs, names(delivery, "configs"))
        },
        "flags": {
            key: _flag(delivery.flag(key, asked.context)) for key in _chosen(asked.flags, list(delivery.flags()))
        },
    }


def names(delivery: Delivery, kind: Literal["prompts", "configs"]) -> list[str]:
    """The artefacts of a kind that somebody may get."""
    return sorted({name for commit in delivery.commits for name in getattr(delivery.bundle(commit), kind)})


def chosen(
    delivery: Delivery, kind: Literal["prompts", "configs"], name: str, context: Mapping[str, Any]
) -> tuple[Choice, Any]:
    """The commit that a caller gets of an artefact, and the artefact in it. Raises LookupError when it has none."""
    choice = delivery.choose(kind, name, context)
    return choice, getattr(delivery.bundle(choice.commit), kind)[name]


def facts(prompt: Prompt) -> dict[str, Any]:
    """What a client needs of a prompt besides its text."""
    return {"model": prompt.model, "config": prompt.config, "adapter": prompt.adapter}


def _artefact(
    delivery: Delivery,
    kind: Literal["prompts", "configs"],
    name: str,
    context: Mapping[str, Any],
    content: Callable[[Any], dict[str, Any]],
) -> dict[str, Any]:
    try:
        choice, found = chosen(delivery, kind, name, context)
    except LookupError:
        return _error("not_found", f"What this caller gets has no {kind[:-1]} {name[:200]!r}.")
    who = {"commit": choice.commit, "variant": choice.variant, "reason": choice.reason}
    try:
        return {**who, **content(found)}
    except RenderError as fault:
        return {**who, **_error(fault.code, fault.message)}


def _prompt(prompt: Prompt, variables: dict[str, Any] | None) -> dict[str, Any]:
    if variables is None:
        return {**facts(prompt), "source": prompt.source, "input_schema": prompt.input_schema}
    return {**facts(prompt), "messages": prompt.messages(variables)}


def _flag(decision: Decision) -> dict[str, Any]:
    if decision.code:
        return _error(decision.code.lower(), decision.message)
    return {"value": decision.value, "variant": decision.variant, "reason": decision.reason}


def _error(code: str, detail: str) -> dict[str, Any]:
    return {"error": {"code": code, "detail": detail}}


def _chosen(wanted: tuple[str, ...] | Literal["all"], known: list[str]) -> Iterable[str]:
    return known if wanted == ALL else wanted


def _names(kind: str, value: Any) -> Any:
    if value is None:
        return ()
    if value == ALL:
        return ALL
    if not isinstance(value, list) or len(value) > MAX_NAMES or not all(isinstance(one, str) for one in value):
        raise _bad(kind, "invalid", f'This is "all", or a list of at most {MAX_NAMES:,} names.')
    return tuple(dict.fromkeys(value))


def _bad(where: str, code: str, detail: str) -> Invalid:
    return Invalid(f"{where}: {detail}", errors=[{"where": where, "code": code, "detail": detail}])
