"""The adapter in PEFT's layout: adapter_config.json and adapter_model.safetensors."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import torch
from safetensors.torch import load_file, save
from torch import Tensor

from variorum.training.recipes.config import LoraConfig
from variorum.training.recipes.llama import Llama, Projection


def projections(model: Llama) -> Iterator[tuple[str, Projection]]:
    """The adapted projections with the prefix of their layer, from the input to the output."""
    for number, layer in enumerate(model.layers):
        for projection in layer.projections():
            if projection.adapted:
                yield f"base_model.model.model.layers.{number}.", projection


def tensors(model: Llama) -> dict[str, Tensor]:
    """PEFT's name -> float32 tensor on the CPU."""
    found: dict[str, Tensor] = {}
    for prefix, projection in projections(model):
        parts = projection.a.detach().chunk(len(projection.adapted)) if projection.a is not None else ()
        for name, a, bt in zip(projection.adapted, parts, projection.bt, strict=True):
            found[f"{prefix}{name}.lora_A.weight"] = a.cpu().clone()
            found[f"{prefix}{name}.lora_B.weight"] = bt.detach().cpu().T.contiguous()
    return found


class OtherShape(ValueError):
    """The adapter does not fit the model as it is to be trained; the message says in what."""


def go_on_from(model: Llama, folder: Path) -> None:
    """Put an adapter's weights into an adapted model. Raises OtherShape when ranks, layers or modules differ."""
    given = load_file(folder / "adapter_model.safetensors")
    wanted = tensors(model)
    if {name: t.shape for name, t in given.items()} != {name: t.shape for name, t in wanted.items()}:
        text = "the adapter to go on from has another rank, other layers or other modules; use its own parameters"
        raise OtherShape(text)
    with torch.no_grad():
        for prefix, projection in projections(model):
            if projection.a is None:
                continue
            a = [given[f"{prefix}{name}.lora_A.weight"] for name in projection.adapted]
            projection.a.copy_(torch.cat(a).to(projection.a))
            for name, bt in zip(projection.adapted, projection.bt, strict=True):
                bt.copy_(given[f"{prefix}{name}.lora_B.weight"].T.to(bt))


def config_json(model: Llama, config: LoraConfig, base_id: str) -> dict[str, object]:
    """adapter_config.json as peft reads it."""
    first = model.first_adapted
    return {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "base_model_name_or_path": base_id,
        "r": config.rank,
        "lora_alpha": config.alpha,
        "lora_dropout": config.dropout,
        "bias": "none",
        "fan_in_fan_out": False,
        "inference_mode": True,
        "target_modules": list(config.targets),
        "layers_to_transform": list(range(first, model.shape.layers)) if first else None,
        "layers_pattern": "layers" if first else None,
    }


def write(folder: Path, weights: dict[str, Tensor], config: dict[str, object]) -> None:
    """Both files, each atomically."""
    folder.mkdir(exist_ok=True)
    replace(folder / "adapter_model.safetensors", save(weights, metadata={"format": "pt"}))
    replace(folder / "adapter_config.json", (json.dumps(config, indent=2) + "\n").encode())


def replace(path: Path, data: bytes) -> None:
    """Write a file so that a crash leaves the old or the new one, never a part."""
    temporary = path.with_name(f".{path.name}.new")
    with temporary.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
