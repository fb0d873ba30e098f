"""Operators that look at every element of a list: map, filter, reduce, all, some, none."""

from collections.abc import Callable
from typing import Any

from variorum_client.rules.faults import MAX_ITEMS, MAX_LOOPS, RuleError, TooMuch, pointer
from variorum_client.rules.logic import Compiler, Step, constant
from variorum_client.rules.meter import spend
from variorum_client.rules.values import truthy

Source = Callable[[Any], list[Any]]


def _parts(compiler: Compiler, arguments: list[Any], place: str) -> tuple[Source, Step]:
    """The list, in the scope around, and what is done with each element, in a scope of its own."""
    if compiler.loops >= MAX_LOOPS:
        raise RuleError(place, f"loops may be nested {MAX_LOOPS} deep")
    if len(arguments) < 2:
        raise RuleError(place, "a loop needs a list and what to do with each element")
    compiler.loops += 1
    try:
        source = compiler.compile(arguments[0], pointer(place, 0))
        before = compiler.steps
        work = compiler.compile(arguments[1], pointer(place, 1))
        return _paid(source, compiler.steps - before), work
    finally:
        compiler.loops -= 1


def _paid(source: Step, parts: int) -> Source:
    """The elements, with what the loop does with them paid for: so many parts each."""

    def items(data: Any) -> list[Any]:
        value = source(data)
        if not isinstance(value, list):
            return []
        if len(value) > MAX_ITEMS:
            raise TooMuch(f"a loop looks at {MAX_ITEMS} elements at most, the list has {len(value):,}")
        spend(len(value) * parts)
        return value

    return items


def each(compiler: Compiler, arguments: list[Any], place: str) -> Step:
    """`map`."""
    source, work = _parts(compiler, arguments, place)
    return lambda data: [work(one) for one in source(data)]


def chosen(compiler: Compiler, arguments: list[Any], place: str) -> Step:
    """`filter`."""
    source, test = _parts(compiler, arguments, place)
    return lambda data: [one for one in source(data) if truthy(test(one))]


def reduced(compiler: Compiler, arguments: list[Any], place: str) -> Step:
    """`reduce`: the scope has `current` and `accumulator`; the third argument is the first accumulator."""
    source, work = _parts(compiler, arguments, place)
    start = compiler.compile(arguments[2], pointer(place, 2)) if len(arguments) > 2 else constant(None)

    def fold(data: Any) -> Any:
        made = start(data)
        for one in source(data):
            made = work({"current": one, "accumulator": made})
        return made

    return fold


def all_hold(compiler: Compiler, arguments: list[Any], place: str) -> Step:
    """`all`; false for an empty list, as json-logic-js has it."""
    source, test = _parts(compiler, arguments, place)

    def hold(data: Any) -> bool:
        items = source(data)
        return bool(items) and all(truthy(test(one)) for one in items)

    return hold


def some_hold(compiler: Compiler, arguments: list[Any], place: str) -> Step:
    """`some`."""
    source, test = _parts(compiler, arguments, place)
    return lambda data: any(truthy(test(one)) for one in source(data))


def none_hold(compiler: Compiler, arguments: list[Any], place: str) -> Step:
    """`none`."""
    source, test = _parts(compiler, arguments, place)
    return lambda data: not any(truthy(test(one)) for one in source(data))
