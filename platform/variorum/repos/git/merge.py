"""Three-way merge without a work tree."""

from dataclasses import dataclass
from pathlib import Path

import pygit2

from variorum.repos.git.handle import open_repository, patient
from variorum.repos.git.read import commit_of


@dataclass(frozen=True)
class Conflict:
    """One file that both sides changed; None where a side does not have it."""

    path: str
    base: bytes | None
    ours: bytes | None
    theirs: bytes | None


@dataclass(frozen=True)
class Merge:
    """Either the id of the merged tree, or the conflicts."""

    tree: str | None
    conflicts: list[Conflict]


@patient
def merge(path: Path, ours: str, theirs: str) -> Merge:
    """Merge commit ``theirs`` into commit ``ours``, line by line where both changed a file; moves no ref."""
    repository = open_repository(path)
    return merge_of_index(
        repository, repository.merge_commits(commit_of(repository, ours), commit_of(repository, theirs))
    )


def merge_of_index(repository: pygit2.Repository, index: pygit2.Index) -> Merge:
    """What libgit2 made of a merge: the tree, or each file in conflict with its three sides."""
    if index.conflicts is None:
        return Merge(str(index.write_tree(repository)), [])
    found = [_conflict(repository, *sides) for sides in index.conflicts]
    return Merge(None, sorted(found, key=lambda conflict: conflict.path))


def _conflict(
    repository: pygit2.Repository,
    base: pygit2.IndexEntry | None,
    ours: pygit2.IndexEntry | None,
    theirs: pygit2.IndexEntry | None,
) -> Conflict:
    path = next(str(side.path) for side in (ours, theirs, base) if side is not None)
    return Conflict(path, *(_data(repository, side) for side in (base, ours, theirs)))


def _data(repository: pygit2.Repository, side: pygit2.IndexEntry | None) -> bytes | None:
    blob = None if side is None else repository[side.id]
    return bytes(blob.data) if isinstance(blob, pygit2.Blob) else None
