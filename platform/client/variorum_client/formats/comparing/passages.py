"""Messages or paragraphs of two versions brought together: changed, moved, added, removed."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from variorum_client.formats.comparing.shapes import Lines, Passage, Span
from variorum_client.formats.comparing.words import Pair, matches, rising, word_spans

MAX_CANDIDATES = 10_000
ALIKE, ALIKE_OTHER_ROLE = 0.5, 0.75
_PARAGRAPH = re.compile(r"[^\n]+(?:\n[^\n]+)*")
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Piece:
    """One message or paragraph of one version; `lines` are its first and last in the file."""

    role: str
    text: str
    lines: Lines


def paragraphs(text: str) -> list[Piece]:
    """The parts of a text between blank lines."""
    found, line, at = [], 1, 0
    for match in _PARAGRAPH.finditer(text):
        line += text.count("\n", at, match.start())
        at = match.start()
        if match.group().strip():
            found.append(Piece("", match.group(), (line, line + match.group().count("\n"))))
    return found


def align(old: Sequence[Piece], new: Sequence[Piece]) -> tuple[Passage, ...]:
    """Every piece of both versions once, in the order of the new one; what is gone stands where it was."""
    pairs = sorted(pair_up(old, new))
    in_place = set(rising(pairs))
    partner = {j: i for i, j in pairs}
    gone = [i for i in range(len(old)) if i not in {i for i, _ in pairs}]
    found: list[Passage] = []
    for j, piece in enumerate(new):
        i = partner.get(j)
        if i is None:
            found.append(_alone("added", piece, j))
            continue
        if (i, j) in in_place:
            found += [_alone("removed", old[index], index) for index in gone if index < i]
            gone = [index for index in gone if index > i]
        found.append(_both((i, old[i]), (j, piece), moved=(i, j) not in in_place))
    return (*found, *(_alone("removed", old[index], index) for index in gone))


def pair_up(old: Sequence[Piece], new: Sequence[Piece]) -> list[Pair]:
    """Which piece became which: equal ones, then those alike by their words, then those alone in their role."""
    said_old, said_new = ([(piece.role, piece.text) for piece in side] for side in (old, new))
    pairs = matches(said_old, said_new)
    pairs += _equal_elsewhere(said_old, said_new, pairs)
    pairs += _alike(old, new, pairs)
    return pairs + _same_role(old, new, pairs)


def _left(old: Sequence[object], new: Sequence[object], pairs: list[Pair]) -> tuple[list[int], list[int]]:
    used_old, used_new = {i for i, _ in pairs}, {j for _, j in pairs}
    return [i for i in range(len(old)) if i not in used_old], [j for j in range(len(new)) if j not in used_new]


def _equal_elsewhere(old: Sequence[object], new: Sequence[object], pairs: list[Pair]) -> list[Pair]:
    left_old, left_new = _left(old, new, pairs)
    places: dict[object, list[int]] = {}
    for j in left_new:
        places.setdefault(new[j], []).append(j)
    return [(i, places[old[i]].pop(0)) for i in left_old if places.get(old[i])]


def _alike(old: Sequence[Piece], new: Sequence[Piece], pairs: list[Pair]) -> list[Pair]:
    left_old, left_new = _left(old, new, pairs)
    if len(left_old) * len(left_new) > MAX_CANDIDATES:
        return []
    bags_old, bags_new = ({k: _bag(side[k].text) for k in left} for side, left in ((old, left_old), (new, left_new)))
    ranked = sorted(
        (-_likeness(bags_old[i], bags_new[j]), old[i].role != new[j].role, abs(i - j), i, j)
        for i in left_old
        for j in left_new
    )
    found: dict[int, int] = {}
    for minus, other_role, _, i, j in ranked:
        wanted = ALIKE_OTHER_ROLE if other_role else ALIKE
        if -minus >= wanted and i not in found and j not in found.values():
            found[i] = j
    return list(found.items())


def _bag(text: str) -> Counter[str]:
    words = _WORD.findall(text.lower())
    return Counter(words if len(words) > 2 else text.strip().lower())


def _likeness(one: Counter[str], other: Counter[str]) -> float:
    """Shared words of all words (Dice's coefficient), from 0 to 1."""
    total = one.total() + other.total()
    return 2 * (one & other).total() / total if total else 1.0


def _same_role(old: Sequence[Piece], new: Sequence[Piece], pairs: list[Pair]) -> list[Pair]:
    """A message that was written anew: the one of its role that is left at the same place. Not for paragraphs."""
    found: list[Pair] = []
    for i, j in zip(*_left(old, new, pairs), strict=False):
        before = sum(1 for a, b in pairs if a < i and b < j) == sum(1 for a, _ in pairs if a < i)
        if old[i].role and old[i].role == new[j].role and before:
            found.append((i, j))
    return found


def _both(old: tuple[int, Piece], new: tuple[int, Piece], *, moved: bool) -> Passage:
    (i, before), (j, after) = old, new
    same = before.role == after.role and before.text == after.text
    spans = word_spans(before.text, after.text)
    state = "same" if same else "changed"
    return Passage(state, after.role, before.role, i + 1, j + 1, before.lines, after.lines, moved, spans)  # type: ignore[arg-type]


def _alone(state: str, piece: Piece, index: int) -> Passage:
    spans = (Span("added" if state == "added" else "removed", piece.text),) if piece.text else ()
    if state == "added":
        return Passage("added", piece.role, piece.role, None, index + 1, None, piece.lines, moved=False, spans=spans)
    return Passage("removed", piece.role, piece.role, index + 1, None, piece.lines, None, moved=False, spans=spans)
