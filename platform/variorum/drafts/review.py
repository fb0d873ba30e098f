"""Writes of the conversation and of the verdicts."""

from django.db import transaction
from django.utils import timezone

from variorum.accounts.access import Actor
from variorum.accounts.models import User
from variorum.drafts.locking import lock_open, tell, tell_author
from variorum.drafts.models import Approval, Comment, Draft
from variorum.drafts.queries import able_to_approve
from variorum.lib.errors import Conflict, Forbidden, Invalid, NotFound
from variorum.repos import queries


@transaction.atomic
def comment(
    *,
    draft: Draft,
    actor: Actor,
    body: str,
    parent: int | None = None,
    path: str = "",
    side: str = "",
    line: int | None = None,
    commit: str = "",
) -> Comment:
    """Say something: on the whole draft, at a line of one side of a file, or in answer to a thread (`parent`).

    `commit` is the version at which the line was seen (the draft's head when empty). Raises NotFound for an unknown
    thread or file, Invalid for a line that the file does not have.
    """
    place = {} if parent else _place(draft, path, side, line, commit)
    made = Comment.objects.create(
        draft=draft,
        parent=_thread(draft, parent) if parent else None,
        author=actor.user,
        author_name=actor.name[:220],
        body=body,
        **place,
    )
    tell(draft, actor, "draft.commented", comment=made.pk, path=path)
    tell_author(draft, actor, f"{actor.name} commented on draft #{draft.number}", body)
    return made


@transaction.atomic
def edit_comment(*, comment: Comment, actor: Actor, body: str) -> Comment:
    """Correct one's own comment. Raises Forbidden for another's."""
    if actor.user is None or comment.author_id != actor.user.pk:
        raise Forbidden("Only its author may change a comment.", code="not_yours")
    comment.body, comment.edited_at = body, timezone.now()
    comment.save(update_fields=["body", "edited_at"])
    tell(comment.draft, actor, "draft.comment_edited", comment=comment.pk)
    return comment


@transaction.atomic
def resolve_thread(*, comment: Comment, actor: Actor, resolved: bool) -> Comment:
    """Settle a thread, or take it up again. Raises Conflict for a reply, which has no state of its own."""
    if comment.parent_id is not None:
        raise Conflict("Only the first comment of a thread can be resolved.", code="not_a_thread")
    comment.resolved_at = timezone.now() if resolved else None
    comment.resolved_by_name = actor.name[:220] if resolved else ""
    comment.save(update_fields=["resolved_at", "resolved_by_name"])
    tell(comment.draft, actor, "draft.thread_resolved" if resolved else "draft.thread_reopened", comment=comment.pk)
    return comment


@transaction.atomic
def review(*, draft: Draft, actor: Actor, user: User, verdict: str, commit: str, body: str = "") -> Approval:
    """Approve a version of the draft, or request changes.

    Raises Conflict `draft_changed` when `commit` is not the latest version, Forbidden `self_approval` for the draft's
    author where somebody else could approve it.
    """
    locked = lock_open(draft)
    if commit != locked.head_commit:
        text = "The draft changed since you looked at it. Look at the latest version first."
        raise Conflict(text, code="draft_changed", extra={"head_commit": locked.head_commit})
    _forbid_self_approval(locked, user)
    made = Approval.objects.create(
        draft=locked, author=user, verdict=Approval.Verdict(verdict), commit=commit, body=body
    )
    approves = made.verdict == Approval.Verdict.APPROVE
    kind, verb = ("draft.approved", "approved") if approves else ("draft.changes_requested", "requested changes to")
    tell(locked, actor, kind, commit=commit)
    tell_author(locked, actor, f"{actor.name} {verb} draft #{locked.number}", body)
    return made


def _forbid_self_approval(draft: Draft, user: User) -> None:
    if draft.author_id == user.pk and able_to_approve(draft.project).exclude(user=user).exists():
        text = "You opened this draft; somebody else has to approve it."
        raise Forbidden(text, code="self_approval")


def _thread(draft: Draft, parent: int) -> Comment:
    found = Comment.objects.filter(draft=draft, pk=parent, parent=None).first()
    if found is None:
        raise NotFound("There is no such thread in this draft.")
    return found


def _place(draft: Draft, path: str, side: str, line: int | None, commit: str) -> dict[str, object]:
    if not path:
        return {}
    side = side or Comment.Side.NEW
    default = draft.base_commit if side == Comment.Side.OLD else draft.head_commit
    seen = queries.resolve(draft.project, commit or default)
    count = len(queries.read_file(draft.project, seen, path).splitlines())
    if line is not None and line > max(count, 1):
        text = f"{path} has {count} lines."
        raise Invalid(text, errors=[{"where": "line", "code": "out_of_range", "detail": text}])
    return {"path": path, "side": side, "line": line, "commit": seen}
