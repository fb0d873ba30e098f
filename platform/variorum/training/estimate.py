"""How long a fine-tune will take: counted in tokens times layers, at the speed that this machine has shown."""

import math
import os
from collections.abc import Mapping, Sequence
from typing import Any, Final, TypedDict

from variorum.accounts.models import Project
from variorum.datasets import queries as datasets
from variorum.datasets.models import DatasetVersion
from variorum.inference.catalogue import BASE_MODELS
from variorum.jobs.models import Job
from variorum.repos import queries as repository
from variorum.training.models import TrainingJob
from variorum.training.recipes.config import LoraConfig
from variorum.training.services import check_examples, check_params

CHARACTERS_PER_TOKEN: Final = 4.0
TOKENS_PER_MESSAGE: Final = 6
# Tokens times layers a second, forward and backward counted apart: SmolLM2-135M, one thread of a 2-core machine.
FIRST_GUESS: Final = 7_000.0


class Estimate(TypedDict):
    """`seconds` is None for a model whose size is not known; `measured_by` the fine-tune whose speed was taken."""

    examples: int
    tokens: int
    steps: int
    seconds: float | None
    measured_by: int | None


def estimate(
    *, project: Project, version: DatasetVersion, base_model: str, recipe: str, params: Mapping[str, Any], prompt: str
) -> Estimate:
    """Examples, tokens, steps and time of a fine-tune. Raises as `start_training` does."""
    config = check_params(recipe, params)
    first = check_examples(project, version, prompt, repository.resolve(project, "main") if prompt else "")
    labelled = sum(1 for row in datasets.iter_rows(version) if row["expected"])
    trained = labelled - min(round(labelled * config.validation), 128)
    steps = math.ceil(trained / config.batch_size) * config.epochs
    tokens = sum(map(_tokens, first)) / len(first) * trained * config.epochs
    # What all examples begin with is computed once a step.
    computed = tokens - _shared(first) * (trained * config.epochs - steps)
    speed, number = _speed(base_model)
    layers = BASE_MODELS[base_model].layers if base_model in BASE_MODELS else None
    return {
        "examples": labelled,
        "tokens": round(tokens),
        "steps": steps,
        "seconds": work(computed, config, layers) / speed if layers else None,
        "measured_by": number,
    }


def work(tokens: float, config: LoraConfig, layers: int) -> float:
    """Tokens times layers: frozen layers are passed forward in the first epoch only, adapted ones both ways in all."""
    adapted = min(config.top_layers or layers, layers)
    return tokens * (2 * adapted + (layers - adapted) / config.epochs)


def _tokens(example: Mapping[str, Any]) -> float:
    messages: Sequence[Mapping[str, str]] = example["messages"]
    characters = sum(len(message["content"]) for message in messages) + len(example["expected"])
    return characters / CHARACTERS_PER_TOKEN + TOKENS_PER_MESSAGE * (len(messages) + 1)


def _shared(first: Sequence[Mapping[str, Any]]) -> float:
    """Tokens that all these examples begin with."""
    texts = ["\n".join(message["content"] for message in example["messages"]) for example in first]
    return len(os.path.commonprefix(texts)) / CHARACTERS_PER_TOKEN  # noqa: RUF071 - characters are meant


def _speed(base_model: str) -> tuple[float, int | None]:
    """Of the newest fine-tune of this base on this installation, else a guess."""
    done = TrainingJob.objects.filter(
        base_model=base_model, job__state=Job.State.SUCCEEDED, result__computed_tokens__gt=2000
    )
    newest = done.select_related("job").order_by("-job_id").first()
    if newest is None or base_model not in BASE_MODELS:
        return FIRST_GUESS, None
    config = LoraConfig.from_dict(newest.params)
    done_work = work(newest.result["computed_tokens"], config, BASE_MODELS[base_model].layers)
    return done_work / newest.result["seconds"], newest.job.number
