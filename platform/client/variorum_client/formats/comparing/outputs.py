"""What a change of a prompt's answer format means for those who read the answers."""

from collections.abc import Iterator

from variorum_client.formats.comparing.fields import Field, fields_of, type_words
from variorum_client.formats.comparing.rows import shown
from variorum_client.formats.comparing.shapes import Consequence, Row
from variorum_client.formats.prompt import Prompt

GROUP = "output"


def output_changes(old: Prompt, new: Prompt) -> tuple[list[Row], list[Consequence]]:
    """Rows of format and fields of the answer that changed, and what follows."""
    before, after = fields_of(old.output_schema), fields_of(new.output_schema)
    rows = [*_format_row(old, new)]
    found = [*_format(old, new)]
    for path in dict.fromkeys([*before, *after]):
        row = _row(path, before.get(path), after.get(path))
        rows += row
        found += _consequences(path, before.get(path), after.get(path))
    return rows, found


def _format_row(old: Prompt, new: Prompt) -> Iterator[Row]:
    if old.output_format != new.output_format:
        state = "added" if old.output_format is None else "removed" if new.output_format is None else "changed"
        yield Row(GROUP, "output.format", "Answer as", state, old.output_format, new.output_format)  # type: ignore[arg-type]


def _format(old: Prompt, new: Prompt) -> Iterator[Consequence]:
    if old.output_format != new.output_format and old.output_format not in (None, "text"):
        now = new.output_format or "text"
        text = f"Answers are to be {now}, no longer {old.output_format}: callers that parse them will fail."
        yield Consequence("breaks", "output_format", "", text)
    elif old.output_format != new.output_format and new.output_format not in (None, "text"):
        text = (
            f"Answers are to be {new.output_format}: callers that show them as they are will show {new.output_format}."
        )
        yield Consequence("warns", "output_format", "", text)


def _row(path: str, old: Field | None, new: Field | None) -> list[Row]:
    before, after = (_says(side) for side in (old, new))
    if before == after:
        return []
    state = "added" if before is None else "removed" if after is None else "changed"
    return [Row(GROUP, path, path, state, before, after)]  # type: ignore[arg-type]


def _says(field: Field | None) -> str | None:
    if field is None:
        return None
    return type_words(field) + ("" if field.required else ", may be missing")


def _consequences(path: str, old: Field | None, new: Field | None) -> Iterator[Consequence]:
    if old is None or new is None:
        yield from _come_or_gone(path, old)
        return
    if old.required and not new.required:
        text = f"The answer's field `{path}` may now be missing: callers that parse it must be ready for that."
        yield Consequence("warns", "output_optional", path, text)
    if new.types != old.types:
        text = f"The answer's field `{path}` is now {type_words(new)} (was {type_words(old)}): "
        yield Consequence("breaks", "output_type", path, text + "callers that parse it may fail.")
    come = [value for value in new.values or [] if old.values is not None and value not in old.values]
    gone = [value for value in old.values or [] if new.values is not None and value not in new.values]
    if come:
        text = f"The answer's field `{path}` may now be {shown(come)}: callers that parse it must know that."
        yield Consequence("warns", "output_values", path, text)
    if gone:
        text = f"The answer's field `{path}` will no longer be {shown(gone)}."
        yield Consequence("says", "output_values", path, text)


def _come_or_gone(path: str, old: Field | None) -> Iterator[Consequence]:
    if old is None:
        yield Consequence("says", "output_added", path, f"Answers get a new field `{path}`.")
    else:
        text = f"Answers lose the field `{path}`: callers that parse it will not find it."
        yield Consequence("breaks", "output_removed", path, text)
