"""Examples become tokens: the prompt through the model's own chat template, the expected answer as its labels."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import jinja2
import torch
from jinja2.sandbox import ImmutableSandboxedEnvironment
from tokenizers import Tokenizer

from variorum.training.recipes.llama import Packed

HELD_OUT_MOST: Final = 128
SHARED_LEAST: Final = 16  # a shorter common beginning is not worth its own attention


class BadExamples(ValueError):
    """There is nothing to train on; the message is fit for a person."""


@dataclass(frozen=True)
class Example:
    """One conversation. `tokens[prompt:]` are the labels: the expected answer and the end of the turn."""

    tokens: list[int]
    prompt: int
    key: str  # hash of the messages: the same question never stands on both sides of the split

    @property
    def labels(self) -> int:
        return len(self.tokens) - self.prompt


class Renderer:
    """The tokenizer and chat template of a transformers folder."""

    def __init__(self, folder: Path) -> None:
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        config = json.loads((folder / "tokenizer_config.json").read_text())
        template = folder / "chat_template.jinja"
        text = template.read_text() if template.is_file() else config["chat_template"]
        self._specials = {name: _content(config.get(name)) for name in ("bos_token", "eos_token")}
        environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
        environment.globals["raise_exception"] = _refuse
        self._template = environment.from_string(text)
        end = self.tokenizer.token_to_id(self._specials["eos_token"])
        if end is None:
            raise BadExamples("the base model's tokenizer has no end-of-turn token")
        self._end = end

    def example(self, messages: Sequence[dict[str, str]], expected: str) -> Example:
        """Raises BadExamples when the template refuses the messages."""
        try:
            text = self._template.render(messages=messages, add_generation_prompt=True, **self._specials)
        except jinja2.TemplateError as error:
            raise BadExamples(f"the model's chat template refuses these messages: {error}") from error
        prompt = self._tokens(text)
        key = hashlib.sha256(json.dumps(messages, sort_keys=True).encode()).hexdigest()
        return Example([*prompt, *self._tokens(expected), self._end], len(prompt), key)

    def _tokens(self, text: str) -> list[int]:
        ids: list[int] = self.tokenizer.encode(text, add_special_tokens=False).ids
        return ids


def _content(token: Any) -> str:
    """A special token is written as a text or as an object with its content."""
    return str(token["content"]) if isinstance(token, dict) else str(token or "")


def _refuse(message: str) -> None:
    raise jinja2.TemplateError(message)


@dataclass(frozen=True)
class Split:
    """Train and held-out examples, how many were too long, and how many tokens all begin with."""

    train: list[Example]
    held_out: list[Example]
    too_long: int
    shared: int


def load(path: Path, renderer: Renderer, *, validation: float, max_tokens: int, seed: int) -> Split:
    """Read {"messages", "expected"} lines and hold a part out, by question and seed. Raises BadExamples."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    examples = [renderer.example(row["messages"], row["expected"]) for row in rows]
    fitting = [example for example in examples if len(example.tokens) <= max_tokens]
    if not fitting:
        raise BadExamples(f"none of the {len(rows)} examples fits into {max_tokens} tokens")
    held = _held_out(fitting, validation, seed)
    train = [example for example in fitting if example.key not in held]
    if not train:
        raise BadExamples("too few different examples to hold a part out; add some, or set validation to 0")
    held_out = [example for example in fitting if example.key in held]
    return Split(train, held_out, len(examples) - len(fitting), common_beginning(fitting))


def common_beginning(examples: Sequence[Example]) -> int:
    """How many tokens all examples begin with; the token before the first label is always an example's own."""
    first, last = (choose(examples, key=lambda e: e.tokens).tokens for choose in (min, max))
    most = min(example.prompt for example in examples) - 1
    count = next((n for n, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), min(len(first), len(last)))
    return min(count, most) if min(count, most) >= SHARED_LEAST else 0


def _held_out(examples: Sequence[Example], validation: float, seed: int) -> set[str]:
    """Keys of the questions to hold out: whole questions, at most HELD_OUT_MOST examples."""
    wanted = min(round(len(examples) * validation), HELD_OUT_MOST)
    counts: dict[str, int] = {}
    for example in examples:
        counts[example.key] = counts.get(example.key, 0) + 1
    held: set[str] = set()
    for key in sorted(counts, key=lambda key: hashlib.sha256(f"{seed}:{key}".encode()).digest()):
        if wanted - counts[key] >= 0:
            held.add(key)
            wanted -= counts[key]
    return held


def order(count: int, seed: int, epoch: int) -> list[int]:
    """The order of an epoch: a function of seed and epoch, so that a resumed run needs no stored state for it."""
    generator = torch.Generator().manual_seed(seed * 1_000_003 + epoch)
    return torch.randperm(count, generator=generator).tolist()


def micro_batches(
    chosen: Sequence[int], examples: Sequence[Example], budget: int, shared: int = 0
) -> Iterator[list[int]]:
    """Split a batch by length into parts of at most `budget` tokens in a row (an example alone may be longer)."""
    part: list[int] = []
    total = shared
    for index in sorted(chosen, key=lambda index: (len(examples[index].tokens), index)):
        size = len(examples[index].tokens) - shared
        if part and total + size > budget:
            yield part
            part, total = [], shared
        part.append(index)
        total += size
    if part:
        yield part


def pack(examples: Sequence[Example], device: torch.device, shared: int = 0) -> Packed:
    """One row of tokens without padding; the `shared` first tokens of all examples stand in it once."""
    ids, positions = examples[0].tokens[:shared], list(range(shared))
    predicting: list[int] = []
    labels: list[int] = []
    for example in examples:
        size, start = len(example.tokens), len(ids) - shared
        ids += example.tokens[shared:]
        positions += range(shared, size)
        predicting += range(start + example.prompt - 1, start + size - 1)
        labels += example.tokens[example.prompt :]
    tensors = (torch.tensor(values, device=device) for values in (ids, positions, predicting, labels))
    row, places, before, after = tensors
    lengths, counts = [len(e.tokens) - shared for e in examples], [e.labels for e in examples]
    return Packed(row, places, shared, lengths, before, after, counts)
