"""Reads of sampling rules."""

from django.db.models import Count, QuerySet
from rest_framework.request import Request

from monitoring.quality.models import SamplingRule
from variorum.accounts.access import access_project
from variorum.accounts.models import Project
from variorum.accounts.roles import Role
from variorum.lib.errors import NotFound


def rules_of(project: Project) -> QuerySet[SamplingRule]:
    """A project's sampling rules, each with `waiting`: how many logs it has yet to score."""
    found = SamplingRule.objects.filter(project=project).select_related("project")
    return found.annotate(waiting=Count("pending")).order_by("metric", "environment", "prompt")


def access_sampling_rule(request: Request, slug: str, rule: int, role: Role = Role.VIEWER) -> SamplingRule:
    """One sampling rule. Raises as access_project, NotFound."""
    found = rules_of(access_project(request, slug, role)).filter(pk=rule).first()
    if found is None:
        raise NotFound("The project has no such sampling rule.")
    return found
