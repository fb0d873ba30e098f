"""In which order the keys of a merged mapping stand."""

from collections.abc import Hashable, Sequence
from typing import TypeVar

K = TypeVar("K", bound=Hashable)


def merged_order(base: Sequence[str], ours: Sequence[str], theirs: Sequence[str]) -> list[str]:
    """All keys of the three, each once. Who put the common ones in another order is followed; new ones stay behind
    the key that they were put behind. The answer is the same with the sides swapped.
    """
    spine = _spine(base, ours, theirs)
    added = [additions(spine, side) for side in sorted([list(ours), list(theirs)])]
    found: list[str] = []
    for anchor in (None, *spine):
        found += [anchor] if anchor is not None else []
        for side in added:
            found += [key for key in side.get(anchor, ()) if key not in found]
    return found


def _spine(base: Sequence[str], ours: Sequence[str], theirs: Sequence[str]) -> list[str]:
    """The keys that were there from the start, in the order of the side that moved them."""
    moved = [side for side in sorted([list(ours), list(theirs)]) if _common(side, base) != _common(base, side)]
    if not moved:
        return list(base)
    first = _common(moved[0], base)
    return [*first, *(key for key in base if key not in first)]


def _common(side: Sequence[str], other: Sequence[str]) -> list[str]:
    there = set(other)
    return [key for key in side if key in there]


def additions(spine: Sequence[K], side: Sequence[K]) -> dict[K | None, list[K]]:
    """What a side has beyond the spine, by the element of the spine that it stands behind (None: before the first)."""
    known = set(spine)
    found: dict[K | None, list[K]] = {}
    anchor: K | None = None
    for key in side:
        if key in known:
            anchor = key
        else:
            found.setdefault(anchor, []).append(key)
    return found
