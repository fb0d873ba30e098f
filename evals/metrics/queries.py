"""Reads of metrics and scores."""

from collections.abc import Iterable

from django.db.models import Case, IntegerField, Q, QuerySet, Value, When
from rest_framework.request import Request

from evals.metrics.models import Metric, Score
from variorum.accounts.access import access_project
from variorum.accounts.models import Project
from variorum.accounts.roles import Role
from variorum.lib.errors import NotFound


def metrics_of(project: Project) -> QuerySet[Metric]:
    """The newest version of every metric that a project may run: its own first, then the built-in ones."""
    mine_first = Case(When(project=None, then=Value(1)), default=Value(0), output_field=IntegerField())
    found = Metric.objects.filter(Q(project=project) | Q(project=None), current=True, archived_at=None)
    found = found.exclude(kind=Metric.Kind.HUMAN)
    return found.order_by(mine_first, "slug")


def find_metric(project: Project, slug: str) -> Metric:
    """The newest version of a metric, also of an archived one. Raises NotFound."""
    found = Metric.objects.filter(Q(project=project) | Q(project=None), slug=slug, current=True)
    metric = found.order_by("project").first()
    if metric is None:
        raise NotFound(f"The project has no metric {slug[:63]!r}.")
    return metric


def find_metrics(project: Project, slugs: Iterable[str]) -> list[Metric]:
    """The newest versions in the order of the slugs. Raises NotFound for an unknown or archived one."""
    wanted = list(slugs)
    known = {metric.slug: metric for metric in metrics_of(project)}
    missing = next((slug for slug in wanted if slug not in known), None)
    if missing is not None:
        raise NotFound(f"The project has no metric {missing[:63]!r}.")
    return [known[slug] for slug in wanted]


def versions_of(metric: Metric) -> QuerySet[Metric]:
    """Every version of the same metric, newest first."""
    return Metric.objects.filter(project=metric.project, slug=metric.slug).order_by("-version")


def access_metric(request: Request, slug: str, metric: str, role: Role = Role.VIEWER) -> Metric:
    """The newest version of one metric. Raises as access_project, NotFound."""
    return find_metric(access_project(request, slug, role), metric)


def scores_of(project: Project, subject_kind: str, subject_ids: Iterable[str]) -> QuerySet[Score]:
    """All scores of some subjects, with their metrics."""
    found = Score.objects.filter(project=project, subject_kind=subject_kind, subject_id__in=list(subject_ids))
    return found.select_related("metric").order_by("metric__slug", "metric__version", "author")
