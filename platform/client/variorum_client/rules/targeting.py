"""flagd's own operators: fractional, starts_with, ends_with, sem_ver. What they cannot read is null, never false."""

import re
from itertools import accumulate
from typing import Any

from variorum_client.rules.buckets import HASHES, Bucket
from variorum_client.rules.faults import RuleError, pointer
from variorum_client.rules.logic import Compiler, Step, constant, is_constant
from variorum_client.rules.meter import FREE, spend, weigh

MAX_WEIGHT = 2**31 - 1
# Semantic Versioning 2.0.0, with flagd's leniency: a leading v, and missing minor and patch.
VERSION = re.compile(
    r"[vV]?(0|[1-9]\d{0,17})(?:\.(0|[1-9]\d{0,17}))?(?:\.(0|[1-9]\d{0,17}))?"
    r"(?:-((?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(?:\.(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*))?"
    r"(?:\+[0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*)?",
    re.ASCII,
)
Version = tuple[int, int, int, tuple[Any, ...]]


def fractional(compiler: Compiler, arguments: list[Any], place: str) -> Step:
    """{"fractional": [what to hash, ["a", 25], ["b", 75]]}; without the first, the rule's key and the targeting key.

    A share is [value] or [value, weight]; values and weights may be expressions. Null when there is nothing to hash.
    """
    if not arguments:
        raise RuleError(place, 'fractional needs at least one share, such as ["a", 50]')
    short = isinstance(arguments[0], list)
    by = _short_form(compiler.key) if short else compiler.compile(arguments[0], pointer(place, 0))
    shares = arguments if short else arguments[1:]
    values, weights = _shares(compiler, shares, place, 0 if short else 1)
    bucket = HASHES[compiler.hash_name]
    if all(map(is_constant, weights)):
        return _fixed(bucket, by, values, [_weight(weight(None)) for weight in weights], place)

    def pick(data: Any) -> Any:
        found = [_weight(weight(data)) for weight in weights]
        known = [weight for weight in found if weight is not None]
        return _picked(bucket, by, values, known, data) if len(known) == len(found) else None

    return pick


def _short_form(key: str) -> Step:
    def both(data: Any) -> Any:
        person = data.get("targetingKey") if isinstance(data, dict) else None
        return [key, person] if isinstance(person, str) and person else None

    return both


def _shares(compiler: Compiler, shares: list[Any], place: str, first: int) -> tuple[list[Step], list[Step]]:
    values, weights = [], []
    if not shares:
        raise RuleError(place, 'fractional needs at least one share, such as ["a", 50]')
    for i, share in enumerate(shares, first):
        if not isinstance(share, list) or not 1 <= len(share) <= 2:
            compiler.wrong(RuleError(pointer(place, i), "a share is [value] or [value, weight]"))
            continue
        values.append(compiler.compile(share[0], pointer(place, i, 0)))
        weight = compiler.compile(share[1], pointer(place, i, 1)) if len(share) == 2 else constant(1)
        if is_constant(weight) and _weight(weight(None)) is None:
            compiler.wrong(RuleError(pointer(place, i, 1), "a weight is a whole number"))
        weights.append(weight)
    return values, weights


def _weight(value: Any) -> int | None:
    """A whole number; a negative one, which a computed ramp may give, counts as 0. None for anything else."""
    if type(value) is float and value.is_integer():  # JSON does not tell 1 from 1.0
        return max(int(value), 0)
    return max(value, 0) if type(value) is int else None


def _fixed(bucket: Bucket, by: Step, values: list[Step], weights: list[int | None], place: str) -> Step:
    known = [weight for weight in weights if weight is not None]
    if sum(known) > MAX_WEIGHT:
        raise RuleError(place, f"the weights add up to more than {MAX_WEIGHT:,}")
    ends = list(accumulate(known))
    total = sum(known)
    if total and len(ends) == 2 and all(map(is_constant, values)):  # a ramp: in or out
        first, second, border = values[0](None), values[1](None), ends[0]

        def in_or_out(data: Any) -> Any:
            value = by(data)
            if type(value) is not str or len(value) > FREE:
                weigh(value)
            place_of = bucket(value, total)
            return None if place_of is None else first if place_of < border else second

        return in_or_out
    return lambda data: _picked(bucket, by, values, known, data)


def _picked(bucket: Bucket, by: Step, values: list[Step], weights: list[int], data: Any) -> Any:
    total = sum(weights)
    if not 0 < total <= MAX_WEIGHT:
        return None
    value = by(data)
    weigh(value)
    place_of = bucket(value, total)
    if place_of is None:
        return None
    for step, end in zip(values, accumulate(weights), strict=True):
        if place_of < end:
            return step(data)
    return None


def starts_with(*values: Any) -> bool | None:
    """Whether the first text begins with the second; null unless there are two texts."""
    return _texts(values) and values[0].startswith(values[1])


def ends_with(*values: Any) -> bool | None:
    """Whether the first text ends with the second; null unless there are two texts."""
    return _texts(values) and values[0].endswith(values[1])


def _texts(values: tuple[Any, ...]) -> bool | None:
    return True if len(values) == 2 and all(isinstance(one, str) for one in values) else None


def sem_ver(*values: Any) -> bool | None:
    """[version, operator, version] with = != < <= > >=, ^ (same major) and ~ (same minor). Null for anything else."""
    if len(values) != 3:
        return None
    a, b = version(values[0]), version(values[2])
    if a is None or b is None:
        return None
    return {
        "=": a == b,
        "!=": a != b,
        "<": a < b,
        "<=": a <= b,
        ">": a > b,
        ">=": a >= b,
        "^": a[0] == b[0],
        "~": a[:2] == b[:2],
    }.get(values[1] if isinstance(values[1], str) else "")


def version(value: Any) -> Version | None:
    """A version in an order that compares as semver.org's item 11 says; its build part does not count."""
    if not isinstance(value, (str, int, float)):
        return None
    if isinstance(value, str) and len(value) < 200:
        spend(len(value))
    found = VERSION.fullmatch(str(value)) if len(str(value)) < 200 else None
    if found is None:
        return None
    major, minor, patch, before = found.groups()
    marks = tuple((0, int(one), "") if one.isdigit() else (1, 0, one) for one in before.split(".")) if before else ()
    return int(major), int(minor or 0), int(patch or 0), ((0, *marks) if marks else (1,))
