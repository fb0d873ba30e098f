"""A rollout with its guards: started together, or not at all."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.db.models import Prefetch, QuerySet

from evals.metrics.models import Metric
from evals.metrics.queries import find_metrics
from monitoring.quality import guards
from monitoring.quality.models import Guard
from variorum.accounts.access import Actor
from variorum.accounts.models import Project
from variorum.deployments import queries, rollouts, services
from variorum.deployments.models import Environment, Rollout
from variorum.events.models import Event
from variorum.events.queries import events_of
from variorum.lib.errors import Invalid, NotFound

MOST_EVENTS = 200


def start(
    *,
    environment: Environment,
    commit: str,
    plan: Sequence[Mapping[str, Any]],
    watch: Sequence[Mapping[str, Any]],
    actor: Actor,
    by: str = "targetingKey",
    note: str = "",
    expected: int | None = services.ANY,
) -> Rollout:
    """Begin a rollout that is watched by guards. Raises as `rollouts.prepare` and `rollouts.start`.

    A guard is {"measure", "metric", "prompt", "bound", "higher_is_worse", "catch", "tolerated", "action"}; a score is
    watched by the newest version of its metric.
    """
    metrics = [_metric(environment.project, given, place) for place, given in enumerate(watch)]
    prepared = rollouts.prepare(environment=environment, commit=commit, plan=plan, by=by, user=actor.user)
    _prompts(prepared, watch)
    with transaction.atomic():
        rollout = rollouts.start(prepared, actor=actor, note=note, expected=expected)
        rate = guards.share_of_rate(len(watch))
        Guard.objects.bulk_create(
            Guard(rollout=rollout, rate=rate, **{**given, "metric": metric})
            for given, metric in zip(watch, metrics, strict=True)
        )
    return rollout


def rollouts_of(project: Project, environment: str = "") -> QuerySet[Rollout]:
    """A project's rollouts with their steps and guards, of one environment when it is named."""
    found = queries.rollouts_of(project)
    if environment:
        found = found.filter(environment__slug=environment)
    mine = Guard.objects.select_related("metric").order_by("pk")
    return found.prefetch_related(Prefetch("guards", mine))


def story(rollout: Rollout) -> list[Event]:
    """Who did what, oldest first."""
    mine = events_of(rollout.project, subject_kind="rollout", subject_id=str(rollout.number))
    return list(mine.order_by("pk")[:MOST_EVENTS])


def _prompts(prepared: rollouts.Prepared, watch: Sequence[Mapping[str, Any]]) -> None:
    """Raises Invalid for a guard of a prompt that the candidate does not have: it would never see anything."""
    known = json.loads(bytes(prepared.bundle.body))["prompts"]
    for place, given in enumerate(watch):
        if (name := given.get("prompt")) and name not in known:
            text = f"The commit has no prompt {name!r}; it has: {', '.join(sorted(known)[:20]) or 'none'}."
            raise Invalid(text, errors=[{"where": f"guards.{place}.prompt", "code": "unknown", "detail": text}])


def _metric(project: Project, given: Mapping[str, Any], place: int) -> Metric | None:
    slug = given.get("metric")
    if not slug:
        return None
    try:
        return find_metrics(project, [slug])[0]
    except NotFound as exc:
        where = f"guards.{place}.metric"
        raise Invalid(exc.detail, errors=[{"where": where, "code": "unknown", "detail": exc.detail}]) from None
