"""Reads of suites, evaluations and results."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db.models import BigIntegerField, F, FloatField, Prefetch, Q, QuerySet
from django.db.models.fields.json import KeyTransform
from django.db.models.functions import Cast
from rest_framework.request import Request

from evals.metrics.models import Metric, Score
from evals.metrics.queries import scores_of
from evals.metrics.verdicts import NOT_APPLICABLE
from evals.runs.models import EvaluationJob, Result, Suite
from evals.runs.storing import SUBJECT
from variorum.accounts.access import access_project
from variorum.accounts.models import Project
from variorum.accounts.roles import Role
from variorum.lib.errors import Invalid, NotFound

SHOWN = ("all", "errors", "wrong", "failed", "gained", "lost", "changed")


def suites_of(project: Project) -> QuerySet[Suite]:
    """A project's suites that are in use, by name."""
    found = Suite.objects.filter(project=project, archived_at=None)
    return found.select_related("project", "dataset", "pinned").order_by("name", "pk")


def newest_evaluations(suites: Iterable[Suite]) -> dict[int, EvaluationJob]:
    """The newest evaluation of each suite, by the suite's id. One query."""
    found = _with_parts(EvaluationJob.objects.filter(suite__in=list(suites)))
    return {each.suite_id: each for each in found.order_by("suite", "-number").distinct("suite")}


def find_suite(project: Project, slug: str) -> Suite:
    """A suite by its slug, also an archived one. Raises NotFound."""
    found = Suite.objects.filter(project=project, slug=slug).select_related("project", "dataset", "pinned").first()
    if found is None:
        raise NotFound(f"The project has no suite {slug[:63]!r}.")
    return found


def access_suite(request: Request, slug: str, suite: str, role: Role = Role.VIEWER) -> Suite:
    """One suite of a project. Raises as access_project, NotFound."""
    return find_suite(access_project(request, slug, role), suite)


def evaluations_of(
    project: Project, *, suite: str = "", draft: int | None = None, commit: str = ""
) -> QuerySet[EvaluationJob]:
    """A project's evaluations, narrowed by suite, draft and the beginning of a commit."""
    found = EvaluationJob.objects.filter(project=project)
    if suite:
        found = found.filter(suite__slug=suite)
    if draft is not None:
        found = found.filter(draft__number=draft)
    return _with_parts(found.filter(commit__startswith=commit) if commit else found)


def access_evaluation(request: Request, slug: str, number: int, role: Role = Role.VIEWER) -> EvaluationJob:
    """One evaluation of a project. Raises as access_project, NotFound."""
    return find_evaluation(access_project(request, slug, role), number)


def find_evaluation(project: Project, number: int) -> EvaluationJob:
    """An evaluation by its number. Raises NotFound."""
    found = _with_parts(EvaluationJob.objects.filter(project=project, number=number)).first()
    if found is None:
        raise NotFound(f"The project has no evaluation #{number}.")
    return found


def _with_parts(found: QuerySet[EvaluationJob]) -> QuerySet[EvaluationJob]:
    parts = ("project", "job", "suite", "dataset_version__dataset", "draft", "baseline")
    heavy = ("dataset_version__blocks", "baseline__summary", "baseline__comparison")
    metrics = Prefetch("metrics", Metric.objects.order_by("slug"))
    return found.select_related(*parts).defer(*heavy).prefetch_related(metrics)


def results_of(
    evaluation: EvaluationJob, *, show: str = "all", metric: str = "", text: str = "", label: str | None = None
) -> QuerySet[Result]:
    """An evaluation's results by position. `show` is one of SHOWN; all but `all` and `errors` speak of a metric.

    wrong: a score below a half; failed: a score that could not be given; gained, lost, changed: against the baseline.
    `text` is looked for in output and expected value. Raises Invalid.
    """
    found = Result.objects.filter(evaluation=evaluation).order_by("index")
    if text:
        found = found.filter(Q(output__icontains=text) | Q(expected__icontains=text))
    if label is not None:
        found = found.filter(expected=label)
    if show == "all":
        return found
    if show == "errors":
        return found.exclude(error_code="")
    if show == "wrong":
        value = Cast(KeyTransform(_known(evaluation, metric).slug, "values"), FloatField())
        return found.annotate(value=value).filter(value__lt=0.5)
    if show == "failed":
        return found.filter(pk__in=_without_score(evaluation, _known(evaluation, metric)))
    return found.filter(index__in=_moved(evaluation, metric, show))


def befores(evaluation: EvaluationJob, results: Sequence[Result]) -> dict[int, Result]:
    """The baseline's results at the same positions."""
    if evaluation.baseline_id is None:
        return {}
    rows = Result.objects.filter(evaluation=evaluation.baseline_id, index__in=[result.index for result in results])
    return {result.index: result for result in rows}


def result_scores(project: Project, results: Iterable[Result]) -> dict[str, list[Score]]:
    """All scores of some results, by the result's id as text. One query."""
    found: dict[str, list[Score]] = {str(result.pk): [] for result in results}
    for score in scores_of(project, SUBJECT, found):
        found[score.subject_id].append(score)
    return found


def find_result(evaluation: EvaluationJob, index: int) -> Result:
    """The result at a position. Raises NotFound."""
    found = Result.objects.filter(evaluation=evaluation, index=index).first()
    if found is None:
        raise NotFound(f"Evaluation #{evaluation.number} has no result for row {index}.")
    return found


def _known(evaluation: EvaluationJob, slug: str) -> Metric:
    metrics = list(evaluation.metrics.all())
    found = next((metric for metric in metrics if metric.slug == slug or not slug), None)
    if found is None:
        raise Invalid(f"Evaluation #{evaluation.number} has no metric {slug[:63]!r}.")
    return found


def _without_score(evaluation: EvaluationJob, metric: Metric) -> QuerySet[Any]:
    scores = Score.objects.filter(project=evaluation.project, subject_kind=SUBJECT, metric=metric)
    failed = scores.exclude(problem="").exclude(problem=NOT_APPLICABLE)
    return failed.annotate(result=Cast(F("subject_id"), BigIntegerField())).values("result")


def _moved(evaluation: EvaluationJob, metric: str, show: str) -> list[int]:
    if show not in SHOWN:
        raise Invalid(f"show must be one of {', '.join(SHOWN)}.")
    compared = (evaluation.comparison or {}).get("metrics", [])
    entry = next((each for each in compared if each["slug"] == metric or not metric), None)
    if entry is None:
        return []
    moved: dict[str, list[int]] = {"gained": entry["gained"], "lost": entry["lost"]}
    return moved.get(show) or (moved["gained"] + moved["lost"] if show == "changed" else [])
