"""Reads of fine-tunes."""

from collections import defaultdict
from collections.abc import Sequence

from django.db.models import QuerySet
from rest_framework.request import Request

from variorum.accounts.access import access_project
from variorum.accounts.models import Project
from variorum.accounts.roles import Role
from variorum.lib.errors import NotFound
from variorum.training import verdict
from variorum.training.models import TrainingJob, TrainingPoint

MOST_POINTS = 2000


def trainings_of(project: Project) -> QuerySet[TrainingJob]:
    """A project's fine-tunes with everything that a list shows."""
    rows = TrainingJob.objects.filter(job__project=project)
    return rows.select_related("job", "dataset_version__dataset", "draft").defer("dataset_version__blocks")


def access_training(request: Request, slug: str, number: int, role: Role = Role.VIEWER) -> TrainingJob:
    """One fine-tune by its job's number. Raises as access_project, NotFound."""
    found = trainings_of(access_project(request, slug, role)).filter(job__number=number).first()
    if found is None:
        raise NotFound(f"The project has no fine-tune #{number}.")
    return found


def points(training: TrainingJob, after: int = -1) -> list[TrainingPoint]:
    """The curve after a step; beyond MOST_POINTS steps every n-th one, and always those with a measurement."""
    rows = list(training.points.filter(step__gt=after).order_by("step"))
    every = -(-len(rows) // MOST_POINTS)
    return [p for place, p in enumerate(rows) if place % every == 0 or p.val_loss is not None or p is rows[-1]]


def verdicts(trainings: Sequence[TrainingJob]) -> dict[int, verdict.Verdict]:
    """What the curves say, by primary key; one query for all that still run."""
    ended = {t.pk: verdict.of_ended(t.result) for t in trainings if t.result}
    others = [t.pk for t in trainings if not t.result]
    measured: dict[int, list[verdict.Point]] = defaultdict(list)
    rows = TrainingPoint.objects.filter(training__in=others, val_loss__isnull=False).order_by("step")
    for pk, step, loss, exact in rows.values_list("training", "step", "val_loss", "val_exact"):
        measured[pk].append({"step": step, "val_loss": loss or 0.0, "val_exact": exact or 0.0})
    return ended | {pk: verdict.of_running(measured[pk]) for pk in others}
