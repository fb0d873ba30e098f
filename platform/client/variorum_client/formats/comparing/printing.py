"""A comparison as text for a terminal."""

from collections.abc import Iterable, Iterator
from itertools import groupby

from variorum_client.formats.comparing.shapes import Comparison, Passage, Row, Span

MARKS = {"breaks": "!!", "warns": " !", "says": "  "}
GROUPS = {
    "settings": "Settings",
    "variables": "Variables",
    "output": "Answer",
    "partials": "Includes",
    "shape": "Adapter",
    "card": "Card",
    "weights": "Content",
    "keys": "Keys",
    "schema": "Schema",
}
_NEAR = 60


def as_text(comparison: Comparison) -> str:
    """The comparison in lines: what follows, then what changed. Changed words stand as [-old-]{+new+}."""
    return "".join(f"{line}\n" for line in _lines(comparison))


def spans_as_text(spans: Iterable[Span]) -> str:
    """Words with their changes marked, as `git diff --word-diff` does; long unchanged text is cut."""
    marks = {"same": "{}", "removed": "[-{}-]", "added": "{{+{}+}}"}
    return "".join(marks[span.kind].format(_cut(span)) for span in spans)


def _lines(found: Comparison) -> Iterator[str]:
    moved = f" (was {found.moved_from})" if found.moved_from else ""
    yield f"{found.path}{moved}: {found.state}"
    yield from (f"{MARKS[one.level]} {one.message}" for one in found.consequences)
    yield from (f"   {note}" for note in found.notes)
    for group, rows in groupby(found.rows, key=lambda row: row.group):
        yield f"  {GROUPS.get(group, group)}"
        yield from (f"    {_row(row)}" for row in rows)
    for passage in found.passages:
        if passage.state != "same" or passage.moved:
            yield f"  {_title(passage)}"
            yield from (f"    {line}" for line in spans_as_text(passage.spans).split("\n"))


def _row(row: Row) -> str:
    note = f" ({row.note})" if row.note else ""
    if row.state == "added":
        return f"+ {row.label}: {row.new}{note}"
    if row.state == "removed":
        return f"- {row.label}: {row.old}{note}"
    return f"~ {row.label}: {row.old} -> {row.new}{note}"


def _title(passage: Passage) -> str:
    number = passage.new_index or passage.old_index
    lines = passage.new_lines or passage.old_lines or (0, 0)
    role = f" ({passage.role})" if passage.role else ""
    was = f", was {passage.old_role}" if passage.old_role != passage.role else ""
    moved = f", moved from {passage.old_index}" if passage.moved else ""
    word = "Message" if passage.role else "Paragraph"
    return f"{word} {number}{role}: {passage.state}{was}{moved}, lines {lines[0]}-{lines[1]}"


def _cut(span: Span) -> str:
    if span.kind != "same" or len(span.text) <= 3 * _NEAR:
        return span.text
    return f"{span.text[:_NEAR]} … {span.text[-_NEAR:]}"
