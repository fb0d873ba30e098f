"""The end of an evaluation: its figures, its comparison, its verdict, and the check on its commit."""

import logging
from typing import Any

from django.db import transaction
from django.utils import timezone

from evals.runs import rules
from evals.runs.comparison import compare
from evals.runs.models import EvaluationJob, Result
from evals.runs.summary import summarise
from variorum.accounts.access import Actor
from variorum.drafts.services import set_check
from variorum.events.services import record
from variorum.jobs.models import Job

log = logging.getLogger(__name__)


def page_of(evaluation: EvaluationJob) -> str:
    """The address of its page."""
    return f"/p/{evaluation.project.slug}/evaluations/{evaluation.number}"


def announce(evaluation: EvaluationJob, summary: str) -> None:
    """Set the check to pending."""
    _publish(evaluation, "pending", summary)


def finish(evaluation: EvaluationJob) -> None:
    """All rows are there: compute the summary, conclude, and conclude what waited for this one. Safe to repeat."""
    summary = summarise(evaluation)
    EvaluationJob.objects.filter(pk=evaluation.pk, concluded_at=None).update(summary=summary)
    conclude(evaluation.pk)
    for waiting in EvaluationJob.objects.filter(baseline=evaluation, concluded_at=None).exclude(summary={}):
        conclude(waiting.pk)


def conclude(pk: int) -> bool:
    """Compare, judge by the rules, publish the check; False when the baseline still runs or it was done before."""
    with transaction.atomic():
        evaluation = _lock(pk)
        if evaluation.concluded_at is not None or not evaluation.summary:
            return False
        baseline = evaluation.baseline
        if baseline is not None and baseline.concluded_at is None:
            announce(evaluation, f"All rows are done; waiting for #{baseline.number}, main's evaluation.")
            return False
        usable = baseline is not None and bool(baseline.summary)
        comparison = compare(baseline, evaluation) if baseline is not None and usable else None
        outcomes = rules.judge(evaluation.rules, evaluation.summary, comparison, on_main=evaluation.on_main)
        _write(evaluation, rules.overall(outcomes), " ".join(o.words for o in outcomes), comparison, outcomes)
    return True


def conclude_without(pk: int, words: str) -> None:
    """End an evaluation that has no figures: it failed or was cancelled. Its check passes in no case."""
    with transaction.atomic():
        evaluation = _lock(pk)
        if evaluation.concluded_at is None:
            _write(evaluation, "inconclusive", words, None, [])
    for waiting in EvaluationJob.objects.filter(baseline_id=pk, concluded_at=None).exclude(summary={}):
        conclude(waiting.pk)


def sweep() -> None:
    """Runs by the clock: conclude what was cancelled in the queue, was given up, or waited for another evaluation."""
    ended = EvaluationJob.objects.filter(concluded_at=None, job__state__in=Job.ENDED).select_related("job")
    for evaluation in ended[:100]:
        try:
            if evaluation.summary:
                conclude(evaluation.pk)
            else:
                conclude_without(evaluation.pk, ended_words(evaluation.job))
        except Exception:
            log.exception("Evaluation #%s could not be concluded; trying again.", evaluation.number)


def ended_words(job: Job) -> str:
    """Why a job has no figures."""
    if job.state == Job.State.CANCELLED:
        return "The evaluation was cancelled."
    return f"The evaluation failed: {job.error}"


def _lock(pk: int) -> EvaluationJob:
    found = EvaluationJob.objects.select_for_update(of=("self",))
    return found.select_related("project", "suite", "dataset_version", "baseline__dataset_version").get(pk=pk)


def _write(
    evaluation: EvaluationJob,
    verdict: str,
    words: str,
    comparison: dict[str, Any] | None,
    outcomes: list[rules.Outcome],
) -> None:
    words = words or "The suite has no rule; look at the figures."
    EvaluationJob.objects.filter(pk=evaluation.pk).update(
        verdict=verdict,
        words=words[:400],
        comparison=comparison,
        outcomes=[outcome.as_json() for outcome in outcomes],
        concluded_at=timezone.now(),
    )
    _publish(evaluation, verdict, words)
    record(
        project=evaluation.project,
        actor=Actor.system("Evaluations"),
        kind="evaluation.concluded",
        subject=("evaluation", str(evaluation.number)),
        data={"suite": evaluation.suite.slug, "commit": evaluation.commit, "verdict": verdict},
    )


def _publish(evaluation: EvaluationJob, state: str, summary: str) -> None:
    """Only the newest evaluation of a suite on a commit speaks for it."""
    newer = EvaluationJob.objects.filter(suite=evaluation.suite, commit=evaluation.commit, number__gt=evaluation.number)
    if newer.exists():
        return
    details = {"evaluation": evaluation.number, "suite": evaluation.suite.slug}
    set_check(
        project=evaluation.project,
        commit=evaluation.commit,
        name=evaluation.suite.check_name,
        state=state,
        summary=summary,
        url=page_of(evaluation),
        details=details,
    )


def stored(evaluation: EvaluationJob) -> tuple[int, int]:
    """(rows stored, those without an output)."""
    rows = Result.objects.filter(evaluation=evaluation)
    return rows.count(), rows.exclude(error_code="").count()
