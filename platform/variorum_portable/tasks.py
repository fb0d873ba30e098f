"""The job `export`: writes the file and keeps it for a week."""

import hashlib
import secrets
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import timezone

from variorum.accounts.access import Actor
from variorum.accounts.models import Project
from variorum.events.services import record
from variorum.jobs.errors import JobFailed
from variorum.jobs.models import Job
from variorum.jobs.runner import JobRun
from variorum.jobs.services import create_job
from variorum.lib import objects
from variorum.lib.errors import Conflict, NotFound, Problem
from variorum.repos.git import GitError
from variorum_portable.exporting import export_project

KIND = "export"
KEPT = timedelta(days=7)


def start_export(*, project: Project, actor: Actor) -> Job:
    """A job that writes the project to a file. The one that is under way is given back instead of a second."""
    under_way = Job.objects.filter(project=project, kind=KIND).exclude(state__in=Job.ENDED).first()
    return under_way or create_job(
        project=project, kind=KIND, title=f"Export of {project.name}", spec={}, actor=actor, total=None
    )


def export(run: JobRun) -> None:
    """Run again after a crash it writes the file anew, and does nothing when that was done."""
    if "key" in run.job.result:
        return
    project = run.job.project
    with tempfile.TemporaryDirectory(prefix=".export-", dir=settings.DATA_DIR) as folder:
        path = Path(folder) / "project.zip"
        try:
            figures = export_project(project, path, run.progress)
        except FileNotFoundError:
            raise JobFailed("A large file of the project is missing in the object store.") from None
        except GitError as error:
            raise JobFailed(f"The repository cannot be read: {error}") from None
        except Problem as problem:
            raise JobFailed(problem.detail) from None
        with path.open("rb") as handle:
            digest = hashlib.file_digest(handle, "sha256").hexdigest()
        key = f"exports/{project.pk}-{run.job.number}-{secrets.token_hex(8)}.zip"
        objects.put_file(key, path)
        run.note(key=key, size=path.stat().st_size, sha256=digest, **figures)
    actor = Actor.of_user(run.job.created_by)
    record(project=project, actor=actor, kind="project.exported", subject=("job", str(run.job.number)))


def file_of(job: Job) -> dict[str, Any]:
    """The key, size and sha256 of an export's file. Raises Conflict before it is written, NotFound when it is gone."""
    if job.kind != KIND:
        raise NotFound(f"Job #{job.number} is no export.")
    if job.state != Job.State.SUCCEEDED:
        raise Conflict(f"The export is {job.state}; there is no file.", code="export_not_ready")
    if "key" not in job.result:
        raise NotFound("The file was kept for a week and is gone. Export the project again.", code="export_gone")
    return dict(job.result)


def forget_old_exports() -> None:
    """Delete files of exports that ended a week ago. Runs by the clock."""
    old = Job.objects.filter(kind=KIND, ended_at__lt=timezone.now() - KEPT, result__has_key="key")
    for job in old:
        key = job.result.pop("key")
        objects.delete(key)
        Job.objects.filter(pk=job.pk).update(result=job.result)
