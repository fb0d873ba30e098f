"""Locks: one person wants to change a file alone, and what others save, push or merge of it is refused."""

from collections.abc import Collection, Iterable

from django.db import transaction
from django.db.models import QuerySet

from variorum.accounts.access import Actor
from variorum.accounts.models import Project, User
from variorum.events.services import record
from variorum.lib.errors import Conflict, Detail, Forbidden
from variorum.repos import git
from variorum.repos.models import LfsLock
from variorum.repos.problems import explained

MOST = 20  # locks that are told at once


def locks_of(project: Project) -> QuerySet[LfsLock]:
    """The locks of a project, oldest first."""
    return LfsLock.objects.filter(project=project).select_related("owner").order_by("pk")


def check_unlocked(project: Project, users: Collection[User | None], paths: Iterable[str]) -> None:
    """Raise Conflict `locked`, with each path, who has locked it and since when, unless nobody but `users` has."""
    own = {user.pk for user in users if user is not None}
    found = list(locks_of(project).filter(path__in=list(paths)).exclude(owner__in=own)[:MOST])
    if found:
        errors: list[Detail] = [{"where": lock.path, "code": "locked", "detail": _who(lock)} for lock in found]
        text = (
            f"{found[0].path} is {_who(found[0])}, to change it alone. Ask them to unlock it; a maintainer can"
            f" force it: git lfs unlock --force {found[0].path}"
        )
        raise Conflict(text, code="locked", errors=errors)


def _who(lock: LfsLock) -> str:
    return f"locked by {lock.owner.name} since {lock.locked_at:%Y-%m-%d %H:%M} UTC"


def lock(*, project: Project, actor: Actor, user: User, path: str, ref: str = "") -> tuple[LfsLock, bool]:
    """(the lock of a path, whether it was made now). Raises Unprocessable for a path that no repository may hold."""
    with explained():
        git.check_path(path)
    with transaction.atomic():
        found, made = LfsLock.objects.get_or_create(project=project, path=path, defaults={"owner": user, "ref": ref})
        if made:
            record(project=project, actor=actor, kind="lfs.locked", subject=("file", path), data={"ref": ref})
    return found, made


def unlock(*, lock: LfsLock, actor: Actor, user: User, force: bool) -> None:
    """Give a path free again: its owner, or anybody who may force it. Raises Forbidden `locked`."""
    if lock.owner_id != user.pk and not force:
        raise Forbidden(f"{lock.path} is locked by {lock.owner.name}.", code="locked")
    with transaction.atomic():
        if LfsLock.objects.filter(pk=lock.pk).delete()[0]:
            data = {"owner": lock.owner.name, "forced": lock.owner_id != user.pk}
            record(project=lock.project, actor=actor, kind="lfs.unlocked", subject=("file", lock.path), data=data)
