"""Writes of fine-tunes: start one, keep its curve, open the draft that brings the adapter."""

import importlib.util
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction

from variorum.accounts.access import Actor
from variorum.accounts.models import Project
from variorum.datasets import queries as datasets
from variorum.datasets.models import DatasetVersion
from variorum.drafts.playground import adapter_ref
from variorum.events import live
from variorum.inference.catalogue import NoSuchModel, source_gguf
from variorum.inference.targets import models_dir
from variorum.jobs.services import create_job
from variorum.lib.errors import Invalid, NotFound, Unavailable
from variorum.repos import queries as repository
from variorum.training import examples
from variorum.training.models import TrainingJob, TrainingPoint
from variorum.training.recipes.config import ConfigError, LoraConfig
from variorum_client.formats import check_path

KIND = "fine_tune"
RECIPES = ("lora",)
FEWEST = 8
POINT = ["step", "epoch", "loss", "learning_rate", "val_loss", "val_exact", "tokens", "seconds"]


def start_training(
    *,
    project: Project,
    actor: Actor,
    dataset_version: DatasetVersion,
    adapter_name: str,
    params: Mapping[str, Any] | None = None,
    recipe: str = "lora",
    base_model: str = "smollm2-135m",
    prompt_path: str = "",
    bind_prompt: bool = False,
    start_from: str = "",
    title: str = "",
    seed: int | None = None,
) -> TrainingJob:
    """Queue a fine-tune on a frozen dataset version; the adapter will arrive as a draft at adapters/<adapter_name>.

    With `prompt_path` the examples are put in that prompt's messages (as it is on main now); `bind_prompt` makes the
    draft bind the adapter to it; `start_from` is an adapter folder on main (adapters/triage) whose weights are the
    beginning. Raises Invalid, NotFound, Unprocessable (a row does not fit the prompt), Unavailable
    (no training packages).
    """
    given = {**(params or {}), **({} if seed is None else {"seed": seed})}
    config = check_params(recipe, given)
    folder = _adapter_path(adapter_name)
    _check_name(project, folder)
    _check_base(base_model)
    commit = repository.resolve(project, "main") if prompt_path else ""
    check_examples(project, dataset_version, prompt_path, commit)
    beginning = _beginning(project, start_from) if start_from else None
    with transaction.atomic():
        job = create_job(
            project=project,
            kind=KIND,
            title=title or f"Fine-tune {folder.removeprefix('adapters/')}",
            spec={**datasets.version_facts(dataset_version), "adapter": folder, "params": config.to_dict()},
            actor=actor,
        )
        return TrainingJob.objects.create(
            job=job,
            dataset_version=dataset_version,
            base_model=base_model,
            recipe=recipe,
            params=config.to_dict(),
            adapter_path=folder,
            prompt_path=prompt_path,
            prompt_commit=commit,
            start_from=beginning,
            bind_prompt=bind_prompt and bool(prompt_path),
        )


def _beginning(project: Project, folder: str) -> dict[str, str]:
    commit = repository.resolve(project, "main")
    try:
        adapter = adapter_ref(project, commit, folder)
    except NotFound as error:
        raise _wrong("start_from", "unknown", error.detail) from None
    return {"path": folder, "commit": commit, "sha256": adapter.sha256}


def check_params(recipe: str, params: Mapping[str, Any]) -> LoraConfig:
    """The recipe's typed parameters. Raises Invalid naming every wrong one."""
    if recipe not in RECIPES:
        raise _wrong("recipe", "unknown", f"There is no recipe {recipe[:40]!r}; there is {', '.join(RECIPES)}.")
    try:
        return LoraConfig.from_dict(params)
    except ConfigError as error:
        errors = [
            {"where": f"params.{name}", "code": "invalid", "detail": f"{name} {text}."}
            for name, text in error.problems.items()
        ]
        raise Invalid(" ".join(e["detail"] for e in errors), errors=errors) from None  # type: ignore[arg-type]


def check_examples(project: Project, version: DatasetVersion, prompt_path: str, commit: str) -> list[examples.Example]:
    """The first examples, made as the job will make them. Raises NotFound, Unprocessable, Invalid for too few."""
    prompt = examples.prompt_at(project, prompt_path, commit) if prompt_path else None
    labelled = (row for row in datasets.iter_rows(version) if row["expected"])
    first = list(islice(examples.examples_of(labelled, prompt), 50))
    if len(first) < FEWEST:
        text = f"{version.dataset.slug} v{version.number} has {len(first)} rows with an expected answer; "
        raise _wrong("version", "too_few", text + f"a fine-tune needs {FEWEST} at least, and some hundreds to be good.")
    return first


def _adapter_path(name: str) -> str:
    folder = f"adapters/{name}"
    if not name or check_path(f"{folder}/adapter_config.json") is not None or len(folder) > 200:
        text = "Name the adapter with letters, digits, - and _, in folders if you like: triage or support/triage."
        raise _wrong("adapter_name", "invalid", text)
    return folder


def _check_name(project: Project, folder: str) -> None:
    """The draft would be refused after hours of training."""
    main = repository.resolve(project, "main")
    if problems := repository.name_problems(project, main, {f"{folder}/adapter_config.json": b""}):
        raise _wrong("adapter_name", problems[0].code, problems[0].message)


def _check_base(base_model: str) -> None:
    if importlib.util.find_spec("torch") is None:
        text = "The training packages are not installed here: run `make up` without TRAIN=0."
        raise Unavailable(text, code="no_training_packages")
    try:
        source_gguf(models_dir(), base_model)
    except NoSuchModel as error:
        raise _wrong("base_model", "unknown", str(error)) from None


def _wrong(where: str, code: str, text: str) -> Invalid:
    return Invalid(text, code="invalid", errors=[{"where": where, "code": code, "detail": text}])


def keep_points(training: TrainingJob, lines: Sequence[Mapping[str, Any]]) -> None:
    """Upsert steps (of progress.jsonl) and tell open pages the last of them. The same lines again change nothing."""
    steps = {line["step"]: {name: line[name] for name in POINT if name in line} for line in lines}
    if not steps:
        return
    TrainingPoint.objects.bulk_create(
        [TrainingPoint(training=training, **values) for values in steps.values()],
        update_conflicts=True,
        unique_fields=["training", "step"],
        update_fields=POINT[1:],
    )
    publish(training, "training.progress", {"points": [steps[step] for step in sorted(steps)][-20:]})


def set_phase(training: TrainingJob, phase: str) -> None:
    """What the recipe is doing, in words."""
    TrainingJob.objects.filter(pk=training.pk).update(phase=phase[:200])
    publish(training, "training.changed", {"phase": phase[:200]})


def publish(training: TrainingJob, kind: str, data: dict[str, Any]) -> None:
    """A live update of this fine-tune: subject ("training", its job's number)."""
    live.publish(training.job.project_id, kind, ("training", str(training.job.number)), data)


def work_folder(training: TrainingJob) -> Path:
    """Where the recipe works; kept until its adapter is in a draft."""
    return Path(settings.DATA_DIR) / "run" / "training" / str(training.pk)
