"""A draft's row is locked while it changes, and every change is told."""

from typing import Any

from variorum.accounts.access import Actor
from variorum.drafts.models import Draft
from variorum.drafts.problems import not_open
from variorum.events.models import Notice
from variorum.events.services import notify, record
from variorum.lib.errors import NotFound
from variorum.repos import git, queries


def lock(draft: Draft) -> Draft:
    """The draft's present row, locked until the transaction ends."""
    return Draft.objects.select_for_update(of=("self",)).select_related("project", "author").get(pk=draft.pk)


def lock_open(draft: Draft) -> Draft:
    """The same for a draft that must be open. Raises Conflict, also where only the row does not know yet that the draft
    was merged: its process was killed, and a sweep follows within seconds."""
    locked = lock(draft)
    if locked.state != Draft.State.OPEN:
        raise not_open(locked)
    if landed(locked):
        raise not_open(locked, Draft.State.MERGED)
    return locked


def landed(draft: Draft) -> bool:
    """Whether the draft's intended merge commit is part of `main`."""
    if not draft.merging_commit:
        return False
    try:
        main = queries.resolve(draft.project, git.MAIN)
        return queries.is_ancestor(draft.project, draft.merging_commit, main)
    except NotFound:
        return False


def tell(draft: Draft, actor: Actor, kind: str, **data: Any) -> None:
    """Record what happened to a draft, in the change's own transaction."""
    record(project=draft.project, actor=actor, kind=kind, subject=("draft", str(draft.number)), data=data)


def tell_author(draft: Draft, actor: Actor, title: str, body: str = "") -> None:
    """Put a line in the inbox of the draft's author, unless they did it themselves."""
    if draft.author is not None and (actor.user is None or actor.user.pk != draft.author_id):
        url = f"/p/{draft.project.slug}/drafts/{draft.number}"
        notify(project=draft.project, user=draft.author, title=title, body=body[:500], url=url, kind=Notice.Kind.REVIEW)
