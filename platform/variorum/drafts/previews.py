"""Whether a draft would merge, without merging it."""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field

from variorum.accounts.models import Project
from variorum.drafts.models import Draft
from variorum.repos import git, queries
from variorum.repos import services as repository
from variorum_client.formats import Problem

KEPT = 256


@dataclass(frozen=True)
class Preview:
    """The merged tree, or why there is none: conflicts, files that would not be fit, or nothing to merge.

    changes: what merged by itself, on top of main.
    """

    tree: str = ""
    changes: Mapping[str, git.Stored] = field(default_factory=dict)
    conflicts: list[git.Conflict] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    nothing: bool = False

    @property
    def state(self) -> str:
        """clean, conflicts, problems or nothing."""
        if self.nothing:
            return "nothing"
        return "conflicts" if self.conflicts else "problems" if self.problems else "clean"


# Previews by (project, main, draft head): commits never change, so neither does the answer.
_known: OrderedDict[tuple[int, str, str], Preview] = OrderedDict()


def preview(draft: Draft, onto: str) -> Preview:
    """What merging the draft into commit `onto` would give. No Git process; kept for the next question."""
    key = (draft.project_id, onto, draft.head_commit)
    found = _known.get(key)
    if found is None:
        found = _known[key] = _preview(draft.project, onto, draft.head_commit)
        while len(_known) > KEPT:
            _known.popitem(last=False)
    return found


def _preview(project: Project, onto: str, head: str) -> Preview:
    if queries.is_ancestor(project, head, onto):
        return Preview(nothing=True)
    merged = repository.merge(project=project, ours=onto, theirs=head)
    if merged.tree is None:
        return Preview(changes=merged.changes, conflicts=merged.conflicts)
    return Preview(tree=merged.tree, changes=merged.changes, problems=_problems(project, onto, head, merged.tree))


def _problems(project: Project, onto: str, head: str, tree: str) -> list[Problem]:
    """Two edits may each be fit and their sum not: an adapter removed here, a prompt bound to it there."""
    changed = queries.changed_in_tree(project, onto, tree)
    return repository.problems_of(project, onto, changed)
