"""Everything that is wrong with a document of rules, before anybody stores it."""

import time
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any

from variorum_client.rules.buckets import DEFAULT_HASH
from variorum_client.rules.document import (
    NO_VALUE,
    default_of,
    hash_of,
    kind,
    metadata_of,
    parts,
    state_of,
    targeting_of,
    variants_of,
)
from variorum_client.rules.faults import MAX_ALL_FAULTS, MAX_FAULTS, MAX_NAME, RuleError, pointer, short
from variorum_client.rules.logic import Budget, Compiler
from variorum_client.rules.operators import OPERATORS


def check(document: object) -> list[RuleError]:
    """Everything that is wrong with a document, each with its place; empty when it may be stored.

    A rule to be stored must name its hash and have variants that its shares and branches can name. Of one rule the
    first 20 faults are named, of all the first 200; what is wrong with a segment stands there once.
    """
    try:
        flags, segments = parts(document)
    except RuleError as fault:
        return [fault]
    found: dict[str, RuleError] = {}
    budget, splitting = Budget(), _splitting(segments)
    for key in sorted(flags):
        for one in _faults(str(key), flags[key], segments, budget, splitting):
            found.setdefault(str(one), one)
        if len(found) > MAX_ALL_FAULTS:
            break
    more = RuleError("/flags", f"there are more than {MAX_ALL_FAULTS} faults; these are the first")
    return list(found.values()) if len(found) <= MAX_ALL_FAULTS else [*list(found.values())[:MAX_ALL_FAULTS], more]


def _faults(
    key: str, flag: object, segments: Mapping[str, Any], budget: Budget, splitting: set[str]
) -> list[RuleError]:
    """What is wrong with one rule."""
    found: list[RuleError] = []
    place = pointer("/flags", key[:MAX_NAME])

    def tried(work: Callable[..., Any], *given: Any) -> Any:
        try:
            return work(*given)
        except RuleError as fault:
            found.append(fault)
            return None

    if len(key) > MAX_NAME:
        found.append(RuleError(place, f"the key of a rule has {MAX_NAME} characters at most"))
    if not isinstance(flag, dict):
        return [*found, RuleError(place, f"a rule is an object, this is {kind(flag)}")]
    variants = flag.get("variants")
    if isinstance(variants, dict) and variants:
        found += [
            RuleError(pointer(place, "variants", name), NO_VALUE) for name, one in variants.items() if one is None
        ]
        tried(default_of, flag, place)
    else:
        tried(variants_of, flag, place)
    state = tried(state_of, flag, place)
    targeting = tried(targeting_of, flag, place)
    if targeting and state != "DISABLED":
        name = tried(hash_of, flag, place) or DEFAULT_HASH
        compiler = Compiler(
            key=key,
            operators=OPERATORS,
            segments=segments,
            clock=time.time,
            hash_name=name,
            budget=budget,
            faults=found,
        )
        tried(compiler.compile, targeting, pointer(place, "targeting"))
        if isinstance(variants, dict) and variants:
            found += islice(_unknown(targeting, variants, pointer(place, "targeting")), MAX_FAULTS)
    tried(_named_hash, flag, splitting, place)
    return found


def _unknown(targeting: object, variants: Mapping[str, Any], place: str) -> Iterator[RuleError]:
    """Names that a branch or a share gives and that are no variant: whoever gets there would get an error."""
    known = ", ".join(islice(variants, 20))
    waiting = [(targeting, place)]
    while waiting:
        one, at = waiting.pop()
        if isinstance(one, str) and one not in variants:
            yield RuleError(at, f"{short(one)} is none of the variants: {known}")
        if not isinstance(one, dict) or len(one) != 1:
            continue
        operator, given = next(iter(one.items()))
        if not isinstance(given, list):
            continue
        if operator == "if":
            results = [i for i in range(len(given)) if i % 2 or (i == len(given) - 1)]
            waiting += [(given[i], pointer(at, operator, i)) for i in results]
        elif operator == "fractional":
            shares = [i for i in range(len(given)) if isinstance(given[i], list) and given[i]]
            waiting += [(given[i][0], pointer(at, operator, i, 0)) for i in shares]


def _named_hash(flag: object, splitting: set[str], place: str) -> None:
    if isinstance(flag, dict) and "hash" not in metadata_of(flag):
        splits, named = _parts_of(flag.get("targeting"))
        if splits or not splitting.isdisjoint(named):
            raise RuleError(
                pointer(place, "metadata", "hash"),
                f"a rule that splits people names its hash, for example {DEFAULT_HASH!r}, "
                "so that nobody is moved later",
            )


def _splitting(segments: dict[str, Any]) -> set[str]:
    """The segments in which `fractional` occurs, or in one that they name. Each is walked once."""
    named_by: dict[str, list[str]] = {}
    found, waiting = set(), []
    for segment, expression in segments.items():
        splits, named = _parts_of(expression)
        waiting.extend([segment] if splits else [])
        for name in named:
            named_by.setdefault(name, []).append(segment)
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            waiting.extend(named_by.get(one, ()))
    return found


def _parts_of(expression: object) -> tuple[bool, set[str]]:
    """Whether `fractional` occurs in an expression, and the segments that it names."""
    waiting, splits, named = [expression], False, set()
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            splits = splits or "fractional" in one
            if isinstance(one.get("$ref"), str):
                named.add(one["$ref"])
            waiting.extend(one.values())
        elif isinstance(one, list):
            waiting.extend(one)
    return splits, named
