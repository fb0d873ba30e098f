"""Words that changed between two texts, grouped into phrases that one can read.

Texts are compared word by word (Myers, "An O(ND) Difference Algorithm", 1986); Chinese and Japanese by character.
White space belongs to the word before it and is compared last, so that reflowed text does not look rewritten. Words
that happen to stay between two larger changes are counted as changed (after Fraser's diff-match-patch).
"""

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from itertools import groupby, pairwise

from variorum_client.formats.comparing.shapes import Span

MAX_STEPS = 150_000
FEW_WORDS = 600
LEAST_SHARED = 0.15
_CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_WORD = re.compile(
    rf"(\{{\{{[^{{}}\n]{{0,200}}\}}\}}\}}?|[{_CJK}]|(?:(?![{_CJK}])\w)+(?:['’](?:(?![{_CJK}])\w)+)*|\S)(\s*)"
)
_SENTENCE_END = frozenset(".!?。！？:")

Pair = tuple[int, int]
Word = tuple[str, str]


def word_spans(old: str, new: str) -> tuple[Span, ...]:
    """The way from one text to the other. () for two empty texts; one `same` span for equal ones."""
    if old == new:
        return (Span("same", old),) if old else ()
    lead_old, words_old = _words(old)
    lead_new, words_new = _words(new)
    pairs = _phrases(words_old, words_new, _matches(words_old, words_new))
    return tuple(_tidy(_emit((lead_old, words_old), (lead_new, words_new), pairs)))


def old_text(spans: Sequence[Span]) -> str:
    """The text before."""
    return "".join(span.text for span in spans if span.kind != "added")


def new_text(spans: Sequence[Span]) -> str:
    """The text after."""
    return "".join(span.text for span in spans if span.kind != "removed")


def matches(old: Sequence[object], new: Sequence[object], steps: list[int] | None = None) -> list[Pair]:
    """Indexes of equal items in both, in order: a longest common subsequence, or its ends alone when that is dear."""
    start = 0
    while start < min(len(old), len(new)) and old[start] == new[start]:
        start += 1
    end = 0
    while end < min(len(old), len(new)) - start and old[-1 - end] == new[-1 - end]:
        end += 1
    middle = _myers(old[start : len(old) - end], new[start : len(new) - end], steps or [MAX_STEPS])
    ends = [(len(old) - i, len(new) - i) for i in range(end, 0, -1)]
    return [*((i, i) for i in range(start)), *((start + a, start + b) for a, b in middle), *ends]


def _words(text: str) -> tuple[str, list[Word]]:
    """Leading white space, and each word with the white space after it."""
    lead = text[: len(text) - len(text.lstrip())]
    return lead, [(found[1], found[2]) for found in _WORD.finditer(text, len(lead))]


def _matches(old: list[Word], new: list[Word]) -> list[Pair]:
    """Equal words; long texts are first tied together by the sentences that both have once."""
    spoken_old, spoken_new = [word for word, _ in old], [word for word, _ in new]
    if len(old) + len(new) <= FEW_WORDS:
        return matches(spoken_old, spoken_new)
    cuts_old, cuts_new = _sentences(old), _sentences(new)
    said_old = [tuple(spoken_old[a:b]) for a, b in pairwise(cuts_old)]
    said_new = [tuple(spoken_new[a:b]) for a, b in pairwise(cuts_new)]
    found: list[Pair] = []
    steps, at_old, at_new = [MAX_STEPS], 0, 0
    for i, j in [*_anchors(said_old, said_new), (len(said_old), len(said_new))]:
        gap = matches(spoken_old[at_old : cuts_old[i]], spoken_new[at_new : cuts_new[j]], steps)
        found += [(at_old + a, at_new + b) for a, b in gap]
        length = len(said_old[i]) if i < len(said_old) else 0
        found += [(cuts_old[i] + k, cuts_new[j] + k) for k in range(length)]
        at_old, at_new = cuts_old[i] + length, cuts_new[j] + length
    return found


def _anchors(old: list[tuple[str, ...]], new: list[tuple[str, ...]]) -> list[Pair]:
    """Items that stand once in each, as many as keep their order (patience sorting)."""
    count_old, count_new = Counter(old), Counter(new)
    where = {item: j for j, item in enumerate(new) if count_new[item] == 1}
    common = [(i, where[item]) for i, item in enumerate(old) if count_old[item] == 1 and item in where]
    return rising(common)


def rising(pairs: Sequence[Pair]) -> list[Pair]:
    """The longest part of the pairs whose second numbers rise; their first ones do."""
    tops: list[int] = []
    piles: list[int] = []
    before: list[int] = []
    for index, (_, value) in enumerate(pairs):
        pile = bisect_left(tops, value)
        before.append(piles[pile - 1] if pile else -1)
        tops[pile : pile + 1] = [value]
        piles[pile : pile + 1] = [index]
    found: list[Pair] = []
    index = piles[-1] if piles else -1
    while index >= 0:
        found.append(pairs[index])
        index = before[index]
    return found[::-1]


def _sentences(words: list[Word]) -> list[int]:
    """Where sentences and lines begin, and the end."""
    starts = [i + 1 for i, (word, space) in enumerate(words[:-1]) if "\n" in space or word in _SENTENCE_END]
    return [0, *starts, len(words)] if words else [0]


