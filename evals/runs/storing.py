"""Results and their scores, stored together in batches as they come."""

import time
from collections.abc import Sequence

from django.db import transaction

from evals.metrics.services import NewScore, record_scores
from evals.runs.answering import Answer
from evals.runs.models import EvaluationJob, Result
from variorum.lib.texts import storable

SUBJECT = "result"
BATCH = 25
SECONDS = 0.5
WRITTEN = [
    *("input", "expected", "output", "error_code", "error", "values", "latency_ms", "input_tokens", "output_tokens"),
    *("cost", "finish_reason", "at"),
]


class Store:
    """Gathers answers and writes them when there are enough, or after half a second."""

    def __init__(self, evaluation: EvaluationJob) -> None:
        self._evaluation = evaluation
        self._waiting: list[Answer] = []
        self._written = time.monotonic()

    def add(self, answers: Sequence[Answer]) -> int:
        """Take answers; gives how many were written by this call."""
        self._waiting += answers
        late = time.monotonic() - self._written >= SECONDS
        return self.flush() if len(self._waiting) >= BATCH or (late and self._waiting) else 0

    def flush(self) -> int:
        """Write what waits, in one transaction; gives how many that were."""
        answers, self._waiting, self._written = self._waiting, [], time.monotonic()
        if answers:
            store(self._evaluation, answers)
        return len(answers)


@transaction.atomic
def store(evaluation: EvaluationJob, answers: Sequence[Answer]) -> None:
    """Write results with their scores. A row that is there already, from a worker that lost its lease, is replaced."""
    results = Result.objects.bulk_create(
        [_result(evaluation, answer) for answer in answers],
        update_conflicts=True,
        unique_fields=["evaluation", "index"],
        update_fields=WRITTEN,
    )
    record_scores(
        project=evaluation.project,
        scores=[
            NewScore(SUBJECT, str(result.pk), metric, verdict, commit=evaluation.commit)
            for result, answer in zip(results, answers, strict=True)
            for metric, verdict in answer.scores
        ],
    )


def _result(evaluation: EvaluationJob, answer: Answer) -> Result:
    done = answer.completion
    return Result(
        evaluation=evaluation,
        index=answer.index,
        input=answer.row["input"],
        expected=answer.row["expected"],
        output=storable(done.text) if done else "",
        error_code=answer.error_code,
        error=storable(answer.error)[:500],
        values={metric.slug: verdict.value for metric, verdict in answer.scores},
        latency_ms=done.latency_ms if done else None,
        input_tokens=done.input_tokens if done else None,
        output_tokens=done.output_tokens if done else None,
        cost=done.cost if done else None,
        finish_reason=done.finish_reason[:40] if done else "",
    )
