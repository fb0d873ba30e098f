"""Merging a draft into `main`: prepare, write the intent, move the ref, tell. A kill at any step is repaired."""

from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from variorum.accounts.access import Actor
from variorum.drafts.locking import landed, lock, lock_open, tell, tell_author
from variorum.drafts.models import Draft
from variorum.drafts.previews import preview
from variorum.drafts.problems import blocked, conflicting
from variorum.drafts.queries import Blocker, standing_of
from variorum.lib.errors import Conflict
from variorum.repos import git, queries
from variorum.repos import services as repository
from variorum.repos.lfs.locks import check_unlocked
from variorum.repos.problems import bad_files

TRIES = 8


@dataclass(frozen=True)
class Intent:
    """A merge commit that is written down and about to become `main`."""

    commit: str
    onto: str


def merge_draft(*, draft: Draft, actor: Actor, expected_head: str) -> Draft:
    """Make the draft part of `main` by a merge commit.

    Raises Conflict: `draft_changed` when the draft is not at `expected_head`, `merge_blocked` with the reasons,
    `merge_conflicts` with base, ours and theirs of each file, `locked` for files that neither the author nor the actor
    has locked; Unprocessable when the merged files would not be fit.
    """
    for _ in range(TRIES):
        merged = _finish_killed(draft, actor)
        merged = merged or _land(draft, actor, _prepare(draft, actor, expected_head))
        if merged is not None:
            return merged
    raise Conflict("Others merge faster than this draft can. Try again.", code="busy_main")


@transaction.atomic
def _finish_killed(draft: Draft, actor: Actor) -> Draft | None:
    """End a draft whose earlier merge was killed after it moved `main`."""
    locked = lock(draft)
    return finish(locked, actor) if locked.state == Draft.State.OPEN and landed(locked) else None


@transaction.atomic
def _prepare(draft: Draft, actor: Actor, expected_head: str) -> Intent:
    """Check everything, write the merge commit (no ref points at it) and note it in the row."""
    locked = lock_open(draft)
    if locked.head_commit != expected_head:
        text = "The draft changed since you looked at it. Look at the latest version first."
        raise Conflict(text, code="draft_changed", extra={"head_commit": locked.head_commit})
    if blockers := standing_of(locked).blockers:
        raise blocked(blockers)
    check_unlocked(locked.project, [actor.user, locked.author], locked.paths)
    onto = queries.resolve(locked.project, git.MAIN)
    commit = _merge_commit(locked, actor, onto)
    Draft.objects.filter(pk=locked.pk).update(merging_commit=commit)
    return Intent(commit, onto)


def _merge_commit(draft: Draft, actor: Actor, onto: str) -> str:
    found = preview(draft, onto)
    if found.nothing:
        raise blocked([Blocker("nothing_to_merge", "Main already has everything in this draft.")])
    if found.conflicts:
        raise conflicting(found.conflicts)
    if found.problems:
        raise bad_files(found.problems)
    body = f"\n\n{draft.description}" if draft.description else ""
    return repository.write_commit(
        project=draft.project,
        tree=found.tree,
        parents=[onto, draft.head_commit],
        message=f"Merge draft #{draft.number}: {draft.title}{body}",
        actor=actor,
    )


@transaction.atomic
def _land(draft: Draft, actor: Actor, intent: Intent) -> Draft | None:
    """Move `main` and end the draft. None when `main`, the draft or the intent changed meanwhile: prepare again."""
    locked = lock(draft)
    if locked.merging_commit != intent.commit:
        return locked if locked.state == Draft.State.MERGED else None
    if locked.state != Draft.State.OPEN or locked.head_commit not in _parents(locked, intent):
        Draft.objects.filter(pk=locked.pk).update(merging_commit="")  # closed, saved or pushed to since it was prepared
        return None
    try:
        repository.move_ref(project=locked.project, ref=git.MAIN, new=intent.commit, expected=intent.onto)
    except Conflict:
        Draft.objects.filter(pk=locked.pk).update(merging_commit="")
        return None
    return finish(locked, actor)


def _parents(draft: Draft, intent: Intent) -> tuple[str, ...]:
    return queries.commit_info(draft.project, intent.commit).parents


def finish(draft: Draft, actor: Actor) -> Draft:
    """Write down that the intended commit is part of `main`; the caller holds the row."""
    draft.state = Draft.State.MERGED
    draft.merged_commit, draft.merging_commit = draft.merging_commit, ""
    draft.ended_at = draft.updated_at = timezone.now()
    draft.ended_by_name = actor.name[:220]
    draft.save()
    tell(draft, actor, "draft.merged", commit=draft.merged_commit, title=draft.title)
    tell_author(draft, actor, f"{actor.name} merged draft #{draft.number}", draft.title)
    return draft
