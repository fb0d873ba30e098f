"""Who wrote what: each line, each message of a prompt, and how one message came to be what it is."""

import re
from dataclasses import dataclass
from functools import cmp_to_key
from typing import Literal

from variorum.accounts.models import Project
from variorum.lib.errors import NotFound
from variorum.repos import git, queries
from variorum.repos.git import CommitInfo, Written
from variorum.repos.places import path_of
from variorum.repos.problems import explained
from variorum_client.formats import kind_of
from variorum_client.formats.comparing.passages import Piece, pair_up
from variorum_client.formats.comparing.prompts import pieces
from variorum_client.formats.comparing.shapes import Span
from variorum_client.formats.comparing.words import word_spans

Change = Literal["added", "changed"]
_MARKER = re.compile(r"\s*\{\{~?\s*(?:role\b[^}]*|history)~?\}\}\s*")


@dataclass(frozen=True)
class MessageAuthors:
    """A message of a prompt: its place (from 1), lines, the newest commit that touched it, all who wrote in it."""

    index: int
    role: str
    first: int
    last: int
    newest: CommitInfo
    authors: list[str]


@dataclass(frozen=True)
class MessageStep:
    """One commit in the life of a message: what it did, and to which words."""

    commit: CommitInfo
    change: Change
    role: str
    old_role: str
    spans: tuple[Span, ...]


@explained()
def blame(project: Project, commit: str, path: str) -> tuple[list[Written], dict[str, CommitInfo]]:
    """Runs of lines with the commit that wrote them, and those commits by id.

    One Git process the first time; asked from the file's own last change, so that the answer holds while others change.
    """
    repository = path_of(project)
    runs = list(git.blame(repository, _last_change(project, commit, path), path))
    return runs, {sha: git.commit_info(repository, sha) for sha in {run.sha for run in runs}}


def _last_change(project: Project, commit: str, path: str) -> str:
    """The commit that last changed a file, as far as it is near and has the file as it is now; else `commit`."""
    last = queries.last_changes(project, commit).get(path)
    if last is None:
        return commit
    now, then = (queries.read_files(project, sha, [path]) for sha in (commit, last.sha))
    return last.sha if now == then else commit


def messages(
    project: Project, commit: str, path: str, runs: list[Written], commits: dict[str, CommitInfo]
) -> list[MessageAuthors]:
    """Who wrote each message of a prompt; [] for any other file."""
    if kind_of(path) != "prompt":
        return []
    text = queries.text_of(queries.read_file(project, commit, path)) or ""
    found = []
    for index, piece in enumerate(pieces(text), 1):
        own = _writers(piece, text.split("\n"), runs)
        infos = _newest_first(project, [commits[sha] for sha in own])
        if infos:
            names = list(dict.fromkeys(info.author_name for info in infos))
            found.append(MessageAuthors(index, piece.role, *piece.lines, infos[0], names))
    return found


def message_history(project: Project, start: str, path: str, index: int, limit: int) -> tuple[list[MessageStep], bool]:
    """Commits that made or changed message `index` (from 1) of a prompt as it is at commit `start`, newest first.

    Looks at the newest `limit` commits of the file; the second value says whether there are older ones unseen.
    Raises NotFound when there is no such message.
    """
    now = _pieces(project, start, path)
    if not 1 <= index <= len(now):
        raise NotFound(f"There is no message {index} in {path[:200]!r}.")
    log = queries.log(project, start, path, limit=limit + 1)
    steps: list[MessageStep] = []
    here: int | None = index - 1
    for info in log[:limit]:
        then = _pieces(project, info.sha, path)
        here = _followed(then, now, here)
        if here is None:
            return steps, False
        step = _step(project, info, path, then, here)
        steps += step
        now = then
        if step and step[0].change == "added" and not _in_other_parents(project, info, path):
            return steps, False
    return steps, len(log) > limit


def _step(project: Project, info: CommitInfo, path: str, then: list[Piece], here: int) -> list[MessageStep]:
    """What a commit did to a message beside its first parent; [] when nothing."""
    before = _pieces(project, info.parents[0], path) if info.parents else []
    was, piece = _followed(before, then, here), then[here]
    if was is None:
        return [MessageStep(info, "added", piece.role, piece.role, word_spans("", piece.text))]
    old = before[was]
    if (old.role, old.text) == (piece.role, piece.text):
        return []
    return [MessageStep(info, "changed", piece.role, old.role, word_spans(old.text, piece.text))]


def _followed(before: list[Piece], after: list[Piece], index: int | None) -> int | None:
    """Where message `index` of `after` stood in `before`."""
    return next((i for i, j in pair_up(before, after) if j == index), None)


def _in_other_parents(project: Project, info: CommitInfo, path: str) -> bool:
    return any(_pieces(project, parent, path) for parent in info.parents[1:])


def _pieces(project: Project, commit: str, path: str) -> list[Piece]:
    content = queries.read_files(project, commit, [path]).get(path, b"")
    return pieces(queries.text_of(content) or "")


def _newest_first(project: Project, infos: list[CommitInfo]) -> list[CommitInfo]:
    """By time; commits of the same second by their history."""

    def later(one: CommitInfo, other: CommitInfo) -> int:
        if one.at != other.at:
            return -1 if one.at > other.at else 1
        return -1 if queries.is_ancestor(project, other.sha, one.sha) else 1

    return sorted(infos, key=cmp_to_key(later))


def _writers(piece: Piece, lines: list[str], runs: list[Written]) -> set[str]:
    """Commits that wrote lines of a message; its marker and blank lines count only when there is nothing else."""
    first, last = piece.lines
    text = [
        line for line in range(first, last + 1) if lines[line - 1].strip() and not _MARKER.fullmatch(lines[line - 1])
    ]
    wanted = set(text or [first])
    return {run.sha for run in runs if not wanted.isdisjoint(range(run.first, run.last + 1))}
