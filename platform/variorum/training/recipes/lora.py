"""LoRA fine-tuning, to be read from top to bottom:

    python -m variorum.training.recipes.lora FOLDER

FOLDER holds spec.json (run_folder.Spec) and examples.jsonl ({"messages": [...], "expected": "..."} a line). It gets
progress.jsonl (a line per step), checkpoint.pt, at the end adapter/ (PEFT layout) and result.json, or error.json.
Ended by SIGTERM it saves a checkpoint and exits with 143; started again it goes on there, to the same bits as if it
had never ended.

Randomness is a function of the seed and the step, never of what happened before: nothing of it needs saving.
"""

import hashlib
import math
import os
import resource
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor
from torch.nn import functional

from variorum.training.recipes import peft_files
from variorum.training.recipes.config import ConfigError, LoraConfig
from variorum.training.recipes.examples import BadExamples, Renderer, load, micro_batches, order
from variorum.training.recipes.llama import Llama, UnfitModel
from variorum.training.recipes.prefix import PrefixCache, forward
from variorum.training.recipes.run_folder import Failed, RunFolder, Spec, die_with

STOPPED: Final = 143


@dataclass
class Counters:
    """What a run has done so far; survives a restart in the checkpoint."""

    step: int = 0
    tokens: int = 0  # of the examples trained on, every epoch counted
    computed_tokens: int = 0  # the same with a shared beginning counted once a part
    label_tokens: int = 0
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    measuring_seconds: float = 0.0  # on the held-out part
    starts: int = 0
    train_loss: float = math.nan
    base: dict[str, float] | None = None  # held-out figures before training
    best: dict[str, float] | None = None
    worse_in_a_row: int = 0


@dataclass
class Run:
    """Everything that a step touches."""

    spec: Spec
    folder: RunFolder
    device: torch.device
    model: Llama
    cache: PrefixCache
    trained: int  # examples 0..trained-1 are trained on, the others are held out
    optimizer: torch.optim.AdamW
    counters: Counters = field(default_factory=Counters)
    best_weights: dict[str, Tensor] = field(default_factory=dict)
    stop: bool = False

    @property
    def config(self) -> LoraConfig:
        return self.spec.params

    @property
    def steps_per_epoch(self) -> int:
        return math.ceil(self.trained / self.config.batch_size)

    @property
    def steps(self) -> int:
        return self.steps_per_epoch * self.config.epochs

    @property
    def held_out(self) -> range:
        return range(self.trained, len(self.cache.examples))


def main(folder: Path) -> int:
    """Train, and write what came of it. Exit code 0 done, 1 failed for good (error.json says why), 143 stopped."""
    with RunFolder(folder) as run_folder:
        try:
            spec = Spec.read(folder)
            die_with(spec.parent)
            return train(spec, run_folder)
        except (ConfigError, Failed, UnfitModel, BadExamples, peft_files.OtherShape) as error:
            run_folder.write_json("error.json", {"message": str(error)})
            return 1


def train(spec: Spec, folder: RunFolder) -> int:
    """The whole recipe."""
    torch.set_num_threads(spec.threads)
    identity = spec.identity(folder.path)
    folder.say(phase="loading", message="Loading the base model and the examples")
    run, too_long = prepare(spec, folder)
    resume(run, identity)
    signal.signal(signal.SIGTERM, lambda *_: setattr(run, "stop", True))

    measure_base(run)
    saved = time.monotonic()
    while run.counters.step < run.steps and not gave_up(run):
        line = one_step(run)
        if due(run):
            line |= evaluate_and_keep(run)
        folder.say(**line)
        if run.stop or time.monotonic() - saved >= spec.checkpoint_seconds:
            save(run, identity)
            saved = time.monotonic()
        if run.stop:
            return STOPPED

    folder.say(phase="saving", message="Writing the adapter")
    finish(run, too_long)
    return 0


def prepare(spec: Spec, folder: RunFolder) -> tuple[Run, int]:
    """Model with fresh LoRA weights, tokenised examples, optimizer."""
    config, base = spec.params, Path(spec.base_model)
    gpu = spec.device == "cuda" or (spec.device == "auto" and torch.cuda.is_available())
    device = torch.device("cuda" if gpu else "cpu")
    split = load(
        folder.path / "examples.jsonl",
        Renderer(base),
        validation=config.validation,
        max_tokens=config.max_tokens,
        seed=config.seed,
    )
    model = Llama.load(base, device)
    model.adapt(config)
    if spec.start_from:
        peft_files.go_on_from(model, Path(spec.start_from))
    examples = [*split.train, *split.held_out]
    cache = PrefixCache(folder.path / "prefix.f32", model, examples, spec.cache_mb, split.shared)
    optimizer = torch.optim.AdamW(model.parameters(), config.learning_rate, weight_decay=config.weight_decay)
    return Run(spec, folder, device, model, cache, len(split.train), optimizer), split.too_long


