"""Judging one output by one metric, by code or by a judge."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from evals.metrics import functions, judge
from evals.metrics.models import Metric
from evals.metrics.verdicts import Case, Verdict
from variorum.inference.shapes import ProviderError, Target
from variorum.inference.targets import resolve


def score_output(
    metric: Metric,
    *,
    input: Mapping[str, Any],  # noqa: A002  (the word for it everywhere else)
    output: str,
    expected: str | None = None,
    labels: Iterable[str] = (),
) -> Verdict:
    """Judge one output and wait for the answer. Never raises for an output: what fails is in the verdict."""
    case = Case(output, expected, input, tuple(labels))
    return judge.judge(metric, case) if metric.kind == Metric.Kind.JUDGE else score_code(metric, case)


@dataclass(frozen=True)
class Scorer:
    """A metric that is ready for an event loop: what it needs from the database has been read."""

    metric: Metric
    target: Target | None = None
    unready: Verdict | None = None

    @classmethod
    def of(cls, metric: Metric) -> "Scorer":
        """Resolve a judge's model. One that cannot be called gives every case the failed verdict that says why."""
        if metric.kind == Metric.Kind.CODE:
            return cls(metric)
        try:
            return cls(metric, target=resolve(judge.project_of(metric), metric.config["model"]))
        except ProviderError as exc:
            return cls(metric, unready=judge.no_answer(exc))

    async def score(self, case: Case, client: httpx.AsyncClient) -> Verdict:
        """The verdict on one case. Never raises for a case."""
        if self.unready is not None:
            return self.unready
        if self.target is not None:
            return await judge.ajudge(self.metric, self.target, client, case)
        if self.metric.function == "regex":
            return await asyncio.to_thread(score_code, self.metric, case)
        return score_code(self.metric, case)


def score_code(metric: Metric, case: Case) -> Verdict:
    """What a code metric says. Never raises for an output."""
    verdict: Verdict = functions.find(metric.function).score(case, metric.config)
    return verdict
