"""What a rollout's arms did in each of its steps: counted in the logs and scores themselves, late ones too."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.db import connection

from monitoring.quality.guards import Periods
from monitoring.quality.models import Guard
from variorum.deployments.models import Rollout, RolloutStep
from variorum.deployments.plans import Counts
from variorum.lib.sequential import Sample

ARMS = ("control", "candidate", "early")
# Steps are told apart by the time at which a request began; rows before the first one have the place 0.
ROWS = """
FROM logs_log AS log {join}
WHERE log.project_id = %(project)s AND log.day >= %(day)s AND log.started_at >= %(since)s
  AND log.variant = ANY(%(variants)s) AND log.environment = %(environment)s
"""
PLACE = "log.variant, width_bucket(log.started_at, %(begins)s::timestamptz[]) - 1 AS place"
SCORES = """
JOIN metrics_score AS score ON score.project_id = log.project_id AND score.subject_kind = 'log'
  AND score.subject_id = log.id::text AND score.value IS NOT NULL
"""
VALUES = {
    Guard.Measure.SCORE: "score.value",
    Guard.Measure.ERRORS: "CASE WHEN log.failed THEN 1 ELSE 0 END",
    Guard.Measure.LATENCY: "ln(greatest(log.latency_ms, 0.001))",
    Guard.Measure.SLOW: "CASE WHEN log.latency_ms > %(bound)s THEN 1 ELSE 0 END",
    Guard.Measure.COST: "ln(log.cost::float8)",
}
ONLY = {
    Guard.Measure.SCORE: "AND score.metric_id = %(metric)s",
    Guard.Measure.ERRORS: "",
    Guard.Measure.LATENCY: "AND log.latency_ms IS NOT NULL",
    Guard.Measure.SLOW: "AND log.latency_ms IS NOT NULL",
    Guard.Measure.COST: "AND log.cost > 0",
}


def requests(rollout: Rollout, steps: Sequence[RolloutStep]) -> list[dict[str, int]]:
    """The requests of each arm by step: {"control", "candidate", "early", "scored"}; scored are the candidate's."""
    text = f"""SELECT {PLACE}, count(*), count(*) FILTER (WHERE log.variant = %(candidate)s AND EXISTS (
        SELECT FROM metrics_score AS score WHERE score.project_id = log.project_id AND score.subject_kind = 'log'
        AND score.subject_id = log.id::text AND score.value IS NOT NULL))
        {ROWS.format(join="")} GROUP BY 1, 2"""  # noqa: S608  (constants of this module)
    found = [{**dict.fromkeys(ARMS, 0), "scored": 0} for _ in steps]
    for variant, place, count, scored in _read(text, _parameters(rollout, steps)):
        found[place][variant.rpartition("/")[2]] += count
        found[place]["scored"] += scored
    return found


def periods(guard: Guard, rollout: Rollout, steps: Sequence[RolloutStep]) -> Periods:
    """(control, candidate) of each step, as the guard's test wants them: count, sum, sum of squares."""
    measure = Guard.Measure(guard.measure)
    value, join = VALUES[measure], SCORES if measure == Guard.Measure.SCORE else ""
    prompt = "AND log.prompt = %(prompt)s" if guard.prompt else ""
    text = f"""SELECT {PLACE}, count(*), sum({value})::float8, sum(({value}) * ({value}))::float8
        {ROWS.format(join=join)} {ONLY[measure]} {prompt} GROUP BY 1, 2"""
    own = {"metric": guard.metric_id, "bound": guard.bound, "prompt": guard.prompt}
    empty = Sample(0, 0.0, 0.0)
    found = [[empty, empty] for _ in steps]
    for variant, place, *sums in _read(text, {**_parameters(rollout, steps), **own}):
        arm = variant.rpartition("/")[2]
        if arm in ARMS[:2]:
            found[place][ARMS.index(arm)] = Sample(*sums)
    return [(control, candidate) for control, candidate in found]


def counts(counted: dict[str, int], guards: Sequence[Guard], places: Sequence[Periods]) -> Counts:
    """What a step's hold is measured by. Scored are those with every score that a guard watches, else with any."""
    scored = [found[-1][1].n for guard, found in zip(guards, places, strict=True) if guard.metric_id]
    exposed = counted["candidate"] + counted["early"]
    return Counts(requests=exposed, scored=min(scored) if scored else counted["scored"])


def _parameters(rollout: Rollout, steps: Sequence[RolloutStep]) -> dict[str, Any]:
    begins = [step.began_at for step in steps]
    name = f"rollout-{rollout.number}"
    return {
        "project": rollout.project_id,
        "environment": rollout.environment.slug,
        "since": begins[0],
        "day": begins[0].date() - timedelta(days=1),
        "begins": begins,
        "variants": [f"{name}/{arm}" for arm in ARMS],
        "candidate": f"{name}/candidate",
    }


def _read(text: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(text, parameters)
        return list(cursor.fetchall())
