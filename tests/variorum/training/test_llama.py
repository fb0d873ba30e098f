"""Our forward and backward pass, held against transformers and peft from the same start."""

import json
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.nn import functional

from variorum.training.recipes import lora, peft_files
from variorum.training.recipes.config import LoraConfig
from variorum.training.recipes.examples import Example, Renderer, common_beginning, load, micro_batches, order, pack
from variorum.training.recipes.llama import Llama, Shape, UnfitModel, attend_each, attend_padded
from variorum.training.recipes.prefix import PrefixCache, forward
from variorum.training.recipes.run_folder import RunFolder, Spec

CPU = torch.device("cpu")
BASE = "base_model.model.model."

# 2026-11: peft 0.21 asks transformers 5.23 for an attribute by its old name.
pytestmark = pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture
def open_run(make_run: Callable[..., Any]) -> Iterator[Callable[..., lora.Run]]:
    """open_run(params) -> a prepared run in this process."""
    folders = []

    def opened(name: str = "run", **extra: Any) -> lora.Run:
        helper = make_run(name, **extra)
        folders.append(RunFolder(helper.path))
        return lora.prepare(Spec.read(helper.path), folders[-1])[0]

    yield opened
    for folder in folders:
        folder.__exit__()


def peft_twin(run: lora.Run, tiny_model: Any, folder: Path) -> Any:
    """The same base with the same adapter, in transformers and peft, ready to train."""
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    config = peft_files.config_json(run.model, run.config, "tiny")
    peft_files.write(folder, peft_files.tensors(run.model), config)
    base = AutoModelForCausalLM.from_pretrained(tiny_model.folder, dtype=torch.float32)
    return PeftModel.from_pretrained(base, folder, is_trainable=True)


def padded(examples: list[Example]) -> dict[str, torch.Tensor]:
    """The usual way to batch: padding on the right, -100 where there is no label."""
    longest = max(len(example.tokens) for example in examples)
    rows = [(e.tokens, [-100] * e.prompt + e.tokens[e.prompt :], longest - len(e.tokens)) for e in examples]
    return {
        "input_ids": torch.tensor([tokens + [0] * pad for tokens, _, pad in rows]),
        "attention_mask": torch.tensor([[1] * len(tokens) + [0] * pad for tokens, _, pad in rows]),
        "labels": torch.tensor([labels + [-100] * pad for _, labels, pad in rows]),
    }


def randomise(run: lora.Run) -> None:
    """B is zero at the start; make it count."""
    torch.manual_seed(5)
    for parameter in run.model.parameters():
        parameter.data.normal_(0, 0.1)


def gradients(model: Any) -> dict[str, torch.Tensor]:
    """peft's gradients, by the name in the adapter file."""
    found = {name.replace(".default", ""): p.grad for name, p in model.named_parameters() if p.requires_grad}
    return {name: grad for name, grad in found.items() if grad is not None}


def ours(run: lora.Run) -> dict[str, torch.Tensor]:
    """Our gradients, under the same names."""
    for parameter in run.model.parameters():
        assert parameter.grad is not None
        parameter.data = parameter.grad
    return peft_files.tensors(run.model)


@pytest.mark.parametrize("system", ["", "Name the colour of the thing."])
@pytest.mark.parametrize("top_layers", [0, 2])
@pytest.mark.parametrize("targets", [LoraConfig().targets, ("q_proj", "v_proj", "up_proj")])
def test_loss_and_gradients_are_those_of_peft(
    open_run: Callable[..., lora.Run],
    tiny_model: Any,
    tmp_path: Path,
    system: str,
    top_layers: int,
    targets: tuple[str, ...],
) -> None:
    run = open_run(params={"top_layers": top_layers, "targets": list(targets)}, system=system)
    assert (run.cache.shared > 16) == bool(system)
    randomise(run)
    twin = peft_twin(run, tiny_model, tmp_path / "adapter")
    chosen = lora.batch_of(run, 0)
    batch = padded([run.cache.examples[index] for index in chosen])
    expected = twin(**batch).loss
    expected.backward()
    assert lora.backward(run, chosen) == pytest.approx(expected.item(), abs=1e-5)
    theirs, mine = gradients(twin), ours(run)
    assert set(theirs) == set(mine)
    assert all(torch.allclose(theirs[name], mine[name], atol=1e-5) for name in mine)


