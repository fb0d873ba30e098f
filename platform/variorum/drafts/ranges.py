"""Lines that a suggestion would replace: read when it is made, found again when it is applied."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from variorum.drafts.models import Comment, Draft
from variorum.drafts.positions import positions
from variorum.lib.errors import Invalid
from variorum.repos import queries


@dataclass(frozen=True)
class Range:
    """Lines of a file of the draft's latest version, counted from 0, the end left out."""

    path: str
    start: int
    end: int


def wrong(where: str, text: str, code: str = "invalid") -> Invalid:
    """A refusal that names one field."""
    return Invalid(text, errors=[{"where": where, "code": code, "detail": text}])


def proposed(content: bytes, place: dict[str, Any], suggestion: str) -> dict[str, object]:
    """What a comment keeps of a suggestion. Raises Invalid when it changes nothing or the file is no text."""
    text = queries.text_of(content)
    if text is None or place["side"] != Comment.Side.NEW:
        raise wrong("suggestion", "Suggest a text for lines of the draft's own side.")
    original = "\n".join(text.split("\n")[place["line"] - 1 : place["end_line"]])
    replacement = suggestion.replace("\r\n", "\n")
    if replacement == original:
        raise wrong("suggestion", "The suggestion says what stands there already.", "no_change")
    return {"suggestion": replacement, "original": original}


def ranges(draft: Draft, comments: Iterable[Comment]) -> dict[int, Range | None]:
    """Where each suggestion that nobody took up yet stands in the latest version; None when its lines have changed."""
    waiting = [comment for comment in comments if comment.suggestion is not None and not comment.applied_commit]
    if not waiting:
        return {}
    placed = positions(draft, waiting)
    paths = sorted({position[0] for position in placed.values() if position})
    texts = {
        path: (queries.text_of(content) or "").split("\n")
        for path, content in queries.read_files(draft.project, draft.head_commit, paths).items()
    }
    return {comment.pk: _found(comment, placed[comment.pk], texts) for comment in waiting}


def _found(comment: Comment, position: tuple[str, int] | None, texts: dict[str, list[str]]) -> Range | None:
    if position is None:
        return None
    path, line = position
    wanted = comment.original.split("\n")
    start, end = line - 1, line - 1 + len(wanted)
    return Range(path, start, end) if texts.get(path, [])[start:end] == wanted else None
