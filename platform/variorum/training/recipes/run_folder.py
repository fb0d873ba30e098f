"""The folder of one run: spec.json and examples.jsonl come in; progress, checkpoints, adapter and result go out."""

import contextlib
import ctypes
import dataclasses
import fcntl
import hashlib
import io
import json
import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

import torch

from variorum.training.recipes.config import LoraConfig
from variorum.training.recipes.peft_files import replace

_PR_SET_PDEATHSIG: Final = 1


class Failed(Exception):
    """The run cannot go on, and trying again will not help; the message is fit for a person."""


@dataclass(frozen=True, kw_only=True)
class Spec:
    """spec.json: what to train, and how much of the machine to use."""

    base_model: str  # a folder as base_model.py writes it
    start_from: str = ""  # a folder with an adapter of the same shape to go on from; empty: fresh weights
    params: LoraConfig
    threads: int = 1
    device: str = "auto"  # auto, cpu or cuda
    checkpoint_seconds: float = 20.0
    micro_batch_tokens: int = 1024  # bounds memory; changes no result but in the last bits
    cache_mb: int = 2048  # for the frozen layers' values, on disk; 0 = compute them each time
    parent: int = 0  # end when this process has ended

    @classmethod
    def read(cls, folder: Path) -> "Spec":
        """Raises ConfigError for bad parameters and TypeError for unknown names."""
        values = json.loads((folder / "spec.json").read_text())
        return cls(**{**values, "params": LoraConfig.from_dict(values["params"])})

    def identity(self, folder: Path) -> str:
        """What must be the same for a checkpoint to be continued: data, base and everything that shapes the numbers."""
        manifest = Path(self.base_model) / "manifest.json"
        shaping = dataclasses.asdict(dataclasses.replace(self, parent=0, checkpoint_seconds=0))
        digest = hashlib.sha256(json.dumps(shaping, sort_keys=True).encode())
        if self.start_from:
            digest.update((Path(self.start_from) / "adapter_model.safetensors").read_bytes())
        digest.update(manifest.read_bytes())
        digest.update((folder / "examples.jsonl").read_bytes())
        return digest.hexdigest()


class RunFolder(contextlib.AbstractContextManager["RunFolder"]):
    """Files of a run. Only one process works in a folder: a second one waits until the first has ended."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = (path / "lock").open("a")
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        self._progress: IO[str] | None = None

    def __exit__(self, *_: object) -> None:
        self._lock.close()
        if self._progress:
            self._progress.close()

    def say(self, **line: object) -> None:
        """Append a line to progress.jsonl. A line cut off by a crash is ended first."""
        if self._progress is None:
            path = self.path / "progress.jsonl"
            torn = path.is_file() and not path.read_bytes().endswith(b"\n") and path.stat().st_size > 0
            self._progress = path.open("a", encoding="utf-8")
            self._progress.write("\n" if torn else "")
        self._progress.write(json.dumps(line) + "\n")
        self._progress.flush()

    def save_checkpoint(self, state: Mapping[str, Any]) -> None:
        """Atomic and durable."""
        buffer = io.BytesIO()
        torch.save(dict(state), buffer)
        replace(self.path / "checkpoint.pt", buffer.getvalue())

    def checkpoint(self, identity: str) -> dict[str, Any] | None:
        """The last checkpoint, None at a first start. Raises Failed when it belongs to other data or settings."""
        path = self.path / "checkpoint.pt"
        if not path.is_file():
            return None
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        if state["identity"] != identity:
            raise Failed("the checkpoint belongs to other data, parameters or base weights; start a new fine-tune")
        return state

    def write_json(self, name: str, value: object) -> None:
        replace(self.path / name, (json.dumps(value, indent=2) + "\n").encode())


def die_with(parent: int) -> None:
    """Let the kernel kill this process when the one that started it is gone."""
    if parent and sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            raise SystemExit("the parent process has already ended")
