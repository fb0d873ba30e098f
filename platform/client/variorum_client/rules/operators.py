"""The operators of a rule, each a function that makes its closure."""

from collections.abc import Callable
from typing import Any

from variorum_client.rules import loops, targeting
from variorum_client.rules.faults import MAX_ITEMS, MAX_TEXT, RuleError, TooMuch
from variorum_client.rules.logic import Compiler, Maker, Step, constant, is_constant
from variorum_client.rules.meter import FREE, looked_through, spend
from variorum_client.rules.paths import look, missing, missing_some, plain, var
from variorum_client.rules.values import less, loosely_equal, number, strictly_equal, text, tidy, truthy


def _values(count: int | None, work: Callable[..., Any]) -> Maker:
    """An operator whose arguments are all wanted: cut to `count` or filled up with null, as JavaScript does."""

    def make(compiler: Compiler, arguments: list[Any], place: str) -> Step:
        steps = compiler.all(arguments, place)
        if count is not None:
            steps = (steps + [constant(None)] * count)[:count]
        if len(steps) == 1:
            (only,) = steps
            return lambda data: work(only(data))
        if len(steps) == 2:
            left, right = steps
            return lambda data: work(left(data), right(data))
        return lambda data: work(*[step(data) for step in steps])

    return make


def _if(compiler: Compiler, arguments: list[Any], place: str) -> Step:
    """`if` condition, then, condition, then, ..., else; without an else the value is null."""
    steps = compiler.all(arguments, place)
    if not steps:
        return constant(None)
    otherwise = steps[-1] if len(steps) % 2 else constant(None)
    for i in range(len(steps) // 2 * 2 - 2, -1, -2):
        otherwise = _branch(steps[i], steps[i + 1], otherwise)
    return otherwise


def _branch(condition: Step, then: Step, otherwise: Step) -> Step:
    def choose(data: Any) -> Any:
        met = condition(data)
        if met is True or (met is not False and truthy(met)):
            return then(data)
        return otherwise(data)

    return choose


def _and(compiler: Compiler, arguments: list[Any], place: str) -> Step:
    """The first value that is not true, or the last one."""
    steps = compiler.all(arguments, place)
    if len(steps) == 2:
        first, second = steps

        def pair(data: Any) -> Any:
            value = first(data)
            return second(data) if value is True or (value is not False and truthy(value)) else value

        return pair

    def both(data: Any) -> Any:
        value = None
        for step in steps:
            value = step(data)
            if value is False or (value is not True and not truthy(value)):
                return value
        return value

    return both


def _or(compiler: Compiler, arguments: list[Any], place: str) -> Step:
    """The first value that is true, or the last one."""
    steps = compiler.all(arguments, place)

    def either(data: Any) -> Any:
        value = None
        for step in steps:
            value = step(data)
            if value is True or truthy(value):
                return value
        return value

    return either


def _not(compiler: Compiler, arguments: list[Any], place: str) -> Step:
    only = (*compiler.all(arguments, place), constant(None))[0]

    def negated(data: Any) -> bool:
        value = only(data)
        return not value if type(value) in (bool, list, str) else not truthy(value)

    return negated


def _equality(equal: Callable[[Any, Any], bool], wanted: bool) -> Maker:
    """`==` and its kin. A text on one side, the usual case, needs no conversion."""

    def make(compiler: Compiler, arguments: list[Any], place: str) -> Step:
        left, right = (compiler.all(arguments, place) + [constant(None)] * 2)[:2]
        if is_constant(left) and not is_constant(right):
            left, right = right, left
        if is_constant(right) and type(right(None)) is str:
            known, name = right(None), plain(left)

            def same(data: Any) -> bool:
                value = left(data)
                return (value == known if type(value) is str else equal(value, known)) is wanted

            def same_there(data: Any) -> bool:
                value = data.get(name) if type(data) is dict else look(data, name or "")
                return (value == known if type(value) is str else equal(value, known)) is wanted

            return same if name is None else same_there
        return lambda data: equal(left(data), right(data)) is wanted

    return make


def _order(holds: Callable[[Any, Any], bool]) -> Maker:
    """`<` and `<=` take three arguments too: a < b < c."""

    def make(compiler: Compiler, arguments: list[Any], place: str) -> Step:
        steps = compiler.all(arguments[:3], place)
        if len(steps) < 2:
            raise RuleError(place, "a comparison needs two or three values")
        first, second, *rest = steps
        if not rest:
            return lambda data: holds(first(data), second(data))
        last = rest[0]
        return lambda data: holds(first(data), second(data)) and holds(second(data), last(data))

    return make


def _at_most(a: Any, b: Any) -> bool:
    return less(b, a) is False


def _in(compiler: Compiler, arguments: list[Any], place: str) -> Step:
    """Whether a text holds a text, or a list an element (compared as ===)."""
    wanted, inside = (compiler.all(arguments, place) + [constant(None)] * 2)[:2]
    if is_constant(inside) and isinstance(inside(None), list) and all(isinstance(one, str) for one in inside(None)):
        known, name = frozenset(inside(None)), plain(wanted)

        def among(data: Any) -> bool:
            value = wanted(data)
            return type(value) is str and value in known

        def there_among(data: Any) -> bool:
            value = data.get(name) if type(data) is dict else look(data, name or "")
            return type(value) is str and value in known

        return among if name is None else there_among
    return lambda data: _within(wanted(data), inside(data))


def _within(wanted: Any, inside: Any) -> bool:
    if isinstance(inside, str):
        return inside != "" and text(wanted) in looked_through(inside)
    if not isinstance(inside, list):
        return False
    spend(len(inside))
    return any(strictly_equal(wanted, one) for one in inside)


def _cat(compiler: Compiler, arguments: list[Any], place: str) -> Step:
    steps = compiler.all(arguments, place)
    if len(steps) == 2 and is_constant(steps[0]) and type(steps[0](None)) is str:  # a seed and who it is for
        seed, second, name = steps[0](None), steps[1], plain(steps[1])

        def seeded(data: Any) -> str:
            value = second(data) if name is None else data.get(name) if type(data) is dict else look(data, name)
            made = seed + (value if type(value) is str else _joined(value))
            return made if len(made) <= FREE else _bounded(made)

        return seeded

    def join(data: Any) -> str:
        parts, room = [], MAX_TEXT
        for step in steps:
            part = _joined(step(data))
            parts.append(part)
            room -= len(part)
            if room < 0:
                _bounded("".join(parts))
        return _bounded("".join(parts))

    return join


def _bounded(made: str) -> str:
    if len(made) > MAX_TEXT:
        raise TooMuch(f"cat made a text of more than {MAX_TEXT:,} characters")
    return looked_through(made) if len(made) > FREE else made


def _joined(value: Any) -> str:
    if type(value) is str:
        return value
    return "" if value is None else text(value)


def _substr(source: Any, start: Any, length: Any) -> str:
    """From `start` (negative: from the end), `length` characters (negative: leave so many at the end)."""
    whole = looked_through(text(source))
    begin = _index(start)
    rest = whole[begin:] if begin >= 0 else whole[max(len(whole) + begin, 0) :]
    if length is None:
        return rest
    count = _index(length)
    return rest[:count] if count >= 0 else rest[: max(len(rest) + count, 0)]


def _index(value: Any) -> int:
    found = number(value)
    return int(max(min(found, 2**31), -(2**31))) if found == found else 0


def _merge(*values: Any) -> list[Any]:
    made: list[Any] = []
    for value in values:
        made.extend(value if isinstance(value, list) else [value])
        if len(made) > MAX_ITEMS:
            raise TooMuch(f"merge made a list of more than {MAX_ITEMS} elements")
    return made


def _sum(*values: Any) -> Any:
    return tidy(sum(map(number, values)))


def _product(*values: Any) -> Any:
    made: Any = 1
    for value in values:
        made = tidy(made * number(value))
    return made


def _difference(*values: Any) -> Any:
    found = [number(value) for value in values[:2]]
    return tidy(-found[0] if len(found) == 1 else found[0] - found[1]) if found else float("nan")


def _quotient(a: Any, b: Any) -> Any:
    over, under = number(a), number(b)
    if under == 0:
        return float("nan") if over == 0 or over != over else over * float("inf")
    found = over / under
    return int(found) if found.is_integer() and abs(found) < 2**53 else found


def _remainder(a: Any, b: Any) -> Any:
    """JavaScript's %: the sign is that of the first number."""
    over, under = number(a), number(b)
    if under == 0 or over != over or abs(over) == float("inf"):
        return float("nan")
    if abs(under) == float("inf"):
        return over
    found = abs(over) % abs(under)
    return -found if over < 0 else found


def _extreme(pick: Callable[[list[Any]], Any]) -> Callable[..., Any]:
    def find(*values: Any) -> Any:
        found = [number(value) for value in values]
        if any(one != one for one in found) or not found:
            return float("nan")
        return pick(found)

    return find


OPERATORS: dict[str, Maker] = {
    "var": var,
    "missing": missing,
    "missing_some": missing_some,
    "if": _if,
    "?:": _if,
    "and": _and,
    "or": _or,
    "!": _not,
    "!!": _values(1, truthy),
    "==": _equality(loosely_equal, True),
    "!=": _equality(loosely_equal, False),
    "===": _equality(strictly_equal, True),
    "!==": _equality(strictly_equal, False),
    "<": _order(lambda a, b: less(a, b) is True),
    "<=": _order(_at_most),
    ">": _order(lambda a, b: less(b, a) is True),
    ">=": _order(lambda a, b: _at_most(b, a)),
    "+": _values(None, _sum),
    "*": _values(None, _product),
    "-": _values(None, _difference),
    "/": _values(2, _quotient),
    "%": _values(2, _remainder),
    "min": _values(None, _extreme(min)),
    "max": _values(None, _extreme(max)),
    "in": _in,
    "cat": _cat,
    "substr": _values(3, _substr),
    "merge": _values(None, _merge),
    "map": loops.each,
    "filter": loops.chosen,
    "reduce": loops.reduced,
    "all": loops.all_hold,
    "some": loops.some_hold,
    "none": loops.none_hold,
    "fractional": targeting.fractional,
    "starts_with": _values(None, targeting.starts_with),
    "ends_with": _values(None, targeting.ends_with),
    "sem_ver": _values(None, targeting.sem_ver),
}
