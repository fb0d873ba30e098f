"""The recipe as a process: progress, kill and resume to the same bits, stop, refusal."""

import json
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from variorum.training.recipes import lora

MESSAGE = [{"role": "user", "content": "x"}]


def test_a_run_learns_and_tells_how(make_run: Callable[..., Any]) -> None:
    run = make_run(params={"epochs": 4})
    assert lora.main(run.path) == 0
    points, result = run.steps(), run.read("result.json")
    assert list(points) == list(range(result["steps"] + 1))
    assert points[0]["val_loss"] == result["held_out_before"]["val_loss"]
    assert result["held_out_best"]["val_loss"] < 0.5 * result["held_out_before"]["val_loss"]
    assert result["examples"] == {"trained": 48, "held_out": 12, "too_long": 0}
    assert result["steps"] == result["steps_planned"] == 24
    assert result["tokens"] == points[24]["tokens"] > result["label_tokens"] > 0
    assert [line["phase"] for line in run.lines() if "phase" in line] == ["loading", "measuring", "training", "saving"]
    assert run.read("adapter/adapter_config.json")["layers_to_transform"] == [1, 2]


def test_killed_twice_it_ends_with_the_same_bits(make_run: Callable[..., Any]) -> None:
    extra: dict[str, Any] = {
        "params": {"dropout": 0.1, "epochs": 4},
        "checkpoint_seconds": 0.05,
        "system": "Name the colour of the thing.",
    }
    straight, killed = make_run("straight", **extra), make_run("killed", **extra)
    assert lora.main(straight.path) == 0
    for step in (7, 15):
        process = killed.start()
        killed.wait_for_step(step, process)
        process.kill()
        process.wait()
        assert not (killed.path / "adapter").exists()
    with (killed.path / "progress.jsonl").open("a") as file:
        file.write('{"step": 16, "lo')  # as a kill in the middle of a write leaves it
    assert killed.start().wait(60) == 0
    torn = [line for line in (killed.path / "progress.jsonl").read_text().split("\n") if line and line[-1] != "}"]
    assert torn == ['{"step": 16, "lo']
    (killed.path / "progress.jsonl").write_text(
        (killed.path / "progress.jsonl").read_text().replace(torn[0] + "\n", "")
    )
    assert killed.steps() == straight.steps()
    assert killed.adapter() == straight.adapter()
    assert killed.read("result.json")["starts"] == 3
    assert killed.read("result.json")["tokens"] == straight.read("result.json")["tokens"]


def test_sigterm_saves_and_the_next_start_goes_on(make_run: Callable[..., Any]) -> None:
    run, straight = make_run("stopped"), make_run("straight")
    process = run.start()
    run.wait_for_step(3, process)
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == lora.STOPPED
    assert lora.main(run.path) == 0
    resumed = next(line for line in run.lines() if line.get("phase") == "resumed")
    assert resumed["step"] >= 3
    assert lora.main(straight.path) == 0
    assert run.adapter() == straight.adapter()


def test_a_finished_run_may_be_started_again(make_run: Callable[..., Any]) -> None:
    run = make_run()
    assert lora.main(run.path) == 0
    before = run.adapter()
    assert lora.main(run.path) == 0
    assert run.adapter() == before


def test_a_checkpoint_of_other_data_is_refused(make_run: Callable[..., Any]) -> None:
    run = make_run(checkpoint_seconds=0)
    assert lora.main(run.path) == 0
    with (run.path / "examples.jsonl").open("a") as file:
        file.write(json.dumps({"messages": MESSAGE, "expected": "y"}) + "\n")
    assert lora.main(run.path) == 1
    assert "other data" in run.read("error.json")["message"]


def test_early_stopping_keeps_the_best(make_run: Callable[..., Any]) -> None:
    run = make_run(params={"epochs": 30, "learning_rate": 0.1, "patience": 2, "evaluations": 90, "warmup": 0})
    assert lora.main(run.path) == 0
    result, points = run.read("result.json"), run.steps()
    assert result["stopped_early"] is True
    assert result["held_out_best"]["val_loss"] == min(p["val_loss"] for s, p in points.items() if s and "val_loss" in p)


def test_nothing_held_out_gives_the_last_weights(make_run: Callable[..., Any]) -> None:
    run = make_run(params={"validation": 0, "epochs": 1})
    assert lora.main(run.path) == 0
    assert run.read("result.json")["held_out_best"] is None
    assert run.adapter()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"params": {"rank": 0}}, "rank: must be a whole number"),
        ({"params": {"max_tokens": 8}}, "none of the 60 examples fits into 8 tokens"),
    ],
)
def test_what_cannot_be_trained_is_told_in_words(make_run: Callable[..., Any], change: Any, words: str) -> None:
    run = make_run(**change)
    assert lora.main(run.path) == 1
    assert words in run.read("error.json")["message"]
    assert not (run.path / "adapter").exists()


def test_a_loss_that_is_no_number_ends_the_run(make_run: Callable[..., Any], tiny_model: Any, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    folder = shutil.copytree(tiny_model.folder, tmp_path / "broken")
    tensors = load_file(folder / "model.safetensors")
    tensors["model.norm.weight"][0] = float("inf")
    save_file(tensors, folder / "model.safetensors")
    run = make_run(base_model=str(folder))
    assert lora.main(run.path) == 1
    assert "smaller learning rate" in run.read("error.json")["message"]


def test_a_run_ends_when_its_parent_is_another(make_run: Callable[..., Any]) -> None:
    run = make_run(parent=1)
    with pytest.raises(SystemExit, match="already ended"):
        lora.main(run.path)
