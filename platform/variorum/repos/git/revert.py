"""Taking a commit back: the three-way merge in which the commit is the base and what was before it comes anew."""

from pathlib import Path

import pygit2

from variorum.repos.git.errors import Missing
from variorum.repos.git.handle import open_repository, patient
from variorum.repos.git.merge import Merge, merge_trees
from variorum.repos.git.read import commit_of
from variorum.repos.git.write import Author, write_commit


@patient
def revert(path: Path, commit: str, onto: str) -> Merge:
    """The tree of commit ``onto`` without what ``commit`` changed (a merge commit: against its first parent).

    By setting and sentence where others changed the same file since; moves no ref. Raises Missing for a first commit.
    """
    taken = commit_of(open_repository(path), commit)
    return merge_trees(path, onto, taken.tree, _before(taken).tree)


def write_undone(path: Path, commit: str, *, message: str, author: Author) -> str:
    """A commit on top of ``commit`` with the files from before it; moves no ref. Raises Missing for a first commit."""
    before = _before(commit_of(open_repository(path), commit))
    return write_commit(path, str(before.tree.id), [commit], message=message, author=author)


def _before(commit: pygit2.Commit) -> pygit2.Commit:
    if not commit.parents:
        raise Missing(f"nothing before commit {commit.short_id}: it is the first one")
    return commit.parents[0]
