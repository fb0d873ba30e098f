"""One row of an evaluation: fill in the prompt, ask the model, score the answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from evals.metrics.models import Metric
from evals.metrics.patience import apatiently
from evals.metrics.scoring import Scorer
from evals.metrics.verdicts import Case, Verdict
from evals.runs.frozen import Subject
from variorum.datasets.rows import Row
from variorum.inference import services as inference
from variorum.inference.shapes import Completion, ProviderError, Target
from variorum_client.formats import RenderError

SECONDS = 120.0


@dataclass(frozen=True)
class Answer:
    """What came of one row: a completion with its scores, or an error in words."""

    index: int
    row: Row
    completion: Completion | None = None
    error_code: str = ""
    error: str = ""
    scores: Sequence[tuple[Metric, Verdict]] = field(default_factory=list)


@dataclass(frozen=True)
class Answerer:
    """Everything that a row needs, read from the database before the first one."""

    subject: Subject
    target: Target
    mapping: Mapping[str, str]
    scorers: Sequence[Scorer]
    labels: tuple[str, ...]

    async def answer(self, item: tuple[int, Row], client: httpx.AsyncClient) -> Answer:
        """Never raises for a row: what goes wrong is in the answer."""
        index, row = item
        try:
            messages = self.subject.prompt.messages(self.subject.variables(row, self.mapping))
            done = await apatiently(lambda: self._ask(messages, client))
        except RenderError as exc:
            return Answer(index, row, error_code=exc.code, error=f"The prompt cannot be filled in: {exc.message}")
        except ProviderError as exc:
            return Answer(index, row, error_code=exc.code, error=exc.detail)
        case = Case(done.text, row["expected"], row["input"], self.labels)
        scores = [(scorer.metric, await scorer.score(case, client)) for scorer in self.scorers]
        return Answer(index, row, done, scores=scores)

    async def _ask(self, messages: Sequence[Mapping[str, Any]], client: httpx.AsyncClient) -> Completion:
        return await inference.acomplete(
            client=client,
            target=self.target,
            messages=messages,
            config=self.subject.prompt.config,
            adapter=self.subject.adapter,
            timeout=SECONDS,
        )
