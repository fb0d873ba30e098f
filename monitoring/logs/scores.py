"""Scores of logs: recorded with the hourly sums that dashboards read, in one transaction."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction

from evals.metrics import services as metrics
from evals.metrics.models import Metric, Score
from evals.metrics.verdicts import Verdict
from monitoring.logs.models import Log
from variorum.accounts.models import Project
from variorum.events import live

LOCK = "SELECT pg_advisory_xact_lock(hashtextextended(id, 0)) FROM unnest(%s::text[]) AS id"
UPSERT = """
INSERT INTO logs_scorehour AS old (
    project_id, hour, metric_id, environment, prompt, commit, n, total, squares, passes
) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT ON CONSTRAINT score_hour_once DO UPDATE SET
    n = old.n + excluded.n,
    total = old.total + excluded.total,
    squares = old.squares + excluded.squares,
    passes = old.passes + excluded.passes
"""
Key = tuple[int, datetime, int, str, str, str]


@dataclass(frozen=True)
class LogScore:
    """A verdict on a log by a metric version, or by somebody (`author`)."""

    log: Log
    metric: Metric
    verdict: Verdict
    author: str = metrics.AUTOMATIC

    @property
    def name(self) -> tuple[str, int, str]:
        """What makes a score the same score."""
        return str(self.log.id), self.metric.pk, self.author

    @property
    def key(self) -> Key:
        """Where it is summed."""
        log = self.log
        hour = log.started_at.replace(minute=0, second=0, microsecond=0)
        return log.project_id, hour, self.metric.pk, log.environment, log.prompt, log.commit


@transaction.atomic
def record(*, project: Project, scores: Iterable[LogScore]) -> int:
    """Record scores of a project's logs; a score given again replaces the first one, in the sums too."""
    wanted = {score.name: score for score in scores}
    if not wanted:
        return 0
    before = _values_before(project, list(wanted.values()))
    metrics.record_scores(project=project, scores=[_new(score) for score in wanted.values()])
    _add(wanted.values(), before)
    live.publish(project.pk, "logs.scored", ("log", ""), {"count": len(wanted)})
    return len(wanted)


def _new(score: LogScore) -> metrics.NewScore:
    return metrics.NewScore(
        subject_kind="log",
        subject_id=str(score.log.id),
        metric=score.metric,
        verdict=score.verdict,
        author=score.author,
        commit=score.log.commit[:40],
        environment=score.log.environment,
        at=score.log.started_at,
    )


def _values_before(project: Project, scores: Sequence[LogScore]) -> dict[tuple[str, int, str], float]:
    """The values that will be replaced. Nobody else scores these logs until the transaction ends."""
    ids = sorted({str(score.log.id) for score in scores})
    with connection.cursor() as cursor:
        cursor.execute(LOCK, [ids])
    found = Score.objects.filter(project=project, subject_kind="log", subject_id__in=ids, value__isnull=False)
    rows = found.values_list("subject_id", "metric", "author", "value")
    return {(log, metric, author): value for log, metric, author, value in rows if value is not None}


def _add(scores: Iterable[LogScore], before: dict[tuple[str, int, str], float]) -> None:
    sums: dict[Key, list[float]] = defaultdict(lambda: [0, 0.0, 0.0, 0])
    for score in scores:
        for value, sign in ((before.get(score.name), -1), (score.verdict.value, 1)):
            if value is not None:
                change = (sign, sign * value, sign * value * value, sign * (value >= 0.5))
                sums[score.key] = [old + new for old, new in zip(sums[score.key], change, strict=True)]
    with connection.cursor() as cursor:
        for key in sorted(sums):
            cursor.execute(UPSERT, [*key, *sums[key]])
