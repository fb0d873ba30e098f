"""Taking up suggestions: one or several become one commit on the draft's branch, with co-authors."""

from collections.abc import Sequence
from itertools import pairwise

from django.db import transaction
from django.utils import timezone

from variorum.accounts.access import Actor
from variorum.drafts.asking import tell_suggesters
from variorum.drafts.locking import lock_open, tell
from variorum.drafts.models import Comment, Draft
from variorum.drafts.ranges import Range, ranges
from variorum.drafts.repair import adopt_head
from variorum.drafts.services import save_files
from variorum.lib.errors import Conflict, NotFound
from variorum.repos import queries


def apply_suggestions(*, draft: Draft, actor: Actor, comments: Sequence[int]) -> Draft:
    """Commit the suggestions of these comments, all or none, and settle their threads.

    Raises NotFound for a comment without one; Conflict: `suggestion_applied`, `suggestion_stale` when its lines have
    changed, `suggestions_overlap`, each with the `comments` that are meant; Unprocessable when the files would not be
    fit.
    """
    adopt_head(draft)
    with transaction.atomic():
        locked = lock_open(draft)
        chosen = _chosen(locked, comments)
        places = _places(locked, chosen)
        saved = save_files(
            draft=locked,
            actor=actor,
            files=_edited(locked, chosen, places),
            expected_head=locked.head_commit,
            message=_message(chosen, actor),
        )
        Comment.objects.filter(pk__in=places).update(
            applied_commit=saved.head_commit, resolved_at=timezone.now(), resolved_by_name=actor.name[:220]
        )
        tell(saved, actor, "draft.suggestions_applied", commit=saved.head_commit, comments=sorted(places))
        tell_suggesters(saved, actor, chosen)
    return saved


def _chosen(draft: Draft, wanted: Sequence[int]) -> list[Comment]:
    rows = Comment.objects.select_related("author").filter(draft=draft, pk__in=wanted).exclude(suggestion=None)
    found = list(rows.order_by("pk"))
    if not found or len(found) < len(set(wanted)):
        raise NotFound("The draft has no such suggestion.")
    if done := [comment.pk for comment in found if comment.applied_commit]:
        raise Conflict("Somebody took this up already.", code="suggestion_applied", extra={"comments": done})
    return found


def _places(draft: Draft, chosen: list[Comment]) -> dict[int, Range]:
    found = ranges(draft, chosen)
    if stale := [pk for pk, place in found.items() if place is None]:
        text = "The lines have changed since this was suggested. Look at them now, and edit them or ask for a new one."
        raise Conflict(text, code="suggestion_stale", extra={"comments": stale})
    places = {pk: place for pk, place in found.items() if place is not None}
    in_order = sorted(places.items(), key=lambda item: (item[1].path, item[1].start))
    for (one, before), (other, after) in pairwise(in_order):
        if before.path == after.path and after.start < before.end:
            text = "Two suggestions are about the same lines. Take up one of them."
            raise Conflict(text, code="suggestions_overlap", extra={"comments": [one, other]})
    return places


def _edited(draft: Draft, chosen: list[Comment], places: dict[int, Range]) -> dict[str, bytes | None]:
    """The files with all suggestions in them; from the last line to the first, so that places stay right."""
    before = queries.read_files(draft.project, draft.head_commit, sorted({place.path for place in places.values()}))
    lines = {path: content.decode().split("\n") for path, content in before.items()}
    for comment in sorted(chosen, key=lambda each: places[each.pk].start, reverse=True):
        place = places[comment.pk]
        lines[place.path][place.start : place.end] = _replacement(comment.suggestion or "")
    return {path: "\n".join(text).encode() for path, text in lines.items()}


def _replacement(suggestion: str) -> list[str]:
    return suggestion.removesuffix("\n").split("\n") if suggestion else []


def _message(chosen: list[Comment], actor: Actor) -> str:
    """A subject, and who made the suggestions as co-authors."""
    others = {
        comment.author.email: " ".join(comment.author.name.replace("<", "").replace(">", "").split())
        for comment in chosen
        if comment.author is not None and (actor.user is None or comment.author_id != actor.user.pk)
    }
    one = f"Apply a suggestion by {chosen[0].author_name}"
    subject = one if len(chosen) == 1 else f"Apply {len(chosen)} suggestions"
    trailers = "\n".join(f"Co-authored-by: {name} <{email}>" for email, name in sorted(others.items()))
    return f"{subject}\n\n{trailers}".rstrip()
