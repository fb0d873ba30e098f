"""Small safetensors files for tests, and ways to spoil them."""

import json
import math
import struct
from typing import Any


def pack(header: dict[str, Any], data: bytes) -> bytes:
    """A file with this header, whether it tells the truth or not."""
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def safetensors(shapes: dict[str, tuple[int, ...]], fill: bytes = b"\0") -> bytes:
    """A sound file of F32 tensors with these shapes, every byte of them `fill`."""
    header, at = {}, 0
    for name, shape in shapes.items():
        size = 4 * math.prod(shape)
        header[name] = {"dtype": "F32", "shape": list(shape), "data_offsets": [at, at + size]}
        at += size
    return pack(header, fill * at)


def lora(rank: int = 8, fill: bytes = b"\0", *, width: int = 16, module: str = "self_attn.q_proj") -> bytes:
    """The weights of an adapter of one module of one layer."""
    name = f"base_model.model.model.layers.0.{module}"
    return safetensors({f"{name}.lora_A.weight": (rank, width), f"{name}.lora_B.weight": (width, rank)}, fill)
