"""Large files that nothing points at any more go away after a grace time.

What keeps an object: a pointer in any commit that a branch or tag reaches, or somebody who came to rely on it within
the grace time (an upload, a client told "it is here already", a commit that was checked). The row goes first, by one
conditional DELETE that sees such a latecomer; then the content, when no room needs it, under the lock of uploads. That
the content is to go is written down with the first step, so that a process killed between the two loses no room.
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from variorum.accounts.models import Project
from variorum.jobs.schedule import once_per
from variorum.lib import objects
from variorum.repos import git
from variorum.repos.models import LeavingContent, LfsObject
from variorum.repos.places import path_of
from variorum_client.formats import parse_pointer
from variorum_client.formats.lfs import MAX_POINTER_BYTES

DAY = 24 * 3600


def collect() -> None:
    """Once a day, for every project that holds old objects; scratch files of killed uploads too. What a killed
    collection left is removed at every call. Runs by the clock."""
    finish_leaving()
    if not once_per(DAY, "lfs.collect"):
        return
    objects.store().sweep()
    cutoff = timezone.now() - timedelta(days=settings.LFS_GRACE_DAYS)
    old = LfsObject.objects.filter(asked_at__lt=cutoff).values("project")
    for project in Project.objects.filter(pk__in=old, repository__isnull=False).select_related("repository"):
        collect_project(project)


def collect_project(project: Project) -> list[str]:
    """The digests of the objects that were let go."""
    cutoff = timezone.now() - timedelta(days=settings.LFS_GRACE_DAYS)
    old = LfsObject.objects.filter(project=project, asked_at__lt=cutoff)
    candidates = set(old.values_list("sha256", flat=True))
    gone = sorted(candidates - pointed_at(project)) if candidates else []
    for digest in gone:
        _let_go(project, digest, cutoff)
        _remove(digest)
    return gone


def finish_leaving() -> int:
    """Remove the contents that a killed collection had let go; gives how many there were."""
    left = list(LeavingContent.objects.values_list("sha256", flat=True))
    for digest in left:
        _remove(digest)
    return len(left)


@transaction.atomic
def _let_go(project: Project, digest: str, cutoff: datetime) -> None:
    if LfsObject.objects.filter(project=project, sha256=digest, asked_at__lt=cutoff).delete()[0]:
        LeavingContent.objects.get_or_create(sha256=digest)


def _remove(digest: str) -> None:
    """The content, unless some room needs it, and the note of it. Safe to run again."""
    with objects.content_lock(digest):
        objects.release(digest)
        LeavingContent.objects.filter(sha256=digest).delete()


def pointed_at(project: Project) -> set[str]:
    """Digests of all objects that a commit within reach of a branch or tag points at."""
    found = map(parse_pointer, git.small_blobs(path_of(project), MAX_POINTER_BYTES))
    return {pointer.oid for pointer in found if pointer}


def holds(digest: str) -> bool:
    """Whether a project still has the object."""
    return LfsObject.objects.filter(sha256=digest).exists()