# One step


def one_step(run: Run) -> dict[str, object]:
    """Forward, backward, update; the line for progress.jsonl."""
    config, counters = run.config, run.counters
    began, cpu = time.monotonic(), time.process_time()
    chosen = batch_of(run, counters.step)
    torch.manual_seed(config.seed * 1_000_003 + counters.step)  # the dropout of this step, whatever went before
    for group in run.optimizer.param_groups:
        group["lr"] = learning_rate(config, counters.step, run.steps)
    run.model.train()
    loss = backward(run, chosen)
    torch.nn.utils.clip_grad_norm_(run.model.parameters(), config.max_grad_norm)
    run.optimizer.step()
    run.optimizer.zero_grad()
    if not math.isfinite(loss):
        raise Failed(f"the loss became {loss} at step {counters.step + 1}: try a smaller learning rate")
    examples = [run.cache.examples[index] for index in chosen]
    counters.step += 1
    counters.train_loss = loss
    counters.tokens += sum(len(example.tokens) for example in examples)
    counters.label_tokens += sum(example.labels for example in examples)
    counters.seconds += time.monotonic() - began
    counters.cpu_seconds += time.process_time() - cpu
    return {
        "step": counters.step,
        "steps": run.steps,
        "epoch": round(counters.step / run.steps_per_epoch, 4),
        "loss": loss,
        "learning_rate": run.optimizer.param_groups[0]["lr"],
        "tokens": counters.tokens,
        "seconds": round(counters.seconds, 3),
    }


def batch_of(run: Run, step: int) -> list[int]:
    """The examples of a step: the next ones in the order of its epoch."""
    epoch, place = divmod(step, run.steps_per_epoch)
    size = run.config.batch_size
    return order(run.trained, run.config.seed, epoch)[place * size : (place + 1) * size]


def learning_rate(config: LoraConfig, step: int, steps: int) -> float:
    """Linear warm-up, then half a cosine to zero."""
    warm = max(1, round(steps * config.warmup))
    if step < warm:
        return config.learning_rate * (step + 1) / warm
    return config.learning_rate * 0.5 * (1 + math.cos(math.pi * (step - warm) / max(1, steps - warm)))


def backward(run: Run, chosen: Sequence[int]) -> float:
    """Gradients of the mean loss over all label tokens of the batch, part by part; the loss in nats per token."""
    examples = run.cache.examples
    count = sum(examples[index].labels for index in chosen)
    total = 0.0
    for part in parts_of(run, chosen):
        logits, batch = forward(run.model, run.cache, part, run.device)
        run.counters.computed_tokens += len(batch.ids)
        loss = functional.cross_entropy(logits, batch.labels, reduction="sum") / count
        loss.backward()  # type: ignore[no-untyped-call]
        total += loss.item()
    return total


def parts_of(run: Run, chosen: Sequence[int]) -> Iterator[list[int]]:
    """A batch in parts that fit into memory."""
    return micro_batches(chosen, run.cache.examples, run.spec.micro_batch_tokens, run.cache.shared)


# The held-out part


def measure(run: Run) -> dict[str, float]:
    """Mean loss per label token on the held-out examples, and the part that greedy decoding would answer exactly."""
    run.model.eval()
    began = time.monotonic()
    loss = exact = 0.0
    examples = run.cache.examples
    for part in parts_of(run, run.held_out):
        with torch.no_grad():
            logits, batch = forward(run.model, run.cache, part, run.device)
        loss += functional.cross_entropy(logits, batch.labels, reduction="sum").item()
        right = torch.split(logits.argmax(dim=1) == batch.labels, batch.label_counts)
        exact += sum(bool(answer.all()) for answer in right)
    labels = sum(examples[index].labels for index in run.held_out)
    run.counters.measuring_seconds += time.monotonic() - began
    return {"val_loss": loss / labels, "val_exact": exact / len(run.held_out)}


def measure_base(run: Run) -> None:
    """How well the model does before any training: the figure that the adapter must beat."""
    if run.held_out and run.counters.base is None:
        run.folder.say(phase="measuring", message=f"Measuring the base model on {len(run.held_out)} held-out examples")
        run.counters.base = measure(run)
        run.folder.say(step=0, steps=run.steps, epoch=0.0, tokens=0, seconds=0.0, **run.counters.base)
    run.folder.say(phase="training", message=f"Training on {run.trained} examples")


