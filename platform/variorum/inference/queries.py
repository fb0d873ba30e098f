"""Reads of providers."""

from django.db.models import QuerySet
from rest_framework.request import Request

from variorum.accounts.access import access_project
from variorum.accounts.models import Project
from variorum.accounts.roles import Role
from variorum.inference.models import Provider
from variorum.lib.errors import NotFound


def providers_of(project: Project) -> QuerySet[Provider]:
    """A project's endpoints by name."""
    return Provider.objects.filter(project=project).order_by("slug")


def access_provider(request: Request, slug: str, provider: str, role: Role = Role.MAINTAINER) -> Provider:
    """One endpoint. Raises as access_project, NotFound."""
    project = access_project(request, slug, role)
    found = Provider.objects.select_related("project").filter(project=project, slug=provider).first()
    if found is None:
        raise NotFound(f"The project has no provider {provider!r}.")
    return found
