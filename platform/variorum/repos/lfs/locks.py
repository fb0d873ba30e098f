"""Locks: one person says that they want to change a file alone, and the others are told before they push."""

from collections.abc import Iterable

from django.db import transaction
from django.db.models import QuerySet

from variorum.accounts.access import Actor
from variorum.accounts.models import Project, User
from variorum.events.services import record
from variorum.lib.errors import Forbidden
from variorum.repos import git
from variorum.repos.models import LfsLock
from variorum.repos.problems import explained


def locks_of(project: Project) -> QuerySet[LfsLock]:
    """The locks of a project, oldest first."""
    return LfsLock.objects.filter(project=project).select_related("owner").order_by("pk")


def locked_by_others(project: Project, user: User | None, paths: Iterable[str]) -> dict[str, LfsLock]:
    """Those of the paths that somebody else has locked."""
    found = locks_of(project).filter(path__in=list(paths)).exclude(owner=user)
    return {lock.path: lock for lock in found}


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
