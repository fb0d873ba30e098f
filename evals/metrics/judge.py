"""A judge: a model that is asked to score an output."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import httpx
from django.conf import settings

from evals.metrics import judging
from evals.metrics.models import Metric
from evals.metrics.patience import apatiently, patiently
from evals.metrics.verdicts import PROVIDER, Case, Verdict
from variorum.accounts.models import Project
from variorum.inference import services as inference
from variorum.inference.shapes import Completion, ProviderError, Target
from variorum_client.formats import RenderError

SECONDS = 60.0


def judge(metric: Metric, case: Case) -> Verdict:
    """Ask and wait, again when the model asks for patience. Never raises for a case."""
    try:
        asked = _asked(metric.config, case)
        answer = patiently(
            lambda: inference.complete(
                project=project_of(metric), model=metric.config["model"], timeout=SECONDS, **asked
            )
        )
    except RenderError as exc:
        return judging.unrenderable(exc)
    except ProviderError as exc:
        return no_answer(exc)
    return _read(metric.config, answer)


async def ajudge(metric: Metric, target: Target, client: httpx.AsyncClient, case: Case) -> Verdict:
    """The same on an event loop, with a target that was resolved before."""
    try:
        asked = _asked(metric.config, case)
        answer = await apatiently(lambda: inference.acomplete(client=client, target=target, timeout=SECONDS, **asked))
    except RenderError as exc:
        return judging.unrenderable(exc)
    except ProviderError as exc:
        return no_answer(exc)
    return _read(metric.config, answer)


def no_answer(error: ProviderError) -> Verdict:
    """The verdict when the judge's model gave none."""
    return Verdict(None, reason=error.detail, problem=PROVIDER)


def project_of(metric: Metric) -> Project:
    """Whose models a judge may ask. A judge always belongs to a project."""
    if metric.project is None:
        raise ValueError(f"the judge {metric} has no project")
    return metric.project


def _asked(config: Mapping[str, Any], case: Case) -> dict[str, Any]:
    return {
        "messages": judging.messages(config, case, settings.SECRET_KEY),
        "config": {"temperature": 0, "max_output_tokens": config["max_output_tokens"]},
    }


def _read(config: Mapping[str, Any], answer: Completion) -> Verdict:
    said = judging.read_answer(config, answer.text)
    return replace(said, input_tokens=answer.input_tokens, output_tokens=answer.output_tokens, cost=answer.cost)
