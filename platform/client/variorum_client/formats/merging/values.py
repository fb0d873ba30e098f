"""Three-way merge of plain data: by key, and by item where both only add to a list."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from variorum_client.formats.merging.order import merged_order
from variorum_client.formats.merging.sequences import only_adds
from variorum_client.formats.yamls import Json


class Missing:
    """Stands for a key that a version does not have."""


MISSING = Missing()
Given = Json | Missing


@dataclass(slots=True)
class Hole:
    """A value that the two sides changed differently, at its path."""

    path: tuple[str, ...]
    base: Given
    ours: Given
    theirs: Given


@dataclass(slots=True)
class Outcome:
    """The merged value with holes in it. When the value itself is one, it is `holes[0]`."""

    value: "Json | Hole | Missing"
    holes: list[Hole] = field(default_factory=list)


def merge_values(base: Given, ours: Given, theirs: Given, path: tuple[str, ...] = ()) -> Outcome:
    """The three merged. A key that one side removed and the other changed makes a hole of its mapping."""
    if same(ours, theirs) or same(theirs, base):
        return Outcome(ours)
    if same(ours, base):
        return Outcome(theirs)
    if isinstance(ours, dict) and isinstance(theirs, dict) and isinstance(base, dict | Missing):
        return _mapping(base if isinstance(base, dict) else {}, ours, theirs, path)
    if isinstance(ours, list) and isinstance(theirs, list) and isinstance(base, list):
        both = merge_items(base, ours, theirs)
        if both is not None:
            return Outcome(both)
    return _hole(path, base, ours, theirs)


def _mapping(base: dict[str, Json], ours: dict[str, Json], theirs: dict[str, Json], path: tuple[str, ...]) -> Outcome:
    merged: dict[str, Json] = {}
    holes: list[Hole] = []
    for key in merged_order(list(base), list(ours), list(theirs)):
        sides = [side.get(key, MISSING) for side in (base, ours, theirs)]
        inner = merge_values(sides[0], sides[1], sides[2], (*path, key))
        if isinstance(inner.value, Hole) and isinstance(sides[1], Missing) | isinstance(sides[2], Missing):
            return _hole(path, base, ours, theirs)
        holes.extend(inner.holes)
        if not isinstance(inner.value, Missing):
            merged[key] = inner.value  # type: ignore[assignment]  # a hole is replaced when the text is written
    return Outcome(merged, holes)


def _hole(path: tuple[str, ...], base: Given, ours: Given, theirs: Given) -> Outcome:
    hole = Hole(path, base, ours, theirs)
    return Outcome(hole, [hole])


def merge_items(base: list[Json], ours: list[Json], theirs: list[Json]) -> list[Json] | None:
    """A list to which both sides only added; what both added at one place stands there once. None: not so."""
    order = merge_positions(
        [_Key(item) for item in base], [_Key(item) for item in ours], [_Key(item) for item in theirs]
    )
    if order is None:
        return None
    sides = (base, ours, theirs)
    return [sides[side][index] for side, index in order]


def merge_positions(base: list["_Key"], ours: list["_Key"], theirs: list["_Key"]) -> list[tuple[int, int]] | None:
    """The items of the merged list as (version 0 to 2, index); None unless both sides only add."""
    mine, other = only_adds(base, ours), only_adds(base, theirs)
    if mine is None or other is None:
        return None
    found: list[tuple[int, int]] = []
    for place in range(len(base) + 1):
        runs = [
            (1, [(ours[at], at) for at in mine.get(place, ())]),
            (2, [(theirs[at], at) for at in other.get(place, ())]),
        ]
        runs.sort(key=lambda run: [key.text for key, _ in run[1]])
        seen: set[_Key] = set()
        for side, run in runs:
            found += [(side, at) for key, at in run if key not in seen]
            seen |= {key for key, _ in run}
        found += [(0, place)] if place < len(base) else []
    return found


class _Key:
    """A value that can be compared and hashed; 1, 1.0 and true differ."""

    __slots__ = ("text",)

    def __init__(self, value: Json) -> None:
        self.text = "".join(_spelled(value))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)


key_of = _Key


def same(one: Given, other: Given) -> bool:
    """Whether two values are alike, the order of keys and the kind of number included."""
    if isinstance(one, Missing) or isinstance(other, Missing):
        return one is other
    return _Key(one) == _Key(other)


def _spelled(value: Json) -> Iterator[str]:
    if isinstance(value, dict):
        yield "{"
        for key, inner in value.items():
            yield f"{key!r}:"
            yield from _spelled(inner)
            yield ","
        yield "}"
    elif isinstance(value, list):
        yield "["
        for inner in value:
            yield from _spelled(inner)
            yield ","
        yield "]"
    else:
        yield repr(value)
