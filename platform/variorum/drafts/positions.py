"""Where a remark on a line stands now that the file went on."""

from collections.abc import Iterable

from variorum.drafts.models import Comment, Draft
from variorum.lib.errors import NotFound
from variorum.repos import queries
from variorum.repos.git import FileDiff

Position = tuple[str, int]


def positions(draft: Draft, comments: Iterable[Comment]) -> dict[int, Position | None]:
    """For each remark on a line: the file and line on its side of the present difference, None when it is gone."""
    placed = [comment for comment in comments if comment.path and comment.line]
    seen = {(comment.commit, _target(draft, comment)) for comment in placed}
    changes = {pair: _changes(draft, *pair) for pair in seen}
    return {comment.pk: _follow(comment, changes[comment.commit, _target(draft, comment)]) for comment in placed}


def _target(draft: Draft, comment: Comment) -> str:
    return draft.base_commit if comment.side == Comment.Side.OLD else draft.head_commit


def _changes(draft: Draft, seen: str, now: str) -> dict[str, FileDiff]:
    if seen == now:
        return {}
    try:
        return {file.old_path: file for file in queries.diff(draft.project, seen, now)}
    except NotFound:
        return {}


def _follow(comment: Comment, changes: dict[str, FileDiff]) -> Position | None:
    file, line = changes.get(comment.path), comment.line or 1
    if file is None:
        return comment.path, line
    new = None if file.truncated or file.status == "deleted" else _line(file, line)
    return (file.path, new) if new else None


def _line(file: FileDiff, line: int) -> int | None:
    """The new number of an old line, None when it was removed or changed."""
    shift = 0
    for hunk in file.hunks:
        if line < hunk.old_start:
            break
        if line < hunk.old_start + hunk.old_lines:
            return next(each.new for each in hunk.lines if each.old == line)
        shift += hunk.new_lines - hunk.old_lines
    return line + shift