def _myers(old: Sequence[object], new: Sequence[object], steps: list[int]) -> list[Pair]:
    """Pairs of a shortest edit; [] when it would take more steps than are left."""
    if not old or not new:
        return []
    trace: list[dict[int, int]] = []
    reach = {1: 0}
    for distance in range(len(old) + len(new) + 1):
        steps[0] -= distance + 1
        if steps[0] < 0:
            return []
        trace.append(dict(reach))
        for k in range(-distance, distance + 1, 2):
            down = k == -distance or (k != distance and reach[k - 1] < reach[k + 1])
            x = reach[k + 1] if down else reach[k - 1] + 1
            while x < len(old) and x - k < len(new) and old[x] == new[x - k]:
                x += 1
            reach[k] = x
            if x >= len(old) and x - k >= len(new):
                return _walk_back(trace, len(old), len(new))
    return []


def _walk_back(trace: list[dict[int, int]], x: int, y: int) -> list[Pair]:
    """The pairs on the way that the search found, from the end to the start."""
    pairs: list[Pair] = []
    for distance in range(len(trace) - 1, -1, -1):
        reach, k, from_x, from_y = trace[distance], x - y, 0, 0
        if distance:
            down = k == -distance or (k != distance and reach[k - 1] < reach[k + 1])
            before = k + 1 if down else k - 1
            from_x, from_y = reach[before], reach[before] - before
        while x > from_x and y > from_y:
            x, y = x - 1, y - 1
            pairs.append((x, y))
        x, y = from_x, from_y
    return pairs[::-1]


def _phrases(old: list[Word], new: list[Word], pairs: list[Pair]) -> list[Pair]:
    """Drop matches that only break a change into pieces: short runs between larger changes."""
    shared = sum(len(old[i][0]) for i, _ in pairs)
    size = max(sum(len(word) for word, _ in side) for side in (old, new))
    if shared < LEAST_SHARED * size and not _at_an_end(old, new, pairs):
        return []
    runs = _runs(pairs)
    while True:
        kept = _without_islands(old, new, runs)
        if len(kept) == len(runs):
            return [pair for run in kept for pair in run]
        runs = kept


def _at_an_end(old: list[Word], new: list[Word], pairs: list[Pair]) -> bool:
    """Whether one side is all there: words were only added, or only removed."""
    return len(pairs) in (len(old), len(new))


def _runs(pairs: list[Pair]) -> list[list[Pair]]:
    runs: list[list[Pair]] = []
    for pair in pairs:
        if runs and pair == (runs[-1][-1][0] + 1, runs[-1][-1][1] + 1):
            runs[-1].append(pair)
        else:
            runs.append([pair])
    return runs


def _without_islands(old: list[Word], new: list[Word], runs: list[list[Pair]]) -> list[list[Pair]]:
    """One pass. A run goes when it is no longer than the changes on both of its sides."""
    kept: list[list[Pair]] = []
    for index, run in enumerate(runs):
        before = kept[-1][-1] if kept else (-1, -1)
        after = runs[index + 1][0] if index + 1 < len(runs) else (len(old), len(new))
        left = max(_length(old, before[0] + 1, run[0][0]), _length(new, before[1] + 1, run[0][1]))
        right = max(_length(old, run[-1][0] + 1, after[0]), _length(new, run[-1][1] + 1, after[1]))
        if _length(old, run[0][0], run[-1][0] + 1) > min(left, right):
            kept.append(run)
    return kept


def _length(words: list[Word], start: int, end: int) -> int:
    return sum(len(word) for word, _ in words[start:end])


def _emit(old: tuple[str, list[Word]], new: tuple[str, list[Word]], pairs: list[Pair]) -> list[Span]:
    """Spans in order; between two same ones the removed text stands before the added one."""
    spans: list[Span] = []
    gone, come = old[0], new[0]
    at_old = at_new = 0
    for i, j in [*pairs, (len(old[1]), len(new[1]))]:
        gone += "".join(word + space for word, space in old[1][at_old:i])
        come += "".join(word + space for word, space in new[1][at_new:j])
        _change(spans, gone, come)
        if i < len(old[1]):
            spans.append(Span("same", old[1][i][0]))
            gone, come = old[1][i][1], new[1][j][1]
        at_old, at_new = i + 1, j + 1
    return spans


def _change(spans: list[Span], gone: str, come: str) -> None:
    """Append a change; white space that both sides begin or end with stays."""
    lead = _common_space(gone, come)
    start, gone, come = gone[:lead], gone[lead:], come[lead:]
    tail = _common_space(gone[::-1], come[::-1])
    end, gone, come = gone[len(gone) - tail :], gone[: len(gone) - tail], come[: len(come) - tail]
    spans += [Span("same", start), Span("removed", gone), Span("added", come), Span("same", end)]


def _common_space(one: str, other: str) -> int:
    """How many white space characters both begin with."""
    most = min(len(one), len(other))
    return next((i for i in range(most) if one[i] != other[i] or not one[i].isspace()), most)


def _tidy(spans: list[Span]) -> list[Span]:
    """Neighbours of a kind become one; empty ones go."""
    groups = groupby((span for span in spans if span.text), key=lambda span: span.kind)
    return [Span(kind, "".join(span.text for span in group)) for kind, group in groups]
