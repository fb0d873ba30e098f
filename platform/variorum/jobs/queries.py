"""Reads of jobs."""

from django.db.models import QuerySet
from rest_framework.request import Request

from variorum.accounts.access import access_project
from variorum.accounts.models import Project
from variorum.accounts.roles import Role
from variorum.jobs.models import Job
from variorum.lib.errors import NotFound


def jobs_of(project: Project, *, kind: str = "", state: str = "") -> QuerySet[Job]:
    """A project's jobs; `state` may be `open` for queued and running ones."""
    found = Job.objects.filter(project=project)
    if kind:
        found = found.filter(kind=kind)
    if state == "open":
        return found.exclude(state__in=Job.ENDED)
    return found.filter(state=state) if state else found


def access_job(request: Request, slug: str, number: int, role: Role = Role.VIEWER) -> Job:
    """One job of a project. Raises as access_project, NotFound."""
    project = access_project(request, slug, role)
    job = Job.objects.select_related("project").filter(project=project, number=number).first()
    if job is None:
        raise NotFound(f"The project has no job #{number}.")
    return job