def test_twelve_steps_of_training_give_pefts_losses(
    open_run: Callable[..., lora.Run], tiny_model: Any, tmp_path: Path
) -> None:
    run = open_run(params={"top_layers": 0, "learning_rate": 0.005})
    twin = peft_twin(run, tiny_model, tmp_path / "adapter")
    optimizer = torch.optim.AdamW((p for p in twin.parameters() if p.requires_grad), weight_decay=0.0)
    twin.train()
    for step in range(12):
        examples = [run.cache.examples[index] for index in lora.batch_of(run, step)]
        for group in optimizer.param_groups:
            group["lr"] = lora.learning_rate(run.config, step, run.steps)
        loss = twin(**padded(examples)).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(twin.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        assert lora.one_step(run)["loss"] == pytest.approx(loss.item(), abs=1e-4), f"step {step}"


def test_the_saved_adapter_gives_the_same_logits_in_peft(
    open_run: Callable[..., lora.Run], tiny_model: Any, tmp_path: Path
) -> None:
    run = open_run()
    randomise(run)
    run.model.eval()
    twin = peft_twin(run, tiny_model, tmp_path / "adapter").eval()
    example = run.cache.examples[3]
    with torch.no_grad():
        logits, _ = forward(run.model, run.cache, [3], CPU)
        theirs = twin(torch.tensor([example.tokens])).logits[0, example.prompt - 1 : -1]
    assert torch.allclose(logits, theirs, atol=1e-5)


def test_dropout_acts_in_training_alone_and_is_a_function_of_the_step(open_run: Callable[..., lora.Run]) -> None:
    run = open_run(params={"dropout": 0.5})
    randomise(run)
    losses = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        run.model.train()
        losses.append(lora.backward(run, [0, 1, 2]))
    assert losses[0] == losses[1] != losses[2]
    assert lora.measure(run) == lora.measure(run)


def test_dropout_gradients_are_right(open_run: Callable[..., lora.Run]) -> None:
    """Finite differences along a random direction, with the same mask."""
    run = open_run(params={"dropout": 0.3, "top_layers": 0})
    randomise(run)

    def loss_with(step: float, direction: list[torch.Tensor]) -> float:
        for parameter, d in zip(run.model.parameters(), direction, strict=True):
            parameter.data.add_(d, alpha=step)
        torch.manual_seed(1)
        value = lora.backward(run, [0, 1])
        for parameter, d in zip(run.model.parameters(), direction, strict=True):
            parameter.data.sub_(d, alpha=step)
        return value

    run.model.train()
    direction = [torch.randn_like(parameter) for parameter in run.model.parameters()]
    torch.manual_seed(1)
    lora.backward(run, [0, 1])
    slope = sum(
        (p.grad * d).sum().item() for p, d in zip(run.model.parameters(), direction, strict=True) if p.grad is not None
    )
    measured = (loss_with(1e-3, direction) - loss_with(-1e-3, direction)) / 2e-3
    assert math.isclose(slope, measured, rel_tol=0.02)


@pytest.mark.parametrize("shared", [0, 6])
def test_both_ways_of_attention_are_that_of_each_example_alone(shared: int) -> None:
    torch.manual_seed(0)
    lengths = [3, 7, 1, 5]
    q, k, v = (torch.randn(shared + 16, heads, 8) for heads in (4, 2, 2))
    each, together = attend_each(shared, lengths)(q, k, v), attend_padded(shared, lengths, CPU)(q, k, v)
    assert torch.allclose(each, together, atol=1e-6)
    start = shared
    for length in lengths:
        rows = [*range(shared), *range(start, start + length)]
        alone = attend_each(0, [shared + length])(q[rows], k[rows], v[rows])
        assert torch.allclose(each[rows], alone, atol=1e-6)
        start += length


def test_what_all_begin_with_is_computed_once(open_run: Callable[..., lora.Run]) -> None:
    run = open_run(system="Name the colour of the thing.")
    lora.one_step(run)
    assert run.counters.computed_tokens == run.counters.tokens - 7 * run.cache.shared


@pytest.mark.parametrize("system", ["", "Name the colour of the thing."])
def test_the_cache_changes_nothing(open_run: Callable[..., lora.Run], system: str) -> None:
    cached, plain = open_run("cached", system=system), open_run("plain", cache_mb=0, system=system)
    assert (cached.cache.on, plain.cache.on) == (True, False)
    for _ in range(cached.steps):
        assert lora.one_step(cached)["loss"] == pytest.approx(lora.one_step(plain)["loss"], abs=1e-5)
    assert len(cached.cache.filled) == cached.trained


def test_the_size_of_the_parts_changes_nothing(open_run: Callable[..., lora.Run]) -> None:
    small, large = open_run("small", micro_batch_tokens=10), open_run("large", micro_batch_tokens=10_000)
    for _ in range(5):
        assert lora.one_step(small)["loss"] == pytest.approx(lora.one_step(large)["loss"], abs=1e-5)


def test_labels_are_the_answer_and_the_end_of_the_turn(tiny_model: Any) -> None:
    renderer = Renderer(tiny_model.folder)
    messages = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "the path"}]
    example = renderer.example(messages, "oath")
    decode = renderer.tokenizer.decode
    prompt = "<|im_start|>system\nBe kind.<|im_end|>\n<|im_start|>user\nthe path<|im_end|>\n<|im_start|>assistant\n"
    assert decode(example.tokens[: example.prompt], skip_special_tokens=False) == prompt
    assert decode(example.tokens[example.prompt :], skip_special_tokens=False) == "oath<|im_end|>"
    packed = pack([example, example], CPU)
    assert packed.ids[packed.predicting + 1].tolist() == packed.labels.tolist()
    assert packed.label_counts == [example.labels] * 2


