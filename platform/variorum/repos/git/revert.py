"""Taking a commit back: the three-way merge in which the commit is the base and what was before it comes anew."""

from pathlib import Path

from variorum.repos.git.errors import Missing
from variorum.repos.git.handle import open_repository, patient
from variorum.repos.git.merge import Merge, merge_trees
from variorum.repos.git.read import commit_of


@patient
def revert(path: Path, commit: str, onto: str) -> Merge:
    """The tree of commit ``onto`` without what ``commit`` changed (a merge commit: against its first parent).

    By setting and sentence where others changed the same file since; moves no ref. Raises Missing for a first commit.
    """
    repository = open_repository(path)
    taken = commit_of(repository, commit)
    if not taken.parents:
        raise Missing(f"nothing before commit {commit[:10]}: it is the first one")
    return merge_trees(path, onto, taken.tree, taken.parents[0].tree)
