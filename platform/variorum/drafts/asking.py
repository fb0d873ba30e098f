"""Whom a draft concerns: those who are named, asked for a review, or part of a conversation; each is told once."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import transaction

from variorum.accounts.access import Actor
from variorum.accounts.handles import Directory
from variorum.accounts.models import User
from variorum.accounts.queries import members_of
from variorum.accounts.roles import Role, at_least
from variorum.drafts.locking import lock_open, tell
from variorum.drafts.models import Approval, Comment, Draft, Mention, ReviewRequest
from variorum.events.models import Notice
from variorum.events.services import notify
from variorum.lib.errors import Invalid

SHOWN = 500  # characters of a text that a notice shows


Said = Comment | Approval | None  # where something was said; None: in the draft's description


def mention(draft: Draft, actor: Actor, text: str, *, said: Said = None) -> frozenset[int]:
    """Tell the members whom a text calls by @name, each once however often the text is changed; gives who they are."""
    if "@" not in text:
        return frozenset()
    team = Directory(members_of(draft.project))
    named = team.mentioned(text) - _self(actor)
    place = _place(said)
    known = set(Mention.objects.filter(draft=draft, user__in=named, **place).values_list("user", flat=True))
    fresh = [team.users[pk] for pk in sorted(named - known)]
    Mention.objects.bulk_create([Mention(draft=draft, user=user, **place) for user in fresh], ignore_conflicts=True)
    title = f"{actor.name} mentioned you in draft #{draft.number}: {draft.title}"
    _tell(draft, fresh, title, text, kind=Notice.Kind.MENTION, said=said)
    return named


def tell_of_comment(comment: Comment, actor: Actor) -> None:
    """Tell who is named, then the draft's author and who spoke in the same thread."""
    draft = comment.draft
    text = comment.body or "suggested another text for some lines"
    named = mention(draft, actor, comment.body, said=comment)
    thread = comment.parent_id or comment.pk
    spoke = Comment.objects.filter(draft=draft).exclude(author=None)
    spoke = spoke.filter(pk=thread) | spoke.filter(parent=thread)
    concerned = {draft.author_id, *spoke.values_list("author_id", flat=True)} - named - _self(actor)
    people = [member.user for member in members_of(draft.project) if member.user_id in concerned]
    title = f"{actor.name} commented on draft #{draft.number}: {draft.title}"
    _tell(draft, people, title, text, said=comment)


def tell_of_verdict(made: Approval, actor: Actor) -> None:
    """Tell who is named in a verdict, then the draft's author."""
    draft = made.draft
    named = mention(draft, actor, made.body, said=made)
    verb = "approved" if made.verdict == Approval.Verdict.APPROVE else "requested changes to"
    people = [draft.author] if draft.author is not None and draft.author_id not in named | _self(actor) else []
    _tell(draft, people, f"{actor.name} {verb} draft #{draft.number}", made.body)


def tell_suggesters(draft: Draft, actor: Actor, taken_up: Sequence[Comment]) -> None:
    """Tell whose suggestions became part of the draft."""
    people = {comment.author_id: comment.author for comment in taken_up if comment.author is not None}
    told = [user for pk, user in people.items() if pk not in _self(actor)]
    _tell(draft, told, f"{actor.name} took up your suggestion in draft #{draft.number}", draft.title)


@transaction.atomic
def ask_for_review(*, draft: Draft, actor: Actor, users: Iterable[int]) -> Draft:
    """Ask people to look at an open draft; who was asked is asked again. Raises Invalid for who cannot answer."""
    locked = lock_open(draft)
    team = Directory(members_of(locked.project))
    for pk in dict.fromkeys(users):
        if pk not in team.users or not at_least(team.roles[pk], Role.EDITOR):
            text = "Ask somebody who is an editor, a maintainer or an owner of this project."
            raise Invalid(text, errors=[{"where": "users", "code": "not_a_reviewer", "detail": text}])
        if pk == locked.author_id:
            text = "Whoever opened the draft cannot review it."
            raise Invalid(text, errors=[{"where": "users", "code": "own_draft", "detail": text}])
        ReviewRequest.objects.filter(draft=locked, user=pk).delete()
        ReviewRequest.objects.create(draft=locked, user=team.users[pk], asked_by_name=actor.name[:220])
        tell(locked, actor, "draft.review_requested", user=team.users[pk].name)
        if pk not in _self(actor):
            _tell(locked, [team.users[pk]], f"{actor.name} asks for your review of draft #{draft.number}", draft.title)
    return locked


@transaction.atomic
def take_back_request(*, draft: Draft, actor: Actor, user: int) -> Draft:
    """Ask somebody no longer; twice is the same as once."""
    locked = lock_open(draft)
    found = ReviewRequest.objects.filter(draft=locked, user=user).select_related("user").first()
    if found is not None:
        found.delete()
        tell(locked, actor, "draft.review_request_withdrawn", user=found.user.name)
    return locked


def _place(said: Said) -> dict[str, Any]:
    """The columns of a mention by which it is found again."""
    is_comment = isinstance(said, Comment)
    return {"comment": said if is_comment else None, "approval": None if is_comment else said}


def _self(actor: Actor) -> frozenset[int]:
    return frozenset({actor.user.pk}) if actor.user else frozenset()


def _tell(
    draft: Draft,
    people: Sequence[User],
    title: str,
    text: str,
    *,
    kind: str = Notice.Kind.REVIEW,
    said: Said = None,
) -> None:
    if people:
        place = "".join(f"?tab=conversation#{name}-{one.pk}" for name, one in _place(said).items() if one)
        url = f"/p/{draft.project.slug}/drafts/{draft.number}{place}"
        notify(project=draft.project, people=people, title=title, body=text[:SHOWN], url=url, kind=kind)