def test_an_epoch_shows_every_example_once_in_an_order_of_its_own() -> None:
    first, second = order(50, 3, 0), order(50, 3, 1)
    assert sorted(first) == sorted(second) == list(range(50))
    assert first != second
    assert first == order(50, 3, 0)


def test_parts_hold_every_example_once_and_keep_to_the_budget() -> None:
    examples = [Example([0] * size, 1, "") for size in (5, 30, 8, 8, 2, 60)]
    parts = list(micro_batches(range(6), examples, 40))
    assert sorted(index for part in parts for index in part) == list(range(6))
    assert all(len(part) == 1 or sum(len(examples[i].tokens) for i in part) <= 40 for part in parts)
    assert [len(part) for part in micro_batches(range(6), examples, 2 + 4 * 6, shared=2)] == [4, 1, 1]


@pytest.mark.parametrize(
    ("tokens", "prompts", "expected"),
    [
        ([[*range(40), 7], [*range(40), 8, 9]], [40, 40], 39),
        ([[*range(40), 7], [*range(40), 8, 9]], [41, 41], 40),
        ([[*range(30), 7], [*range(20), 8, 9]], [30, 21], 20),
        ([[*range(10), 7], [*range(10), 8, 9]], [10, 10], 0),
        ([[*range(30)], [*range(30)]], [20, 25], 19),
    ],
)
def test_the_common_beginning(tokens: list[list[int]], prompts: list[int], expected: int) -> None:
    pairs = zip(tokens, prompts, strict=True)
    assert common_beginning([Example(list(one), prompt, "") for one, prompt in pairs]) == expected


def test_a_question_stands_on_one_side_of_the_split_only(tiny_model: Any, tmp_path: Path) -> None:
    rows = [{"messages": [{"role": "user", "content": f"q{n % 20}"}], "expected": str(n)} for n in range(60)]
    path = tmp_path / "examples.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    split = load(path, Renderer(tiny_model.folder), validation=0.25, max_tokens=100, seed=1)
    assert len(split.held_out) == 15
    assert not {e.key for e in split.train} & {e.key for e in split.held_out}


def test_the_cache_file_of_another_size_is_not_trusted(open_run: Callable[..., lora.Run], tmp_path: Path) -> None:
    run = open_run()
    path = tmp_path / "prefix.f32"
    path.write_bytes(b"\xff" * 12)
    cache = PrefixCache(path, run.model, run.cache.examples, 100)
    loss, _ = forward(run.model, cache, [0], CPU)
    assert torch.isfinite(loss).all()
    assert functional.softmax(loss, -1).sum().item() == pytest.approx(len(loss), abs=1e-3)


@pytest.mark.parametrize(
    "change",
    [
        {"model_type": "gpt2"},
        {"attention_bias": True},
        {"rope_parameters": {"rope_type": "llama3"}},
        {"hidden_act": "gelu"},
    ],
)
def test_a_model_that_would_be_computed_wrongly_is_refused(tiny_model: Any, change: dict[str, Any]) -> None:
    config = json.loads((tiny_model.folder / "config.json").read_text())
    with pytest.raises(UnfitModel):
        Shape.of({**config, **change})


def test_an_incomplete_folder_is_refused(tmp_path: Path, tiny_model: Any) -> None:
    (tmp_path / "config.json").write_bytes((tiny_model.folder / "config.json").read_bytes())
    with pytest.raises(UnfitModel, match="not a complete Llama folder"):
        Llama.load(tmp_path, CPU)
