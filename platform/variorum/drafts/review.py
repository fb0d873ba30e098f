"""Writes of the conversation and of the verdicts."""

from django.db import transaction
from django.utils import timezone

from variorum.accounts.access import Actor
from variorum.accounts.models import User
from variorum.drafts.asking import mention, tell_of_comment, tell_of_verdict
from variorum.drafts.locking import lock_open, tell
from variorum.drafts.models import Approval, Comment, Draft
from variorum.drafts.queries import REQUEST_CHANGES, Standing, standing_of
from variorum.drafts.ranges import proposed, wrong
from variorum.lib.errors import Conflict, Forbidden, NotFound
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
    end_line: int | None = None,
    suggestion: str | None = None,
    commit: str = "",
) -> Comment:
    """Say something: on the whole draft, at a line of one side of a file, or in answer to a thread (`parent`).

    `commit` is the version at which the line was seen (the draft's head when empty). `suggestion` is a text that would
    take the place of the lines `line` to `end_line` of the new side. Raises NotFound for an unknown thread or file,
    Invalid for a line that the file does not have or a suggestion that changes nothing.
    """
    place = {} if parent else _place(draft, path, side, line, end_line, suggestion, commit)
    made = Comment.objects.create(
        draft=draft,
        parent=_thread(draft, parent) if parent else None,
        author=actor.user,
        author_name=actor.name[:220],
        body=body,
        **place,
    )
    tell(draft, actor, "draft.commented", comment=made.pk, path=path)
    tell_of_comment(made, actor)
    return made


@transaction.atomic
def edit_comment(*, comment: Comment, actor: Actor, body: str) -> Comment:
    """Correct one's own comment. Raises Forbidden for another's."""
    if actor.user is None or comment.author_id != actor.user.pk:
        raise Forbidden("Only its author may change a comment.", code="not_yours")
    comment.body, comment.edited_at = body, timezone.now()
    comment.save(update_fields=["body", "edited_at"])
    tell(comment.draft, actor, "draft.comment_edited", comment=comment.pk)
    mention(comment.draft, actor, body, said=comment)
    return comment


@transaction.atomic
def delete_comment(*, comment: Comment, actor: Actor) -> None:
    """Take back one's own comment. Raises Forbidden for another's, Conflict `has_answers` where others answered it."""
    if actor.user is None or comment.author_id != actor.user.pk:
        raise Forbidden("Only its author may delete a comment.", code="not_yours")
    if comment.applied_commit:
        raise Conflict("This suggestion was taken up; it stays as a record.", code="suggestion_applied")
    if comment.replies.exists():
        text = "Others have answered this comment. Change its text instead."
        raise Conflict(text, code="has_answers")
    tell(comment.draft, actor, "draft.comment_deleted", comment=comment.pk)
    comment.delete()


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

    Raises Conflict `draft_changed` when `commit` is not the latest version, Forbidden `role_too_low` for who is not
    asked, and `self_approval` for who opened the draft or wrote in it where somebody else could approve it.
    """
    locked = lock_open(draft)
    _may_judge(standing_of(locked), locked, user, verdict)
    if commit != locked.head_commit:
        text = "The draft changed since you looked at it. Look at the latest version first."
        raise Conflict(text, code="draft_changed", extra={"head_commit": locked.head_commit})
    made = Approval.objects.create(
        draft=locked, author=user, verdict=Approval.Verdict(verdict), commit=commit, body=body
    )
    approves = made.verdict == Approval.Verdict.APPROVE
    tell(locked, actor, "draft.approved" if approves else "draft.changes_requested", commit=commit)
    tell_of_verdict(made, actor)
    return made


def _may_judge(standing: Standing, draft: Draft, user: User, verdict: str) -> None:
    """Raises Forbidden. Who wrote in another's draft may still request changes."""
    if user.pk not in standing.asked:
        text = "Only maintainers, owners, and people whom the rules name for these files approve or request changes."
        raise Forbidden(text, code="role_too_low")
    if user.pk in standing.givers or (verdict == REQUEST_CHANGES and user.pk != draft.author_id):
        return
    did = "opened" if user.pk == draft.author_id else "wrote in"
    raise Forbidden(f"You {did} this draft; somebody else has to approve it.", code="self_approval")


def _thread(draft: Draft, parent: int) -> Comment:
    found = Comment.objects.filter(draft=draft, pk=parent, parent=None).first()
    if found is None:
        raise NotFound("There is no such thread in this draft.")
    return found


def _place(
    draft: Draft, path: str, side: str, line: int | None, end: int | None, suggestion: str | None, commit: str
) -> dict[str, object]:
    if not path:
        if suggestion is not None:
            raise wrong("path", "Say which lines of which file the suggestion would replace.")
        return {}
    side = side or Comment.Side.NEW
    default = draft.base_commit if side == Comment.Side.OLD else draft.head_commit
    seen = queries.resolve(draft.project, commit or default)
    content = queries.read_file(draft.project, seen, path)
    count = len(content.splitlines())
    for name, number in (("line", line), ("end_line", end)):
        if number is not None and number > max(count, 1):
            raise wrong(name, f"{path} has {count} lines.", "out_of_range")
    if line is None or (end is not None and end < line):
        if end is not None or suggestion is not None:
            raise wrong("end_line", "The range of lines ends before it begins.")
        return {"path": path, "side": side, "commit": seen}
    place = {"path": path, "side": side, "line": line, "end_line": end or line, "commit": seen}
    return place if suggestion is None else {**place, **proposed(content, place, suggestion)}
