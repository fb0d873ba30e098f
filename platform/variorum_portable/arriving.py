"""The job `project_import`: a file that somebody brought becomes a project.

The job belongs to a project that nobody is in and that has nothing but this job. When all is read it becomes the
imported project, in one transaction; when it fails it is nobody's, and goes after a week.
"""

import secrets
import threading
from datetime import timedelta
from pathlib import Path
from types import TracebackType

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone
from rest_framework.request import Request

from variorum.accounts.access import Actor, actor_of
from variorum.accounts.models import Membership, Project
from variorum.jobs.errors import JobCancelled, JobFailed, LeaseLost
from variorum.jobs.models import Job
from variorum.jobs.runner import JobRun
from variorum.jobs.services import create_job, request_cancel
from variorum.lib import objects
from variorum.lib.errors import Conflict, NotFound, Problem
from variorum_portable.importing import clear_away, import_project, look_at

KIND = "project_import"
KEPT = timedelta(days=7)
TOLD_EVERY = 0.5  # seconds


def start_import(*, path: Path, actor: Actor, slug: str = "", name: str = "") -> Job:
    """A job that makes a project of the file, a scratch file of the object store; the actor's person will own it.

    What can be seen at once is refused at once: a file that is no export (`bad_export`, `unknown_version`), a slug that
    is taken (`slug_taken`).
    """
    slug, own_name, size = look_at(path, slug=slug)
    mark = secrets.token_hex(8)
    key = f"imports/{mark}.zip"
    objects.store().adopt_file(key, path)
    try:
        with transaction.atomic():
            waiting = Project.objects.create(slug=f"import-{mark}", name=name or own_name)
            spec = {"key": key, "slug": slug, "name": name}
            title = f"Import of {name or own_name}"
            return create_job(project=waiting, kind=KIND, title=title, spec=spec, actor=actor, total=size)
    except BaseException:
        objects.delete(key)
        raise


def access_import(request: Request, number: int) -> Job:
    """One import of the caller's. A key sees those that it began. Raises Unauthenticated, NotFound."""
    found = imports_of(request).filter(pk=number).first()
    if found is None:
        raise NotFound(f"There is no import {number} of yours.")
    return found


def imports_of(request: Request) -> QuerySet[Job]:
    """The caller's imports, newest first."""
    actor = actor_of(request)
    found = Job.objects.filter(kind=KIND, created_by=actor.user).select_related("project").order_by("-pk")
    return found.filter(created_key=actor.key) if actor.key else found


def bring(run: JobRun) -> None:
    """The job's work. Run again after a crash it begins anew, and does nothing when the project is there."""
    owner, waiting, key = run.job.created_by, run.job.project, run.spec["key"]
    if not has_arrived(run.job):
        try:
            if owner is None:
                raise JobFailed("Whoever asked for this import is no longer here.")
            with _Teller(run) as watch:
                import_project(
                    objects.local_path(key), owner=owner, slug=run.spec["slug"], name=run.spec["name"], into=waiting,
                    watch=watch, landed=lambda report: run.note(report=report),
                )  # fmt: skip
        except FileNotFoundError:
            raise JobFailed("The file that was uploaded is gone. Upload it again.") from None
        except Problem as problem:
            if not has_arrived(run.job):  # else another worker was faster
                run.note(code=problem.stable_code)
                objects.delete(key)
                raise JobFailed(problem.detail) from None
        except (JobCancelled, JobFailed):
            objects.delete(key)
            raise
    objects.delete(key)


def has_arrived(job: Job) -> bool:
    """Whether the project of an import is there."""
    return Membership.objects.filter(project_id=job.project_id).exists()


def cancel_import(*, job: Job, actor: Actor) -> Job:
    """Stop an import. Raises Conflict once it has ended."""
    found = request_cancel(job=job, actor=actor)
    if found.state == Job.State.CANCELLED:
        objects.delete(found.spec["key"])
    return found


def forget_import(*, job: Job) -> None:
    """Remove what is left of an import that failed or was cancelled. Raises Conflict for others."""
    with transaction.atomic():
        found = Job.objects.select_for_update(of=("self",)).select_related("project").get(pk=job.pk)
        if found.state not in (Job.State.FAILED, Job.State.CANCELLED) or has_arrived(found):
            raise Conflict("Only an import that failed or was cancelled can be removed.", code="import_not_ended")
        clear_away(found.project)
        Project.objects.filter(pk=found.project_id).delete()
    objects.delete(found.spec["key"])


def forget_old_imports() -> None:
    """Remove what failed or was cancelled a week ago. Runs by the clock."""
    ended = Job.objects.filter(kind=KIND, state__in=[Job.State.FAILED, Job.State.CANCELLED])
    for job in ended.filter(ended_at__lt=timezone.now() - KEPT, project__memberships=None).select_related("project"):
        forget_import(job=job)


class _Teller:
    """Tells how far the work is from a thread of its own: the work is in a transaction, which nobody sees into."""

    def __init__(self, run: JobRun) -> None:
        self._run, self._over = run, threading.Event()
        self._latest: tuple[int, int | None, str] = (0, None, "")
        self._thread = threading.Thread(target=self._tell, name=f"import-{run.job.pk}", daemon=True)

    def __enter__(self) -> "_Teller":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def __call__(self, done: int, total: int, part: str) -> None:
        """As a Watch. Raises JobCancelled, LeaseLost."""
        self._run.check()
        self._latest = (done, total, words_of(part))

    def _tell(self) -> None:
        try:
            while not self._over.wait(TOLD_EVERY):
                self._run.progress(*self._latest)
        except (JobCancelled, LeaseLost):
            pass  # the work meets it at its next step
        finally:
            connection.close()


def words_of(part: str) -> str:
    """A part of the file for people: `rows/drafts.draft.jsonl` is `drafts.draft`."""
    kind, _, name = part.partition("/")
    if kind == "rows":
        return name.removesuffix(".jsonl")
    return {"objects": "large files", "bodies": "deployed bundles", "repository.bundle": "repository"}.get(kind, part)
