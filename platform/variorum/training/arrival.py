"""How a trained adapter gets into the repository: as a draft, with its card, exactly once."""

import json
from pathlib import Path
from typing import Any

import yaml
from django.db import transaction

from variorum.accounts.access import Actor
from variorum.drafts.services import open_draft
from variorum.events.services import notify
from variorum.inference.catalogue import licence_of
from variorum.lib.errors import NotFound
from variorum.repos import queries as repository
from variorum.repos.services import store_lfs
from variorum.training.models import TrainingJob
from variorum.training.services import publish
from variorum.training.verdict import in_words
from variorum_client.formats import FormatError, parse_prompt, print_pointer

COST = (
    "steps", "steps_planned", "stopped_early", "tokens", "computed_tokens", "label_tokens", "seconds", "cpu_seconds",
    "measuring_seconds", "tokens_per_second", "peak_memory_mb", "device", "threads", "starts", "torch",
)  # fmt: skip


def bring(training: TrainingJob, folder: Path) -> None:
    """Store the weights and open the draft; a second call finds the first one's draft and does nothing.

    The draft's number comes from the same transaction: an attempt that was killed half-way leaves no draft behind.
    """
    result = json.loads((folder / "result.json").read_text())
    project = training.job.project
    pointer = store_lfs(project=project, data=folder / "adapter" / "adapter_model.safetensors")
    path = training.adapter_path
    files: dict[str, bytes | None] = {
        f"{path}/adapter_model.safetensors": print_pointer(pointer.oid, pointer.size),
        f"{path}/adapter_config.json": (folder / "adapter" / "adapter_config.json").read_bytes(),
        f"{path}/card.yaml": card(training, result, pointer.oid),
    }
    with transaction.atomic():
        locked = TrainingJob.objects.select_for_update(of=("self",)).get(pk=training.pk)
        if locked.draft_id is not None:
            return
        note = _bind(training, files) if training.bind_prompt else ""
        draft = open_draft(
            project=project,
            actor=Actor.of_user(training.job.created_by),
            title=f"Adapter {path.removeprefix('adapters/')} from {_source(training)}",
            description=description(training, result, note),
            files=files,
            past_locks=True,
        )
        TrainingJob.objects.filter(pk=training.pk).update(draft=draft, result=result, phase="")
        text = f"{in_words(result, n=result['examples']['held_out'])} It waits for review as draft #{draft.number}."
        title = f"Fine-tune #{training.job.number} has ended"
        address = f"/p/{project.slug}/drafts/{draft.number}"
        publish(training, "training.changed", {"draft": draft.number})
        notify(project=project, title=title, body=text, url=address, user=training.job.created_by)


def _bind(training: TrainingJob, files: dict[str, bytes | None]) -> str:
    """Add the prompt with the adapter in its front matter; what a reviewer should know of it."""
    project, path = training.job.project, training.prompt_path
    try:
        text = repository.read_file(project, repository.resolve(project, "main"), path).decode()
        prompt = parse_prompt(text, path)
        prompt = prompt.with_front("variorum.adapter", training.adapter_path)
        if prompt.model != (model := f"local/{training.base_model}"):
            prompt = prompt.with_front("model", model)
    except (NotFound, FormatError):
        return f"`{path}` is not on main any more, so it was not bound to the adapter."
    files[path] = prompt.source.encode()
    then = repository.read_file(project, training.prompt_commit, path).decode()
    changed = f" It has changed since the training began (at {training.prompt_commit[:8]})." if then != text else ""
    return f"`{path}` is bound to the adapter in this draft.{changed}"


def _source(training: TrainingJob) -> str:
    version = training.dataset_version
    return f"{version.dataset.slug} v{version.number}"


def card(training: TrainingJob, result: dict[str, Any], weights_sha256: str) -> bytes:
    """card.yaml: how the adapter was made, so that it can be made again."""
    version = training.dataset_version
    content = {
        "adapter": training.adapter_path,
        "licence": licence_of(training.base_model),
        "made": {"by": training.job.actor_name, "at": f"{training.job.created_at:%Y-%m-%dT%H:%M:%SZ}"},
        "weights_sha256": weights_sha256,
        "base_model": {"id": training.base_model, "manifest_sha256": result["base_manifest_sha256"]},
        "data": {
            "dataset": version.dataset.slug,
            "version": version.number,
            "sha256": version.sha256,
            "examples": result["examples"],
            "examples_sha256": result["data_sha256"],
        },
        "prompt": {"path": training.prompt_path, "commit": training.prompt_commit} if training.prompt_path else None,
        "start_from": training.start_from,
        "recipe": training.recipe,
        "parameters": result["parameters"],
        "seed": result["parameters"]["seed"],
        "metrics": {
            "train_loss": result["train_loss"],
            "held_out_before": result["held_out_before"],
            "held_out_best": result["held_out_best"],
        },
        "cost": {name: result[name] for name in COST},
        "job": training.job.number,
    }
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=120).encode()


def description(training: TrainingJob, result: dict[str, Any], note: str) -> str:
    """What a reviewer reads first: the verdict, then the figures."""
    before, best, n = result["held_out_before"], result["held_out_best"], result["examples"]["held_out"]
    lines = [in_words(result, n=n), ""]
    if before and best:
        lines += [
            f"| held out | {'before' if training.start_from else 'base model'} | with the adapter |",
            "|---|---|---|",
            f"| loss (nats per answer token) | {before['val_loss']:.3f} | {best['val_loss']:.3f} |",
            f"| answered exactly, of {n} | {before['val_exact'] * n:.0f} | {best['val_exact'] * n:.0f} |",
            "",
        ]
    lines.append(
        f"Trained on {result['examples']['trained']:,} examples of {_source(training)} ({training.base_model}, "
        f"{training.recipe}, {result['steps']:,} steps) in {result['seconds'] / 60:.1f} minutes, "
        f"{result['peak_memory_mb']:,} MB, {result['tokens_per_second']:,.0f} tokens/s on {result['device']}. "
        f"The card beside the weights has every parameter."
    )
    if too_long := result["examples"]["too_long"]:
        lines.append(f"{too_long:,} examples were longer than {result['parameters']['max_tokens']:,} tokens: left out.")
    return "\n".join([*lines, *(["", note] if note else [])])
