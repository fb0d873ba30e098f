"""jsonschema under a budget: every keyword counts, texts are matched only as far as a pattern stays quick."""

import json
import re
import time
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from functools import lru_cache
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend, validator_for
from referencing import Registry

MAX_STEPS = 300_000
MAX_SECONDS = 2.0
_CLOCK_EVERY = 512
_REACH = (1_000_000, 10_000, 1_000, 300)  # characters that a pattern with so many open repetitions may be tried on
_REPEATS = re.compile(r"[*+]|,\}")
_ESCAPES = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]])*\]")

Keyword = Callable[[Any, Any, Any, Any], Iterator[ValidationError] | None]


class BudgetError(Exception):
    """The validation would have taken too long."""


class _Budget:
    def __init__(self) -> None:
        self.steps, self.deadline = 0, time.thread_time() + MAX_SECONDS

    def step(self) -> None:
        self.steps += 1
        if self.steps > MAX_STEPS or (self.steps % _CLOCK_EVERY == 0 and time.thread_time() > self.deadline):
            raise BudgetError


_budget: ContextVar[_Budget] = ContextVar("variorum_schema_budget")


def errors_of(schema: dict[str, Any], value: Any) -> Iterator[ValidationError]:
    """The errors of a value, one by one. Raises BudgetError; never asks the network for a reference."""
    validator = _bounded(validator_for(schema, default=Draft202012Validator))
    token = _budget.set(_Budget())
    try:
        yield from validator(schema, registry=Registry()).iter_errors(value)
    finally:
        _budget.reset(token)


def bare(pattern: str) -> str:
    """A pattern with every escape and character class replaced by a plain letter."""
    return _ESCAPES.sub("x", pattern)


def open_repeats(pattern: str) -> int:
    """How many repetitions without an upper bound a pattern has."""
    return len(_REPEATS.findall(bare(pattern)))


@lru_cache(maxsize=8)
def _bounded(kind: Any) -> Any:
    """A draft's validator whose keywords count."""
    own: dict[str, Keyword] = {
        "pattern": _pattern,
        "patternProperties": _pattern_properties(kind),
        "uniqueItems": _unique,
    }
    known: dict[str, Keyword] = dict(kind.VALIDATORS)
    extended: Callable[..., Any] = extend
    return extended(kind, {name: _counted(own.get(name, keyword)) for name, keyword in known.items()})


def _counted(keyword: Keyword) -> Keyword:
    def counted(validator: Any, wanted: Any, instance: Any, schema: Any) -> Iterator[ValidationError] | None:
        _budget.get().step()
        return keyword(validator, wanted, instance, schema)

    return counted


def _pattern(validator: Any, pattern: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
    if not validator.is_type(instance, "string"):
        return
    if len(instance) > _reach(pattern):
        yield ValidationError(f"the text is too long ({len(instance):,} characters) to be tried against a pattern")
    elif not re.search(pattern, instance):
        yield ValidationError(f"{instance!r} does not match {pattern!r}")


def _pattern_properties(kind: Any) -> Keyword:
    original = kind.VALIDATORS["patternProperties"]

    def keyword(validator: Any, patterns: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
        longest = max(map(len, instance), default=0) if validator.is_type(instance, "object") else 0
        if any(longest > _reach(pattern) for pattern in patterns):
            yield ValidationError("a key is too long to be tried against a pattern")
        else:
            yield from original(validator, patterns, instance, schema)

    return keyword


def _reach(pattern: str) -> int:
    return _REACH[min(open_repeats(pattern), len(_REACH) - 1)]


def _unique(validator: Any, wanted: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
    """uniqueItems in linear time: jsonschema compares every pair of objects."""
    if wanted and validator.is_type(instance, "array") and len(set(map(_spelling, instance))) < len(instance):
        yield ValidationError("the list holds something twice")


def _spelling(value: Any) -> str:
    return json.dumps(_normal(value), sort_keys=True)


def _normal(value: Any) -> Any:
    """1.0 is 1 to JSON Schema."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [_normal(item) for item in value]
    return {key: _normal(item) for key, item in value.items()} if isinstance(value, dict) else value
