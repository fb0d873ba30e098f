"""Three-way merge of lists: as ordered sets where items are added and removed, by their key where they have one."""

from collections.abc import Iterator, Sequence

from variorum_client.formats.merging.order import additions
from variorum_client.formats.merging.sequences import only_adds, stretches
from variorum_client.formats.yamls import Json

NAMES = ("id", "key", "name")


class Key:
    """A value that can be compared and hashed; 1, 1.0 and true differ."""

    __slots__ = ("text",)

    def __init__(self, value: Json) -> None:
        self.text = "".join(_spelled(value))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Key) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)


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


def keys_of(base: Sequence[Json], ours: Sequence[Json], theirs: Sequence[Json]) -> tuple[str, list[list[Key]]]:
    """By what the items of three lists are known: the field that names each of them, or "" for their whole value."""
    sides = (base, ours, theirs)
    name = next((name for name in NAMES if _names_all(name, sides)), "")
    if not name:
        return "", [[Key(item) for item in side] for side in sides]
    return name, [[Key(item[name]) for item in side if isinstance(item, dict)] for side in sides]


def _names_all(name: str, sides: Sequence[Sequence[Json]]) -> bool:
    """Whether every item is a mapping with a text or number of its own under this name."""
    items = [item for side in sides for item in side]
    if not items or not all(isinstance(item, dict) and _is_name(item.get(name)) for item in items):
        return False
    return all(len({Key(item[name]) for item in side if isinstance(item, dict)}) == len(side) for side in sides)


def _is_name(value: Json) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool)


def merge_sets(base: Sequence[Key], ours: Sequence[Key], theirs: Sequence[Key]) -> list[Key] | None:
    """The items of the merged list, in order, where both sides only added and removed some.

    None where that is not all: an item twice, another order, or one replaced where the other changed something too.
    """
    sides = (base, ours, theirs)
    if any(len(set(side)) < len(side) for side in sides) or _moved(base, ours) or _moved(base, theirs):
        return None
    found: dict[Key, None] = {}
    for stretch in stretches(base, ours, theirs):
        old, mine, other = base[slice(*stretch.base)], ours[slice(*stretch.ours)], theirs[slice(*stretch.theirs)]
        if stretch.kind != "clash" or mine == other:
            found.update(dict.fromkeys(other if stretch.kind == "theirs" else mine))
            continue
        if _replaces(old, mine) or _replaces(old, other):
            return None
        found.update(dict.fromkeys(_united(old, mine, other)))
    return list(found) if not _moved(list(found), ours) and not _moved(list(found), theirs) else None


def _moved(one: Sequence[Key], other: Sequence[Key]) -> bool:
    """Whether what both have stands in another order."""
    here, there = set(one), set(other)
    return [key for key in one if key in there] != [key for key in other if key in here]


def _replaces(old: Sequence[Key], new: Sequence[Key]) -> bool:
    return bool(set(new) - set(old)) and bool(set(old) - set(new))


def _united(old: Sequence[Key], mine: Sequence[Key], other: Sequence[Key]) -> Iterator[Key]:
    """What both keep, and behind each what was added there; the same with the sides swapped."""
    gone = set(old) - (set(mine) & set(other))
    added = [additions(old, side) for side in (mine, other)]
    for anchor in (None, *old):
        if anchor is not None and anchor not in gone:
            yield anchor
        runs = [side.get(anchor, []) for side in added]
        for run in sorted(runs, key=lambda run: [key.text for key in run]):
            yield from run


def merge_positions(base: Sequence[Key], ours: Sequence[Key], theirs: Sequence[Key]) -> list[tuple[int, int]] | None:
    """The same for lists in which items may be alike: as (version 0 to 2, index); None unless both sides only add."""
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
        seen: set[Key] = set()
        for side, run in runs:
            found += [(side, at) for key, at in run if key not in seen]
            seen |= {key for key, _ in run}
        found += [(0, place)] if place < len(base) else []
    return found
