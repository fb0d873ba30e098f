"""Trained tokens per CPU-second: our LoRA recipe beside transformers.Trainer with peft, on the real small model.

    .venv/bin/python benchmarks/train_tokens.py --models-dir var/models [--examples 48]

Both train the same adapter from the same start on the same batches in the same order, on one thread, float32; tokens
are those of the examples, without padding; the last losses differ by the schedule of the first step. TRL is left out
(its packages are large). The last line adds a prompt whose instructions all examples share.
"""

import argparse
import csv
import json
import os
import random
import tempfile
import time
from pathlib import Path

os.environ.update(OMP_NUM_THREADS="1", OMP_WAIT_POLICY="PASSIVE", TOKENIZERS_PARALLELISM="false")

import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM, Trainer, TrainingArguments

from variorum.inference.base_model import ensure_training
from variorum.training.recipes import lora, peft_files
from variorum.training.recipes.run_folder import RunFolder, Spec

DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "banking77" / "train.csv"
SHORT = "Name the customer's intent."
LONG = (
    "You sort messages for a bank. Answer with the name of one intent, in lower case, with underscores between words, "
    "and nothing else. If two intents fit, take the more special one. Do not greet, do not explain, do not apologise. "
    "Typical intents are card_arrival, card_not_working, lost_or_stolen_card, exchange_rate, change_pin, "
    "cash_withdrawal_charge, pending_transfer, verify_my_identity, request_refund, terminate_account and age_limit."
)


def messages(count: int) -> list[tuple[str, str]]:
    """Questions with their intents; a made-up list of the same kind where the data is not at hand."""
    if DATA.is_file():
        with DATA.open() as file:
            rows = [(row[0], row[1]) for row in list(csv.reader(file))[1:]]
        random.Random(1).shuffle(rows)
        return rows[:count]
    return [(f"My card number {n} has not come yet, when will it be here?", "card_arrival") for n in range(count)]


def prepared(folder: Path, base: Path, rows: list[tuple[str, str]], system: str, params: dict[str, object]) -> lora.Run:
    """A run of ours, ready for its first step."""
    folder.mkdir()
    with (folder / "examples.jsonl").open("w") as file:
        for text, label in rows:
            both = [{"role": "system", "content": system}, {"role": "user", "content": text}]
            file.write(json.dumps({"messages": both, "expected": label}) + "\n")
    (folder / "spec.json").write_text(json.dumps({"base_model": str(base), "params": {"validation": 0, **params}}))
    return lora.prepare(Spec.read(folder), RunFolder(folder))[0]


def ours(run: lora.Run) -> tuple[float, float]:
    """(tokens per CPU-second, loss of the last step)."""
    began = time.process_time()
    for _ in range(run.steps):
        lora.one_step(run)
    return run.counters.tokens / (time.process_time() - began), run.counters.train_loss


class SameOrder(Trainer):
    """Takes the examples as they come; its schedule is ours."""

    def _get_train_sampler(self, *_: object) -> torch.utils.data.Sampler:
        return torch.utils.data.SequentialSampler(self.train_dataset)


def peer(run: lora.Run, base: Path, folder: Path) -> tuple[float, float]:
    """The same with transformers.Trainer and peft, from the same start."""
    peft_files.write(folder, peft_files.tensors(run.model), peft_files.config_json(run.model, run.config, "base"))
    model = PeftModel.from_pretrained(
        AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32), folder, is_trainable=True
    )
    chosen = [run.cache.examples[index] for step in range(run.steps) for index in lora.batch_of(run, step)]
    rows = [{"input_ids": e.tokens, "labels": [-100] * e.prompt + e.tokens[e.prompt :]} for e in chosen]
    arguments = TrainingArguments(
        output_dir=str(folder / "out"),
        per_device_train_batch_size=run.config.batch_size,
        num_train_epochs=1,
        learning_rate=run.config.learning_rate,
        lr_scheduler_type="cosine",
        warmup_steps=max(1, round(run.steps * run.config.warmup)),
        weight_decay=0.0,
        logging_steps=1,
        save_strategy="no",
        report_to=[],
        use_cpu=True,
        disable_tqdm=True,
    )
    trainer = SameOrder(model=model, args=arguments, train_dataset=rows, data_collator=padded)
    began = time.process_time()
    trainer.train()
    spent = time.process_time() - began
    losses = [line["loss"] for line in trainer.state.log_history if "loss" in line]
    return sum(len(row["input_ids"]) for row in rows) / spent, losses[-1]


def padded(rows: list[dict[str, list[int]]]) -> dict[str, torch.Tensor]:
    """A batch padded on the right to its longest example."""
    longest = max(len(row["input_ids"]) for row in rows)
    pads = [longest - len(row["input_ids"]) for row in rows]
    return {
        "input_ids": torch.tensor([r["input_ids"] + [0] * pad for r, pad in zip(rows, pads, strict=True)]),
        "attention_mask": torch.tensor([[1] * (longest - pad) + [0] * pad for pad in pads]),
        "labels": torch.tensor([r["labels"] + [-100] * pad for r, pad in zip(rows, pads, strict=True)]),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models-dir", type=Path, default=Path("var/models"))
    parser.add_argument("--examples", type=int, default=48)
    args = parser.parse_args()
    torch.set_num_threads(1)
    base = ensure_training(args.models_dir, "smollm2-135m")
    rows = messages(args.examples)
    cases = [
        ("all 30 layers, 1 epoch", SHORT, {"top_layers": 0, "epochs": 1, "batch_size": 8}),
        ("top 10 layers, 3 epochs", SHORT, {"top_layers": 10, "epochs": 3, "batch_size": 8}),
        ("top 10, 3 epochs, long instructions", LONG, {"top_layers": 10, "epochs": 3, "batch_size": 8}),
    ]
    print(f"{args.examples} examples, one thread, tokens of the examples per CPU-second; load {os.getloadavg()[0]:.1f}")
    print(f"{'':38}{'Trainer+peft':>14}{'ours':>8}{'ratio':>8}   last loss: theirs, ours")
    with tempfile.TemporaryDirectory() as scratch:
        for number, (name, system, params) in enumerate(cases):
            run = prepared(Path(scratch) / f"run-{number}", base, rows, system, params)
            theirs, their_loss = peer(run, base, Path(scratch) / f"adapter-{number}")
            mine, my_loss = ours(run)
            print(
                f"{name:38}{theirs:14.0f}{mine:8.0f}{mine / theirs:8.1f}   {their_loss:.4f}, {my_loss:.4f}", flush=True
            )


if __name__ == "__main__":
    main()
