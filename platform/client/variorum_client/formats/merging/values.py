"""Three-way merge of plain data: by key, and by item where both only add to a list, remove from it or name items."""

from dataclasses import dataclass, field

from variorum_client.formats.merging.lists import Key, keys_of, merge_positions, merge_sets
from variorum_client.formats.merging.order import merged_order
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
        both = _list(base, ours, theirs, path)
        if both is not None:
            return both
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


def _list(base: list[Json], ours: list[Json], theirs: list[Json], path: tuple[str, ...]) -> Outcome | None:
    """Items added and removed, named ones merged each by itself. None where that is not all that was done."""
    name, keys = keys_of(base, ours, theirs)
    order = merge_sets(*keys)
    if order is None:
        both = None if name else merge_positions(*keys)
        return None if both is None else Outcome([(base, ours, theirs)[side][index] for side, index in both])
    sides = [dict(zip(names, side, strict=True)) for names, side in zip(keys, (base, ours, theirs), strict=True)]
    if _lost(sides, order):
        return None
    items: list[Json] = []
    holes: list[Hole] = []
    for key in order:
        three = [side.get(key, MISSING) for side in sides]
        item = merge_values(three[0], three[1], three[2], (*path, _shown(three, name)))
        if isinstance(item.value, Hole) and Missing in map(type, three[1:]):
            return None
        holes.extend(item.holes)
        items.append(item.value)  # type: ignore[arg-type]  # a hole is replaced when the text is written
    return Outcome(items, holes)


def _lost(sides: list[dict[Key, Json]], order: list[Key]) -> bool:
    """Whether something that one side removed was changed by the other."""
    base = sides[0]
    gone = base.keys() - set(order)
    return any(not same(side[key], base[key]) for side in sides[1:] for key in gone & side.keys())


def _shown(three: list[Given], name: str) -> str:
    item = next((each for each in three if not isinstance(each, Missing)), None)
    return str(item[name]) if name and isinstance(item, dict) else ""


def same(one: Given, other: Given) -> bool:
    """Whether two values are alike, the order of keys and the kind of number included."""
    if isinstance(one, Missing) or isinstance(other, Missing):
        return one is other
    return Key(one) == Key(other)
