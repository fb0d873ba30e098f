"""What changed between two commits: files, hunks and lines with their numbers on both sides."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import pygit2
from pygit2.enums import DeltaStatus

from variorum.repos.git.errors import Missing
from variorum.repos.git.handle import open_repository, patient
from variorum.repos.git.read import commit_of

MAX_LINES = 20_000
STATUS: dict[int, "Status"] = {
    DeltaStatus.ADDED: "added",
    DeltaStatus.DELETED: "deleted",
    DeltaStatus.RENAMED: "renamed",
}
Status = Literal["added", "deleted", "modified", "renamed"]


@dataclass(frozen=True)
class Line:
    """One line; ``old`` and ``new`` are its numbers (from 1), None where the side does not have it.

    ``unended``: the file ends here without a newline.
    """

    kind: Literal["context", "added", "removed"]
    old: int | None
    new: int | None
    text: str
    unended: bool = False


@dataclass(frozen=True)
class Hunk:
    """A run of lines around changes."""

    old_start: int
    old_lines: int
    new_start: int
    new_lines: int
    lines: list[Line]


@dataclass(frozen=True)
class FileDiff:
    """One changed file. ``path`` is the new one, except for a deleted file; ``old``, ``new`` are content ids.

    ``truncated``: the whole diff grew too long, so this file's hunks were left out.
    """

    path: str
    old_path: str
    status: Status
    old: str | None
    new: str | None
    binary: bool
    added: int
    removed: int
    truncated: bool = False
    hunks: list[Hunk] = field(default_factory=list)


@patient
def diff(path: Path, base: str | None, head: str, *, context: int = 3) -> list[FileDiff]:
    """Files that differ from commit ``base`` (None: nothing) to commit ``head``, by path, with renames."""
    files: list[FileDiff] = []
    room = MAX_LINES
    for patch in _patches(path, base, head, context):
        if patch is None:
            continue
        _, added, removed = patch.line_stats
        room -= added + removed
        files.append(_file(patch, added, removed, whole=room >= 0))
    return sorted(files, key=lambda file: file.path)


@patient
def changed_paths(path: Path, base: str, head: str) -> set[str]:
    """Paths whose content differs between two commits; a renamed file counts under both names."""
    repository = open_repository(path)
    found = commit_of(repository, base).tree.diff_to_tree(commit_of(repository, head).tree)
    return {side.path for delta in found.deltas for side in (delta.old_file, delta.new_file)}


@patient
def tree_changes(path: Path, commit: str, tree: str) -> dict[str, bytes | None]:
    """Files of a tree that differ from a commit's, with their contents; None for those that it does not have."""
    repository = open_repository(path)
    after = repository[tree]
    if not isinstance(after, pygit2.Tree):
        raise Missing(f"no tree {tree[:80]!r}")
    sides = commit_of(repository, commit).tree.diff_to_tree(after).deltas
    names = {side.path for delta in sides for side in (delta.old_file, delta.new_file)}
    return {name: _content(after, name) for name in names}


def _content(tree: pygit2.Tree, name: str) -> bytes | None:
    blob = tree[name] if name in tree else None  # noqa: SIM401  (a tree has no get)
    return bytes(blob.data) if isinstance(blob, pygit2.Blob) else None


def _patches(path: Path, base: str | None, head: str, context: int) -> pygit2.Diff:
    repository = open_repository(path)
    new = commit_of(repository, head).tree
    if base is None:
        return new.diff_to_tree(context_lines=context, swap=True)
    found = commit_of(repository, base).tree.diff_to_tree(new, context_lines=context)
    found.find_similar()
    return found


def _file(patch: pygit2.Patch, added: int, removed: int, *, whole: bool) -> FileDiff:
    delta = patch.delta
    status = STATUS.get(delta.status, "modified")
    return FileDiff(
        path=delta.old_file.path if status == "deleted" else delta.new_file.path,
        old_path=delta.new_file.path if status == "added" else delta.old_file.path,
        status=status,
        old=None if status == "added" else str(delta.old_file.id),
        new=None if status == "deleted" else str(delta.new_file.id),
        binary=bool(delta.is_binary),
        added=added,
        removed=removed,
        truncated=not whole,
        hunks=[_hunk(hunk) for hunk in patch.hunks] if whole else [],
    )


def _hunk(hunk: pygit2.DiffHunk) -> Hunk:
    lines: list[Line] = []
    for line in hunk.lines:
        if line.origin in " +-":
            lines.append(_line(line))
        else:  # a remark that the line before has no newline
            lines[-1] = replace(lines[-1], unended=True)
    return Hunk(hunk.old_start, hunk.old_lines, hunk.new_start, hunk.new_lines, lines)


def _line(line: pygit2.DiffLine) -> Line:
    text = line.raw_content.decode("utf-8", "replace").removesuffix("\n")
    if line.origin == "+":
        return Line("added", None, line.new_lineno, text)
    if line.origin == "-":
        return Line("removed", line.old_lineno, None, text)
    return Line("context", line.old_lineno, line.new_lineno, text)
