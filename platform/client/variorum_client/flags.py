"""A flag's value in the type that the app asked for: the app's own default in every other case."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any, NamedTuple

from variorum_client.delivery import Delivery
from variorum_client.handles import MISSING, LivePrompt, Served

NOT_READY = "PROVIDER_NOT_READY"


class FlagDetails(NamedTuple):
    """What a flag gave. `reason` and `code` are OpenFeature's; `code` and `message` are empty when all was well.

    With reason ERROR, DISABLED or DEFAULT without a variant, `value` is the app's own default.
    """

    value: Any
    variant: str | None
    reason: str
    code: str = ""
    message: str = ""


def details(delivery: Delivery, key: str, default: Any, context: Mapping[str, Any] | None) -> FlagDetails:
    """What a flag gives for a context, in the type of the default (any JSON for None). Never raises."""
    decision = delivery.flag(key, context)
    if decision.variant is None:
        return FlagDetails(default, None, decision.reason, decision.code, decision.message)
    value = decision.value
    if type(value) is type(default) or default is None:
        return FlagDetails(value, decision.variant, decision.reason)
    return _converted(key, value, decision.variant, decision.reason, default)


def artefact_details(served: Served, key: str, default: Any, context: Mapping[str, Any] | None) -> FlagDetails:
    """What `configs/<name>` or `prompts/<name>` gives as if it were a flag. Never raises."""
    delivery = served.delivery
    kind, _, name = key.partition("/")
    if delivery is None or kind not in ("configs", "prompts"):
        return FlagDetails(default, None, "ERROR", "FLAG_NOT_FOUND", f"{key!r} is neither a config nor a prompt.")
    value = served.config(name, context) if kind == "configs" else _described(served.prompt(name, context))
    if value is MISSING:
        return FlagDetails(default, None, "ERROR", "FLAG_NOT_FOUND", f"There is no {kind[:-1]} {name!r}.")
    choice = delivery.choose("configs" if kind == "configs" else "prompts", name, context)
    if type(value) is type(default) or default is None:
        return FlagDetails(value, choice.variant or None, choice.reason)
    return _converted(key, value, choice.variant, choice.reason, default)


def _described(prompt: LivePrompt | None) -> Any:
    """A prompt as plain JSON."""
    if prompt is None:
        return MISSING
    return {
        "name": prompt.name,
        "commit": prompt.commit,
        "variant": prompt.variant,
        "model": prompt.model,
        "config": prompt.config,
        "path": prompt.prompt.path,
        "source": prompt.prompt.source,
    }


def unready(default: Any, message: str) -> FlagDetails:
    """The default, because nothing is known yet."""
    return FlagDetails(default, None, "ERROR", NOT_READY, message)


def _converted(key: str, value: Any, variant: str, reason: str, default: Any) -> FlagDetails:
    """A number as whole or broken one, where nothing is lost; a list or object for one another; else the default."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    with suppress(OverflowError):
        if number and isinstance(default, float):
            return FlagDetails(float(value), variant, reason)
        if number and isinstance(default, int) and not isinstance(default, bool) and value == int(value):
            return FlagDetails(int(value), variant, reason)
    if isinstance(value, dict | list) and isinstance(default, dict | list | tuple):
        return FlagDetails(value, variant, reason)
    message = f"The flag {key!r} gives {type(value).__name__}, the app asked for {type(default).__name__}."
    return FlagDetails(default, None, "ERROR", "TYPE_MISMATCH", message)
