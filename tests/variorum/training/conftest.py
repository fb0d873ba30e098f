"""Runs of the LoRA recipe on the tiny model."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

COLOURS = ["red", "blue", "green"]
PARAMS = {"rank": 4, "top_layers": 2, "epochs": 3, "batch_size": 8, "learning_rate": 0.02, "validation": 0.2}


@dataclass
class RunHelper:
    """A run folder, its process, and what it has written."""

    path: Path

    def start(self) -> subprocess.Popen[bytes]:
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        return subprocess.Popen([sys.executable, "-m", "variorum.training.recipes.lora", self.path], env=environment)

    def lines(self) -> list[dict[str, Any]]:
        """Every whole line of progress.jsonl."""
        path = self.path / "progress.jsonl"
        texts = path.read_text().split("\n")[:-1] if path.is_file() else []
        return [json.loads(text) for text in texts]

    def steps(self) -> dict[int, dict[str, Any]]:
        """The last line of each step, as the supervisor upserts them, without the times."""
        points = [line for line in self.lines() if "tokens" in line]
        return {line["step"]: {k: v for k, v in line.items() if k != "seconds"} for line in points}

    def wait_for_step(self, step: int, process: subprocess.Popen[bytes]) -> None:
        """Until that step is written."""
        deadline = time.monotonic() + 60
        while max(self.steps(), default=0) < step:
            assert process.poll() is None, "the run has ended too early"
            assert time.monotonic() < deadline, "the run does not get there"
            time.sleep(0.005)

    def read(self, name: str) -> Any:
        return json.loads((self.path / name).read_text())

    def adapter(self) -> bytes:
        return (self.path / "adapter" / "adapter_model.safetensors").read_bytes()


@pytest.fixture
def make_run(tiny_model: Any, tmp_path: Path) -> Callable[..., RunHelper]:
    """make_run("a", params={...}, rows=..., system="all begin with this", **spec) -> a folder ready to start."""

    def make(
        name: str = "run", *, params: dict[str, Any] | None = None, rows: int = 60, system: str = "", **spec: Any
    ) -> RunHelper:
        folder = tmp_path / name
        folder.mkdir()
        content = {"base_model": str(tiny_model.folder), "params": {**PARAMS, **(params or {})}, **spec}
        (folder / "spec.json").write_text(json.dumps(content))
        (folder / "examples.jsonl").write_text("".join(json.dumps(example(n, system)) + "\n" for n in range(rows)))
        return RunHelper(folder)

    return make


def example(number: int, system: str = "") -> dict[str, Any]:
    """A question whose answer is the colour that it names; the questions have many lengths."""
    first = [{"role": "system", "content": system}] if system else []
    colour = COLOURS[number % 3]
    text = f"{'so ' * (number % 5)}the {colour} thing number {number}"
    return {"messages": [*first, {"role": "user", "content": text}], "expected": colour}
