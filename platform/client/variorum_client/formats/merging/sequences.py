"""Three-way merge of sequences: which stretches both left alone, which one side changed, where they clash."""

from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

MAX_COST = 4_000_000
Range = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Stretch:
    """A range of each version. same: nobody changed it; ours, theirs: that side did; clash: both did."""

    kind: Literal["same", "ours", "theirs", "clash"]
    base: Range
    ours: Range
    theirs: Range


@dataclass(frozen=True, slots=True)
class _Edit:
    """Items [start, end) of the base became [to_start, to_end) of a side."""

    start: int
    end: int
    to_start: int
    to_end: int

    @property
    def even(self) -> bool:
        """One item for one: what stands beside it is not in doubt."""
        return self.end - self.start == self.to_end - self.to_start


def stretches(base: Sequence[Hashable], ours: Sequence[Hashable], theirs: Sequence[Hashable]) -> Iterator[Stretch]:
    """The three versions cut into stretches, in order. Edits of neighbouring items do not clash, unless it is
    in doubt which comes first: both add at one place, or one adds beside what the other removed or rewrote.
    """
    mine, other = _edits(base, ours), _edits(base, theirs)
    at, here, there = 0, 0, 0
    for one, two in _groups(mine, other):
        group = [*one, *two]
        start, end = min(edit.start for edit in group), max(edit.end for edit in group)
        if start > at:
            size = start - at
            yield Stretch("same", (at, start), (here, here + size), (there, there + size))
            here, there = here + size, there + size
        in_ours, in_theirs = end - start + _growth(one), end - start + _growth(two)
        kind: Literal["ours", "theirs", "clash"] = "clash" if one and two else "ours" if one else "theirs"
        yield Stretch(kind, (start, end), (here, here + in_ours), (there, there + in_theirs))
        at, here, there = end, here + in_ours, there + in_theirs
    if at < len(base):
        yield Stretch("same", (at, len(base)), (here, len(ours)), (there, len(theirs)))


def only_adds(base: Sequence[Hashable], side: Sequence[Hashable]) -> dict[int, list[int]] | None:
    """What a side added: indexes of its items by the place in the base; None when it removed or changed any."""
    found: dict[int, list[int]] = {}
    for edit in _edits(base, side):
        if edit.start != edit.end:
            return None
        found[edit.start] = list(range(edit.to_start, edit.to_end))
    return found


def _growth(edits: list[_Edit]) -> int:
    return sum((edit.to_end - edit.to_start) - (edit.end - edit.start) for edit in edits)


def _groups(ours: list[_Edit], theirs: list[_Edit]) -> Iterator[tuple[list[_Edit], list[_Edit]]]:
    """Edits of one side alone, and edits of both that clash, by their place."""
    i = j = 0
    while i < len(ours) or j < len(theirs):
        one: list[_Edit] = []
        two: list[_Edit] = []
        if j == len(theirs) or (i < len(ours) and _order(ours[i]) <= _order(theirs[j])):
            one.append(ours[i])
            i += 1
        else:
            two.append(theirs[j])
            j += 1
        growing = True
        while growing:
            growing = False
            if i < len(ours) and any(_clash(ours[i], edit) for edit in two):
                one.append(ours[i])
                i, growing = i + 1, True
            if j < len(theirs) and any(_clash(theirs[j], edit) for edit in one):
                two.append(theirs[j])
                j, growing = j + 1, True
        yield one, two


def _order(edit: _Edit) -> Range:
    return edit.start, edit.end


def _clash(one: _Edit, other: _Edit) -> bool:
    if max(one.start, other.start) < min(one.end, other.end):
        return True
    adds, beside = (one, other) if one.start == one.end else (other, one)
    if adds.start != adds.end or not beside.start <= adds.start <= beside.end:
        return False
    return beside.start == beside.end or not beside.even


def _edits(base: Sequence[Hashable], side: Sequence[Hashable]) -> list[_Edit]:
    """How a side differs from the base; a replacement of n items by n others is n edits."""
    head = _common(base, side)
    tail = _common(base[head:][::-1], side[head:][::-1])
    old, new = base[head : len(base) - tail], side[head : len(side) - tail]
    if not old and not new:
        return []
    if _cost(old, new) > MAX_COST:
        return [_Edit(head, head + len(old), head, head + len(new))]
    codes = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    found: list[_Edit] = []
    for tag, start, end, to_start, to_end in codes:
        if tag != "equal":
            found.extend(_single(_Edit(start + head, end + head, to_start + head, to_end + head)))
    return found


def _single(edit: _Edit) -> list[_Edit]:
    if not edit.even:
        return [edit]
    shift = edit.to_start - edit.start
    return [_Edit(at, at + 1, at + shift, at + shift + 1) for at in range(edit.start, edit.end)]


def _common(one: Sequence[Hashable], other: Sequence[Hashable]) -> int:
    size = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        size += 1
    return size


def _cost(old: Sequence[Hashable], new: Sequence[Hashable]) -> int:
    """How many pairs of equal items the comparison looks at: repeated lines make it slow."""
    counts = Counter(new)
    return sum(counts[item] for item in old)
