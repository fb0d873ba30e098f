"""JSONLogic (jsonlogic.com) compiled to closures: one walk over the expression, then only calls.

Operators are those of flagd's schema; ours follow json-logic-js. Everything that a rule could blow up is bounded
(faults.py), so that a rule written by anybody can run in every request.
"""

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from itertools import islice
from typing import Any

from variorum_client.rules.faults import (
    MAX_DEPTH,
    MAX_DOCUMENT_STEPS,
    MAX_FAULTS,
    MAX_ITEMS,
    MAX_NAME,
    MAX_STEPS,
    MAX_WORK,
    RuleError,
    TooLarge,
    pointer,
    short,
)

Step = Callable[[Any], Any]  # the context, or a loop's item -> the value
Maker = Callable[["Compiler", list[Any], str], Step]


class Budget:
    """The parts that all rules of a document may come to together."""

    def __init__(self, steps: int = MAX_DOCUMENT_STEPS) -> None:
        self.left = steps


class Compiler:
    """Compiles the expressions of one rule; counts what they take and where they are."""

    def __init__(
        self,
        *,
        key: str,
        operators: "Mapping[str, Maker]",
        segments: Mapping[str, Any],
        clock: Callable[[], float],
        hash_name: str,
        budget: Budget,
        faults: list[RuleError] | None = None,
    ) -> None:
        """`faults`: where each fault goes while the rule is read on; without it the first one is raised."""
        self.key, self.operators, self.segments = key, operators, segments
        self.clock, self.hash_name, self.budget = clock, hash_name, budget
        self.steps = self.work = self.depth = self.loops = 0
        self.open_segments: list[str] = []
        self.faults = faults

    def compile(self, expression: Any, place: str) -> Step:
        """The closure of an expression. Raises RuleError."""
        self._count(place)
        if not isinstance(expression, (dict, list)):
            return constant(expression)
        self.depth += 1
        try:
            if self.depth > MAX_DEPTH:
                raise RuleError(place, f"the rule is nested deeper than {MAX_DEPTH}")
            if isinstance(expression, list):
                return _list(self, expression, place)
            return self._operation(expression, place)
        except RuleError as fault:
            self.wrong(fault)
            return _nothing
        finally:
            self.depth -= 1

    def wrong(self, fault: RuleError) -> None:
        """Note a fault, to read the rule on; raise it when nobody wants all, or when it is one too many."""
        if self.faults is None or isinstance(fault, TooLarge):
            raise fault
        if len(self.faults) >= MAX_FAULTS:
            raise TooLarge(fault.place, f"the rule has more than {MAX_FAULTS} faults")
        self.faults.append(fault)

    def _count(self, place: str) -> None:
        self.steps += 1
        if self.steps > MAX_STEPS:
            raise TooLarge(place, f"the rule has more than {MAX_STEPS:,} parts (segments counted each time)")
        self.budget.left -= 1
        if self.budget.left < 0:
            raise TooLarge(
                place,
                f"the rules have more than {MAX_DOCUMENT_STEPS:,} parts together (segments counted each time)",
            )
        self.work += MAX_ITEMS**self.loops
        if self.work > MAX_WORK:
            raise TooLarge(place, f"the loops of this rule could come to more than {MAX_WORK:,} steps a decision")

    def all(self, expressions: list[Any], place: str) -> list[Step]:
        """The closures of a list's elements."""
        return [self.compile(one, pointer(place, i)) for i, one in enumerate(expressions)]

    def _operation(self, expression: dict[str, Any], place: str) -> Step:
        if not expression:
            return constant({})
        if len(expression) > 1:
            names = ", ".join(sorted(str(name)[:40] for name in islice(expression, 5)))
            raise RuleError(place, f"an operation has one operator, this has {len(expression)}: {names}")
        ((name, arguments),) = expression.items()
        if name == "$ref":
            return self._segment(arguments, place)
        maker = self.operators.get(name)
        if maker is None:
            near = get_close_matches(str(name)[:40], self.operators, 1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise RuleError(place, f"there is no operator {short(name)}{hint}")
        listed = arguments if isinstance(arguments, list) else [arguments]
        return maker(self, listed, pointer(place, name))

    def _segment(self, name: Any, place: str) -> Step:
        if not isinstance(name, str) or name not in self.segments:
            known = ", ".join(str(one)[:40] for one in islice(self.segments, 20)) or "none"
            raise RuleError(place, f"there is no segment {short(name)} in $evaluators; known: {known}")
        if len(name) > MAX_NAME:
            raise RuleError(place, f"the name of a segment has {MAX_NAME} characters at most")
        if name in self.open_segments:
            raise RuleError(place, f"the segment {name!r} refers to itself")
        self.open_segments.append(name)
        try:
            return self.compile(self.segments[name], pointer("/$evaluators", name))
        finally:
            self.open_segments.pop()


def constant(value: Any) -> Step:
    """A closure that gives the same value always; `fixed` tells it apart."""

    def give(_data: Any) -> Any:
        return value

    give.fixed = value  # type: ignore[attr-defined]
    return give


def _nothing(_data: Any) -> Any:
    """Stands where a fault was noted; no constant, so that nothing follows from it."""
    return None


def is_constant(step: Step) -> bool:
    """Whether the closure gives the same value always."""
    return hasattr(step, "fixed")


def _list(compiler: Compiler, items: list[Any], place: str) -> Step:
    steps = compiler.all(items, place)
    if all(map(is_constant, steps)):
        return constant([step(None) for step in steps])
    return lambda data: [step(data) for step in steps]
