"""Writes of drafts: open, save, describe, close, reopen. Review, merge and checks are beside and re-exported here."""

from collections.abc import Mapping

from django.db import transaction
from django.utils import timezone

from variorum.accounts.access import Actor
from variorum.accounts.models import Project
from variorum.accounts.services import next_number
from variorum.drafts.asking import mention
from variorum.drafts.checks import require_check, set_check
from variorum.drafts.locking import lock, lock_open, tell
from variorum.drafts.merging import merge_draft
from variorum.drafts.models import Draft
from variorum.drafts.problems import stale_save
from variorum.drafts.repair import adopt_head
from variorum.drafts.review import comment, delete_comment, edit_comment, resolve_thread, review
from variorum.lib.errors import Conflict
from variorum.repos import queries
from variorum.repos import services as repository
from variorum.repos.lfs.locks import check_unlocked

__all__ = [
    "close_draft",
    "comment",
    "delete_comment",
    "edit_comment",
    "merge_draft",
    "open_draft",
    "reopen_draft",
    "require_check",
    "resolve_thread",
    "review",
    "save_files",
    "set_check",
    "update_draft",
]
Files = Mapping[str, bytes | None]


def open_draft(
    *,
    project: Project,
    actor: Actor,
    title: str,
    description: str = "",
    files: Files | None = None,
    base: str | None = None,
    head: str = "",
    reverts: str = "",
    past_locks: bool = False,
) -> Draft:
    """A draft on top of `base` (main), with a first commit when there are files, or with `head`, a commit that is
    written already.

    Raises NotFound for an unknown base, Unprocessable with path and line for files that are not fit, Conflict `locked`
    for files that somebody else has locked; `past_locks` for a job's result, which is worth keeping: its merge waits.
    """
    start = queries.resolve(project, base or "main")
    paths = queries.changed_paths(project, start, head) if head else []
    if not past_locks:
        check_unlocked(project, [actor.user], [*(files or {}), *paths])
    repository.check_files(project=project, base=start, files=files or {})
    with transaction.atomic():
        number = next_number(project, "last_draft")
        branch = f"drafts/{number}"
        repository.start_branch(project=project, ref=branch, commit=head or start)
        draft = Draft.objects.create(
            project=project,
            number=number,
            title=title[:200],
            description=description,
            author=actor.user,
            author_name=actor.name[:220],
            branch=branch,
            base_commit=start,
            head_commit=head or start,
            paths=paths,
            reverts=reverts,
        )
        tell(draft, actor, "draft.opened", title=draft.title)
        mention(draft, actor, description)
        if head:
            tell(draft, actor, "draft.saved", commit=head, paths=draft.paths[:20])
        if files:
            _commit(draft, actor, files, message=title)
    return draft


def save_files(*, draft: Draft, actor: Actor, files: Files, expected_head: str, message: str = "") -> Draft:
    """Commit files (None: delete) to an open draft that is at `expected_head`; no commit when nothing changes.

    Raises Conflict `stale_save` with the other's content and difference, `locked` for files that somebody else has
    locked, Unprocessable for files that are not fit. The same save again is harmless.
    """
    check_unlocked(draft.project, [actor.user], files)
    adopt_head(draft)
    with transaction.atomic():
        locked = lock_open(draft)
        if expected_head != locked.head_commit:
            if _has(locked, files):
                return locked
            raise stale_save(locked, expected_head, list(files))
        _commit(locked, actor, files, message=message)
    return locked


@transaction.atomic
def update_draft(
    *, draft: Draft, actor: Actor, version: int, title: str | None = None, description: str | None = None
) -> Draft:
    """Change title or description. Raises Conflict `stale_version` with the present ones."""
    locked = lock(draft)
    if locked.version != version:
        current = {"version": locked.version, "title": locked.title, "description": locked.description}
        text = "Somebody else changed title or description."
        raise Conflict(text, code="stale_version", extra={"current": current})
    locked.title = title[:200] if title is not None else locked.title
    locked.description = description if description is not None else locked.description
    locked.version += 1
    locked.save(update_fields=["title", "description", "version"])
    tell(locked, actor, "draft.updated", title=locked.title)
    mention(locked, actor, locked.description)
    return locked


@transaction.atomic
def close_draft(*, draft: Draft, actor: Actor) -> Draft:
    """End a draft without merging it; it keeps its branch and can be reopened. Raises Conflict when it is not open."""
    locked = lock_open(draft)
    _end(locked, Draft.State.CLOSED, actor)
    tell(locked, actor, "draft.closed")
    return locked


@transaction.atomic
def reopen_draft(*, draft: Draft, actor: Actor) -> Draft:
    """Take a closed draft up again, with its branch. Raises Conflict for an open or merged one, and for one whose
    branch has become another draft."""
    locked = lock(draft)
    if locked.state != Draft.State.CLOSED:
        raise Conflict(f"Draft #{locked.number} is {locked.state}, not closed.", code="draft_not_closed")
    same = Draft.objects.filter(project=locked.project, branch=locked.branch, state=Draft.State.OPEN).first()
    if same is not None:
        raise Conflict(f"Its branch {locked.branch} is draft #{same.number} now.", code="branch_taken")
    if queries.head(locked.project, locked.branch) != locked.head_commit:  # deleted by a push
        repository.start_branch(project=locked.project, ref=locked.branch, commit=locked.head_commit)
    locked.state, locked.ended_at, locked.ended_by_name = Draft.State.OPEN, None, ""
    locked.save(update_fields=["state", "ended_at", "ended_by_name"])
    tell(locked, actor, "draft.reopened")
    return locked


def _commit(draft: Draft, actor: Actor, files: Files, *, message: str) -> None:
    """Commit to the draft's branch and bring the row in line; the caller holds the row."""
    head = repository.commit_files(
        project=draft.project,
        ref=draft.branch,
        files=files,
        message=message or _message(list(files)),
        actor=actor,
        expected_head=draft.head_commit,
    )
    if head == draft.head_commit:
        return
    draft.head_commit = head
    draft.paths = queries.changed_paths(draft.project, draft.base_commit, head)
    draft.updated_at = timezone.now()
    draft.save(update_fields=["head_commit", "paths", "updated_at"])
    tell(draft, actor, "draft.saved", commit=head, paths=sorted(files)[:20])


def _has(draft: Draft, files: Files) -> bool:
    """Whether the draft's files already are like this: a repeated save."""
    now = queries.read_files(draft.project, draft.head_commit, list(files))
    return all(now.get(path) == content for path, content in files.items())


def _message(paths: list[str]) -> str:
    return f"Edit {paths[0]}" if len(paths) == 1 else f"Edit {len(paths)} files"


def _end(draft: Draft, state: Draft.State, actor: Actor) -> None:
    draft.state, draft.ended_at, draft.ended_by_name = state, timezone.now(), actor.name[:220]
    draft.save(update_fields=["state", "ended_at", "ended_by_name"])