def due(run: Run) -> bool:
    """The last step, and `evaluations` times on the way."""
    every = max(1, round(run.steps / run.config.evaluations))
    return bool(run.held_out) and (run.counters.step % every == 0 or run.counters.step == run.steps)


def evaluate_and_keep(run: Run) -> dict[str, object]:
    """Measure, and keep the weights if they are the best so far."""
    figures, counters = measure(run), run.counters
    if counters.best is None or figures["val_loss"] < counters.best["val_loss"]:
        counters.best, counters.worse_in_a_row = {**figures, "step": counters.step}, 0
        run.best_weights = {name: tensor.clone() for name, tensor in peft_files.tensors(run.model).items()}
    else:
        counters.worse_in_a_row += 1
    return dict(figures)


def gave_up(run: Run) -> bool:
    """No better evaluation for as long as the patience lasts."""
    return 0 < run.config.patience <= run.counters.worse_in_a_row


# Checkpoints


def save(run: Run, identity: str) -> None:
    """Everything that the next process needs to go on as if nothing had happened."""
    run.folder.save_checkpoint(
        {
            "identity": identity,
            "counters": vars(run.counters),
            "weights": dict(run.model.named_parameters()),
            "optimizer": run.optimizer.state_dict(),
            "best_weights": run.best_weights,
            "cached": run.cache.flush(),
        }
    )


def resume(run: Run, identity: str) -> None:
    """Go on from the last checkpoint, if there is one."""
    state = run.folder.checkpoint(identity)
    if state:
        run.model.load_state_dict(state["weights"], strict=False)
        run.optimizer.load_state_dict(state["optimizer"])
        run.counters = Counters(**state["counters"])
        run.best_weights = state["best_weights"]
        run.cache.filled = set(state["cached"])
        run.folder.say(phase="resumed", message=f"Going on after step {run.counters.step}", step=run.counters.step)
    run.counters.starts += 1


# The end


def finish(run: Run, too_long: int) -> None:
    """adapter/ with the best weights (the last ones when nothing is held out), and the figures for its card."""
    weights = run.best_weights or peft_files.tensors(run.model)
    base_id = Path(run.spec.base_model).name
    peft_files.write(run.folder.path / "adapter", weights, peft_files.config_json(run.model, run.config, base_id))
    run.folder.write_json("result.json", result(run, base_id, too_long))


def result(run: Run, base_id: str, too_long: int) -> dict[str, Any]:
    """result.json: what was done, with what, at what cost, and to what effect."""
    counters, base = run.counters, Path(run.spec.base_model) / "manifest.json"
    return {
        "recipe": "lora",
        "base_model": base_id,
        "base_manifest_sha256": hashlib.sha256(base.read_bytes()).hexdigest(),
        "data_sha256": hashlib.sha256((run.folder.path / "examples.jsonl").read_bytes()).hexdigest(),
        "parameters": run.config.to_dict(),
        "trained_weights": sum(parameter.numel() for parameter in run.model.parameters()),
        "examples": {"trained": run.trained, "held_out": len(run.held_out), "too_long": too_long},
        "steps": counters.step,
        "steps_planned": run.steps,
        "stopped_early": counters.step < run.steps,
        "train_loss": counters.train_loss,
        "held_out_before": counters.base,
        "held_out_best": counters.best,
        "tokens": counters.tokens,
        "label_tokens": counters.label_tokens,
        "shared_tokens": run.cache.shared,
        "computed_tokens": counters.computed_tokens,
        "seconds": round(counters.seconds, 2),
        "cpu_seconds": round(counters.cpu_seconds, 2),
        "measuring_seconds": round(counters.measuring_seconds, 2),
        "tokens_per_second": round(counters.tokens / max(counters.seconds, 1e-9), 1),
        "tokens_per_cpu_second": round(counters.tokens / max(counters.cpu_seconds, 1e-9), 1),
        "peak_memory_mb": peak_memory_mb(run.device),
        "device": torch.cuda.get_device_name() if run.device.type == "cuda" else "cpu",
        "threads": run.spec.threads,
        "starts": counters.starts,
        "torch": torch.__version__,
    }


def peak_memory_mb(device: torch.device) -> int:
    """Of the GPU if one was used, else of this process."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated() // 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


if __name__ == "__main__":
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    raise SystemExit(main(Path(sys.argv[1])))
