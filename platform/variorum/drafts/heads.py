"""Where a draft's branch stands, and where what it changes begins."""

from django.utils import timezone

from variorum.drafts.models import Draft
from variorum.repos import git, queries


def advance(draft: Draft, head: str) -> None:
    """Write down a new head of the draft's branch; the caller holds the row.

    Where main was merged into the branch, the draft's own changes begin at that state of main.
    """
    draft.head_commit = head
    draft.base_commit = _base(draft, head)
    draft.paths = queries.changed_paths(draft.project, draft.base_commit, head)
    draft.updated_at = timezone.now()
    draft.save(update_fields=["head_commit", "base_commit", "paths", "updated_at"])


def _base(draft: Draft, head: str) -> str:
    main = queries.head(draft.project, git.MAIN)
    shared = queries.merge_base(draft.project, main, head) if main else None
    if shared is None or not queries.is_ancestor(draft.project, draft.base_commit, shared):
        return draft.base_commit
    return shared
