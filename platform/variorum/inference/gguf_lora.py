"""A LoRA adapter in PEFT's layout becomes a GGUF file that llama.cpp can apply per request."""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from variorum.inference.tensors import BadTensorFile, read_gguf_header, read_safetensors

# PEFT's name of a Llama-like layer's linear module -> llama.cpp's.
MODULES: Final[Mapping[str, str]] = {
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}
_NAME: Final = re.compile(r"^base_model\.model\.model\.layers\.(\d+)\.(.+)\.lora_([AB])\.weight$")
_UNSUPPORTED: Final = ("use_dora", "modules_to_save", "rank_pattern", "alpha_pattern", "trainable_token_indices")


class BadAdapter(ValueError):
    """The adapter cannot be served on this base; the message is fit for a person."""


@dataclass(frozen=True)
class Base:
    """What must be known of the base model: its architecture and shape."""

    architecture: str
    layers: int
    width: int
    hidden: int
    heads: int
    kv_heads: int
    head_width: int

    @classmethod
    def of(cls, gguf: Path) -> "Base":
        """Read it from the header of the base model's GGUF file."""
        fields = read_gguf_header(gguf)
        arch = str(fields["general.architecture"])
        if arch != "llama":
            raise BadAdapter(f"adapters are served on Llama models, not on {arch}")
        heads, width = int(fields[f"{arch}.attention.head_count"]), int(fields[f"{arch}.embedding_length"])
        return cls(
            architecture=arch,
            layers=int(fields[f"{arch}.block_count"]),
            width=width,
            hidden=int(fields[f"{arch}.feed_forward_length"]),
            heads=heads,
            kv_heads=int(fields.get(f"{arch}.attention.head_count_kv", heads)),
            head_width=int(fields.get(f"{arch}.attention.key_length", width // heads)),
        )

    def shape(self, module: str) -> tuple[int, int]:
        """(outputs, inputs) of a module, by llama.cpp's name."""
        attention, cross = self.heads * self.head_width, self.kv_heads * self.head_width
        return {
            "attn_q": (attention, self.width),
            "attn_k": (cross, self.width),
            "attn_v": (cross, self.width),
            "attn_output": (self.width, attention),
            "ffn_gate": (self.hidden, self.width),
            "ffn_up": (self.hidden, self.width),
            "ffn_down": (self.width, self.hidden),
        }[module]


def export(adapter_dir: Path, base_gguf: Path, target: Path) -> None:
    """Write `target` (GGUF) from a PEFT folder; atomic. Raises BadAdapter, names what is wrong."""
    base = Base.of(base_gguf)
    config = read_config(adapter_dir / "adapter_config.json")
    try:
        tensors = read_safetensors(adapter_dir / "adapter_model.safetensors")
    except BadTensorFile as error:
        raise BadAdapter(f"adapter_model.safetensors: {error}") from error
    renamed = {new: value for name, value in tensors.items() for new, value in [_rename(name, value, base)]}
    _check_pairs(renamed)
    temporary = target.with_name(f".{target.name}.{os.getpid()}")
    _write(temporary, base.architecture, alpha_of(config), renamed)
    temporary.replace(target)


def read_config(path: Path) -> dict[str, Any]:
    """adapter_config.json, held to plain LoRA."""
    try:
        config = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise BadAdapter("adapter_config.json is missing or not JSON") from error
    if not isinstance(config, dict) or config.get("peft_type") != "LORA":
        raise BadAdapter("adapter_config.json: only peft_type LORA is served")
    for key in _UNSUPPORTED:
        if config.get(key):
            raise BadAdapter(f"adapter_config.json: {key} is not served")
    return config


def alpha_of(config: Mapping[str, Any]) -> float:
    """llama.cpp scales by alpha / r; rank-stabilised LoRA means alpha / sqrt(r)."""
    try:
        alpha, rank = float(config["lora_alpha"]), int(config["r"])
    except (KeyError, TypeError, ValueError) as error:
        raise BadAdapter("adapter_config.json: lora_alpha and r must be numbers") from error
    return alpha * rank**0.5 if config.get("use_rslora") else alpha


def _rename(name: str, value: NDArray[np.float32], base: Base) -> tuple[str, NDArray[np.float32]]:
    """The tensor under llama.cpp's name, its shape checked, in llama.cpp's rotary order."""
    found = _NAME.match(name)
    if found is None or found[2] not in MODULES:
        raise BadAdapter(f"tensor {name!r} belongs to no layer that can be served")
    module, side = MODULES[found[2]], found[3]
    outputs, inputs = base.shape(module)
    size = value.shape[1 if side == "A" else 0] if value.ndim == 2 else -1
    if int(found[1]) >= base.layers or size != (inputs if side == "A" else outputs):
        raise BadAdapter(f"tensor {name!r} with shape {list(value.shape)} does not fit the base model")
    if side == "B" and module in ("attn_q", "attn_k"):
        value = rotary_order(value, base.heads if module == "attn_q" else base.kv_heads)
    return f"blk.{found[1]}.{module}.weight.lora_{side.lower()}", value


def rotary_order(rows: NDArray[np.float32], heads: int) -> NDArray[np.float32]:
    """transformers keeps the two halves of a head apart, llama.cpp interleaves them."""
    return rows.reshape(heads, 2, rows.shape[0] // heads // 2, rows.shape[1]).swapaxes(1, 2).reshape(rows.shape)


def _check_pairs(tensors: Mapping[str, NDArray[np.float32]]) -> None:
    if not tensors:
        raise BadAdapter("adapter_model.safetensors holds no LoRA tensor")
    for name, value in tensors.items():
        other = tensors.get(name[:-1] + ("b" if name.endswith("a") else "a"))
        first, second = (value, other) if name.endswith("a") else (other, value)
        if first is None or second is None or first.shape[0] != second.shape[1]:
            raise BadAdapter(f"{name} has no partner of the same rank")


def _write(path: Path, architecture: str, alpha: float, tensors: Mapping[str, NDArray[np.float32]]) -> None:
    from gguf import GGUFWriter  # noqa: PLC0415 - half a second that only an export needs

    writer = GGUFWriter(path, architecture)
    writer.add_type("adapter")
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", alpha)
    for name, value in tensors.items():
        writer.add_tensor(name, np.ascontiguousarray(value))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
