"""Where two histories were last one: one commit, or several where each had merged the other."""

import pygit2
from pygit2.enums import SortMode


def merge_bases(repository: pygit2.Repository, one: pygit2.Oid, other: pygit2.Oid) -> list[pygit2.Oid]:
    """Every best common ancestor, in a fixed order; empty for histories that have nothing in common.

    Cheap where ``other`` has few commits of its own.
    """
    first = repository.merge_base(one, other)
    if first is None:
        return []
    if first in (one, other):
        return [first]
    beyond = _parents(repository, other, first)
    if all(len(parents) < 2 for parents in beyond.values()):
        return [first]
    common = beyond.keys() - _parents(repository, other, one).keys()
    best = common - {parent for commit in common for parent in beyond[commit]}
    return sorted([first, *best], key=str)


def _parents(
    repository: pygit2.Repository, start: pygit2.Oid, hidden: pygit2.Oid
) -> dict[pygit2.Oid, list[pygit2.Oid]]:
    """The commits that ``start`` has and ``hidden`` has not, with their parents."""
    walker = repository.walk(start, SortMode.NONE)
    walker.hide(hidden)
    return {commit.id: list(commit.parent_ids) for commit in walker}
