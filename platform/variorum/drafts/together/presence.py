"""Who has a draft open, what they look at and what they do right now. Forgotten soon after the page is."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone

from variorum.accounts.models import User
from variorum.drafts.models import Draft, Presence
from variorum.drafts.together import telling

EXPIRY = timedelta(seconds=25)  # a page speaks up every ten


def announce(*, draft: Draft, user: User, page: UUID, **seen: Any) -> None:
    """Note what a page shows and does (tab, path, doing, client, cursor), and tell the others at once.

    An id that is another person's page is nobody's to speak for: it is left alone.
    """
    values = {**seen, "user": user, "seen_at": timezone.now()}
    known = Presence.objects.filter(draft=draft, page=page).first()
    if known is not None and known.user_id != user.pk:
        return
    row, _ = Presence.objects.update_or_create(draft=draft, page=page, defaults=values)
    telling.tell(draft, "presence.progress", shown(row))


def leave(*, draft: Draft, user: User, page: UUID) -> None:
    """A page was closed."""
    if Presence.objects.filter(draft=draft, page=page, user=user).delete()[0]:
        telling.tell(draft, "presence.progress", {"page": str(page), "left": True})


def present(draft: Draft) -> QuerySet[Presence]:
    """The pages that are open now, the first one first."""
    recent = Presence.objects.filter(draft=draft, seen_at__gt=timezone.now() - EXPIRY)
    return recent.select_related("user").order_by("pk")


def shown(row: Presence) -> dict[str, Any]:
    """One page for other pages."""
    person = {"id": row.user_id, "name": row.user.name, "email": row.user.email}
    names = ("tab", "path", "doing", "client", "cursor")
    return {"page": str(row.page), "user": person, **{name: getattr(row, name) for name in names}}


def forget_old() -> int:
    """Drop pages that went away without a word; gives how many rows went. Runs by the clock."""
    return Presence.objects.filter(seen_at__lt=timezone.now() - 4 * EXPIRY).delete()[0]
