"""The job `evaluation`: answers every row once, whatever happens to the worker."""

from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import closing

from evals.metrics.scoring import Scorer
from evals.runs import concluding
from evals.runs.answering import Answer, Answerer
from evals.runs.frozen import load_subject
from evals.runs.loop import Crowd
from evals.runs.models import EvaluationJob, Result
from evals.runs.storing import Store
from variorum.datasets.queries import iter_at, positions_of
from variorum.datasets.rows import Row, Subset
from variorum.inference.services import async_client
from variorum.inference.shapes import ProviderError
from variorum.inference.targets import await_own_server, resolve
from variorum.jobs.errors import JobCancelled, JobFailed, LeaseLost
from variorum.jobs.runner import JobRun
from variorum.lib.errors import Problem

HOPELESS_AFTER = 20  # rows that all fail: the rest would too
MOST_ERRORS = 0.5


def evaluate(run: JobRun) -> None:
    """Run again after a crash, it goes on with the rows that are not stored yet."""
    evaluation = EvaluationJob.objects.select_related("project", "suite", "dataset_version__dataset").get(job=run.job)
    if evaluation.concluded_at is not None:
        return
    try:
        if not evaluation.summary:
            _answer_rows(run, evaluation)
        concluding.finish(evaluation)
    except LeaseLost:
        raise
    except JobCancelled:
        concluding.conclude_without(evaluation.pk, "The evaluation was cancelled.")
        raise
    except JobFailed as exc:
        concluding.conclude_without(evaluation.pk, f"The evaluation failed: {exc}")
        raise


def _answer_rows(run: JobRun, evaluation: EvaluationJob) -> None:
    version = evaluation.dataset_version
    wanted = positions_of(version, Subset.of(evaluation.subset))
    tally = Tally(run, evaluation, len(wanted))
    todo = [position for position in wanted if position not in tally.known]
    concluding.announce(evaluation, f"{tally.done} of {len(wanted)} rows are done.")
    store = Store(evaluation)
    answerer = _answerer(evaluation)
    try:
        await_own_server(answerer.target, run.check)
    except ProviderError as exc:
        raise JobFailed(exc.detail) from None
    with closing(_answers(evaluation, answerer, iter_at(version, todo))) as bunches:
        for answers in bunches:
            run.check()
            tally.count(answers)
            store.add(answers)
            tally.report()
    store.flush()
    tally.report(last=True)


def _answers(
    evaluation: EvaluationJob, answerer: Answerer, rows: Iterator[tuple[int, Row]]
) -> Generator[list[Answer], None, None]:
    concurrency = evaluation.suite.concurrency
    crowd = Crowd(rows, lambda: async_client(concurrency), answerer.answer, concurrency)
    return crowd.outcomes()


def _answerer(evaluation: EvaluationJob) -> Answerer:
    try:
        subject = load_subject(evaluation.project, evaluation.commit, evaluation.prompt_path, model=evaluation.model)
        target = resolve(evaluation.project, evaluation.model)
    except Problem as exc:
        raise JobFailed(exc.detail) from None
    except ProviderError as exc:
        raise JobFailed(exc.detail) from None
    metrics = evaluation.metrics.select_related("project").order_by("slug")
    labels = tuple(entry["label"] for entry in evaluation.dataset_version.profile.get("labels") or ())
    scorers = [Scorer.of(metric) for metric in metrics]
    return Answerer(subject, target, evaluation.mapping, scorers, labels)


class Tally:
    """How many rows are answered and how many of them have no output; gives up when it is no use."""

    def __init__(self, run: JobRun, evaluation: EvaluationJob, total: int) -> None:
        stored = dict(Result.objects.filter(evaluation=evaluation).values_list("index", "error_code"))
        self.known = set(stored)
        self.done, self.total = len(stored), total
        self.errors = Counter(code for code in stored.values() if code)
        self._texts: dict[str, str] = {}
        self._run = run

    def count(self, answers: list[Answer]) -> None:
        """Take note of answers."""
        self.done += len(answers)
        for answer in answers:
            if answer.error_code:
                self.errors[answer.error_code] += 1
                self._texts[answer.error_code] = answer.error

    def report(self, *, last: bool = False) -> None:
        """Tell the progress. Raises JobFailed when more than half have failed, early when all did."""
        failed = self.errors.total()
        if (last and failed > MOST_ERRORS * self.total) or (self.done == failed >= HOPELESS_AFTER):
            raise JobFailed(self._sorry(failed))
        message = f"{failed} without an output" if failed else ""
        self._run.progress(self.done, self.total, message)

    def _sorry(self, failed: int) -> str:
        code, count = self.errors.most_common(1)[0]
        text = self._texts.get(code, code)
        return f"{failed} of {self.done} rows got no output. Most often ({count} times): {text}"
