"""Scores what the rules chose, off the ingest path: claim some, judge them outside of any transaction, record, forget.

A claim is a lease: when the process dies, the same logs are claimed again after it, and the same scores replace
themselves. What a judge's model would not answer is tried again later, and at last recorded as a score without a value.
"""

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from evals.metrics.models import Metric
from evals.metrics.queries import find_metric
from evals.metrics.scoring import Scorer
from evals.metrics.verdicts import PROVIDER, Case, Verdict
from monitoring.logs import scores
from monitoring.logs.models import Log
from monitoring.logs.search import with_texts
from monitoring.logs.texts import Texts, answered, asked
from monitoring.quality.models import PendingScore, SamplingRule
from monitoring.quality.sampling import capped, month_now
from variorum.accounts.models import Project
from variorum.inference.services import async_client
from variorum.lib.errors import NotFound

log = logging.getLogger(__name__)
BATCH = 40
AT_ONCE = 4  # calls to judges
SECONDS = 20.0  # for one run of the clock's task
LEASE = timedelta(minutes=10)
PAUSES = [timedelta(minutes=1), timedelta(minutes=10)]  # before the second and the third attempt
ATTEMPTS = 6  # of anything, also of what dies under way


@dataclass(frozen=True)
class Task:
    """One log to be judged by one metric version."""

    pending: PendingScore
    metric: Metric
    log: Log
    case: Case


def score_pending() -> int:
    """Score what is due, for some seconds; gives how many were looked at. Safe to run in several processes."""
    end = time.monotonic() + SECONDS
    count = 0
    while claimed := _claim():
        count += len(claimed)
        for project in {row.project for row in claimed}:
            _score(project, [row for row in claimed if row.project_id == project.pk])
        if time.monotonic() > end:
            break
    return count


def _claim() -> list[PendingScore]:
    """Take some rows that are due, for the time of a lease; counts the attempt before it is made."""
    with transaction.atomic():
        due = PendingScore.objects.select_for_update(skip_locked=True, of=("self",)).filter(next_at__lte=timezone.now())
        rows = list(due.select_related("rule", "project").order_by("next_at", "pk")[:BATCH])
        ids = [row.pk for row in rows]
        PendingScore.objects.filter(pk__in=ids).update(attempts=F("attempts") + 1, next_at=timezone.now() + LEASE)
    for row in rows:
        row.attempts += 1
    return rows


def _score(project: Project, rows: Sequence[PendingScore]) -> None:
    wanted = _within_caps([row for row in rows if row.attempts <= ATTEMPTS])
    if len(given_up := [row for row in rows if row.attempts > ATTEMPTS]):
        log.error("Gave up scoring %s logs of %s: each attempt died under way.", len(given_up), project.slug)
    tasks = _tasks(project, wanted)
    verdicts = asyncio.run(_judge_all(tasks, _scorers(tasks)))
    later = [t for t, verdict in zip(tasks, verdicts, strict=True) if _try_again(t.pending, verdict)]
    now = timezone.now()
    for task in later:
        PendingScore.objects.filter(pk=task.pending.pk).update(next_at=now + PAUSES[task.pending.attempts - 1])
    kept = {task.pending.pk for task in later}
    done = [(t, verdict) for t, verdict in zip(tasks, verdicts, strict=True) if t.pending.pk not in kept]
    _finish(project, done, [row.pk for row in rows if row.pk not in kept])


def _try_again(pending: PendingScore, verdict: Verdict) -> bool:
    return verdict.problem == PROVIDER and pending.attempts <= len(PAUSES)


def _within_caps(rows: Sequence[PendingScore]) -> list[PendingScore]:
    """Those whose rule has money left this month; the others are counted as skipped."""
    by_rule: dict[int, list[PendingScore]] = defaultdict(list)
    for row in rows:
        by_rule[row.rule_id].append(row)
    for found in by_rule.values():
        if capped(found[0].rule):
            SamplingRule.objects.filter(pk=found[0].rule_id).update(skipped=F("skipped") + len(found))
    return [row for row in rows if not capped(row.rule)]


def _tasks(project: Project, rows: Sequence[PendingScore]) -> list[Task]:
    """What there is to judge: the metric is still in use, and the log is still kept and has an output."""
    metrics = {slug: _metric(project, slug) for slug in {row.rule.metric for row in rows}}
    found = Log.objects.filter(project=project, id__in=[r.log_id for r in rows], day__in={r.day for r in rows})
    logs = {kept.id: (kept, texts) for kept, texts in with_texts(list(found))}
    tasks = []
    for row in rows:
        metric, entry = metrics[row.rule.metric], logs.get(row.log_id)
        if metric and entry and entry[1].get("output") is not None:
            tasks.append(Task(row, metric, entry[0], case_of(entry[1])))
    return tasks


def _metric(project: Project, slug: str) -> Metric | None:
    try:
        found = find_metric(project, slug)
    except NotFound:
        return None
    return None if found.archived_at else found


def case_of(texts: Texts) -> Case:
    """A log as metrics see an evaluation's row: its variables as input, its reference as the expected output."""
    given = texts.get("input") or {}
    return Case(
        output=answered(texts),
        expected=texts.get("reference"),
        input=given.get("variables") or {"input": asked(texts)},
    )


def _scorers(tasks: Sequence[Task]) -> dict[int, Scorer]:
    """One scorer of each metric version: what it needs from the database is read here, before the event loop."""
    return {metric.pk: Scorer.of(metric) for metric in {task.metric for task in tasks}}


async def _judge_all(tasks: Sequence[Task], scorers: dict[int, Scorer]) -> list[Verdict]:
    turn = asyncio.Semaphore(AT_ONCE)
    async with async_client(AT_ONCE) as client:

        async def one(task: Task) -> Verdict:
            async with turn:
                return await scorers[task.metric.pk].score(task.case, client)

        return await asyncio.gather(*(one(task) for task in tasks))


@transaction.atomic
def _finish(project: Project, done: Sequence[tuple[Task, Verdict]], gone: list[int]) -> None:
    """Record the scores, write down what they cost, and forget the rows."""
    scores.record(project=project, scores=[scores.LogScore(t.log, t.metric, verdict) for t, verdict in done])
    costs: dict[int, Decimal] = defaultdict(Decimal)
    for task, verdict in done:
        costs[task.pending.rule_id] += verdict.cost or 0
    for rule in SamplingRule.objects.select_for_update().filter(pk__in=costs).order_by("pk"):
        same = rule.month == month_now()
        SamplingRule.objects.filter(pk=rule.pk).update(
            month=month_now(),
            spent=(rule.spent if same else 0) + costs[rule.pk],
            skipped=rule.skipped if same else 0,
        )
    PendingScore.objects.filter(pk__in=gone).delete()
