"""The head of a safetensors file, read without the tensors (github.com/huggingface/safetensors, "Format")."""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from variorum_client.formats.problems import refuse

LENGTH_BYTES = 8
MAX_HEADER = 16 * 1024 * 1024  # the format allows 100 MB; an adapter's head has some kilobytes
BITS = {
    **dict.fromkeys(("F64", "I64", "U64", "C64"), 64),
    **dict.fromkeys(("F32", "I32", "U32"), 32),
    **dict.fromkeys(("F16", "BF16", "I16", "U16"), 16),
    **dict.fromkeys(("I8", "U8", "BOOL", "F8_E5M2", "F8_E4M3", "F8_E5M2FNUZ", "F8_E4M3FNUZ", "F8_E8M0"), 8),
    **dict.fromkeys(("F6_E2M3", "F6_E3M2"), 6),
    "F4": 4,
}
# What a file that is no safetensors file begins with, and what to say of it.
FOREIGN = (
    (b"PK\x03\x04", "a zip archive, as PyTorch's pickled checkpoints (.bin, .pt) are"),
    (b"\x80\x02", "a Python pickle"),
    (b"\x80\x03", "a Python pickle"),
    (b"\x80\x04", "a Python pickle"),
    (b"\x80\x05", "a Python pickle"),
    (b"GGUF", "a GGUF file"),
    (b"\x89HDF", "an HDF5 file"),
    (b"\x93NUMPY", "a NumPy array"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"version https://git-lfs", "a Git LFS pointer instead of the file that it stands for"),
)
_LORA = re.compile(r"(?:base_model\.model\.)?(?P<module>.+)\.lora_(?P<side>[AB])(?:\.\w+)?\.weight")


@dataclass(frozen=True, slots=True)
class Tensor:
    """One tensor: its type by the format's own name, and its shape."""

    dtype: str
    shape: tuple[int, ...]


def header_size(start: bytes, size: int, path: str = "") -> int:
    """Bytes of the head (with its length field) of a file of `size` bytes that begins with `start` (16 bytes do).

    Raises FormatError for anything that is no safetensors file.
    """
    for magic, what in FOREIGN:
        if start.startswith(magic):
            text = f"This is {what}. Weights must be safetensors, which cannot hold code: save them as .safetensors."
            raise refuse(path, "not_safetensors", text)
    if len(start) < LENGTH_BYTES + 1 or size <= LENGTH_BYTES:
        raise refuse(path, "truncated_weights", f"The file ends after {size} bytes: it is no whole safetensors file.")
    length = int.from_bytes(start[:LENGTH_BYTES], "little")
    if start[LENGTH_BYTES : LENGTH_BYTES + 1] != b"{" or length > 100_000_000:
        raise refuse(path, "not_safetensors", "This is no safetensors file: it does not begin with a header.")
    if length > MAX_HEADER:
        raise refuse(path, "bad_weights", f"The header has {length:,} bytes; at most {MAX_HEADER:,} are read.")
    if LENGTH_BYTES + length > size:
        text = f"The header is said to have {length:,} bytes, the file has {size:,}: it was cut off."
        raise refuse(path, "truncated_weights", text)
    return LENGTH_BYTES + length


def parse_header(head: bytes, size: int, path: str = "") -> dict[str, Tensor]:
    """Name -> tensor of a file of `size` bytes that begins with `head` (header_size bytes).

    Every byte behind the head belongs to exactly one tensor, whose type and shape give its length. Raises FormatError.
    """
    try:
        data = json.loads(head[LENGTH_BYTES:].decode(), object_pairs_hook=_unique)
    except (ValueError, RecursionError):
        raise refuse(path, "bad_weights", "The header of the weights is no JSON with each name once.") from None
    if not isinstance(data, dict):
        raise refuse(path, "bad_weights", "The header of the weights is no JSON object.")
    metadata = data.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        raise refuse(path, "bad_weights", "The header's __metadata__ must hold texts only.")
    spans = sorted(_span(name, entry, path) for name, entry in data.items())
    _check_spans(spans, size - len(head), path)
    return {name: Tensor(str(entry["dtype"]), tuple(entry["shape"])) for name, entry in data.items()}


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name comes twice")
    return found


def _span(name: str, entry: Any, path: str) -> tuple[int, int, str]:
    """(begin, end, name) of a tensor whose own statements agree."""
    if not isinstance(entry, dict) or set(entry) != {"dtype", "shape", "data_offsets"}:
        raise _lying(path, name, "needs exactly dtype, shape and data_offsets")
    bits, shape, offsets = BITS.get(str(entry["dtype"])), entry["shape"], entry["data_offsets"]
    if bits is None:
        raise _lying(path, name, f"has the unknown type {str(entry['dtype'])[:20]!r}")
    if not _sizes(shape) or len(shape) > 16:
        raise _lying(path, name, "has no shape of whole numbers")
    if not _sizes(offsets) or len(offsets) != 2 or offsets[0] > offsets[1]:
        raise _lying(path, name, "has no usable data_offsets")
    needed = math.prod(shape) * bits
    if needed % 8 or needed // 8 != offsets[1] - offsets[0]:
        text = f"is {entry['dtype']} of shape {shape}, which takes {needed / 8:,.0f} bytes, not the "
        raise _lying(path, name, f"{text}{offsets[1] - offsets[0]:,} that its offsets give it")
    return offsets[0], offsets[1], name


def _sizes(value: Any) -> bool:
    return isinstance(value, list) and all(type(one) is int and 0 <= one < 2**53 for one in value)


def _check_spans(spans: list[tuple[int, int, str]], data_bytes: int, path: str) -> None:
    at = 0
    for begin, end, name in spans:
        if begin < at:
            raise _lying(path, name, "overlaps the one before it")
        if begin > at:
            raise _lying(path, name, f"leaves {begin - at:,} bytes before it that belong to nothing")
        at = end
    if at > data_bytes:
        text = (
            f"The tensors take {at:,} bytes, but only {max(data_bytes, 0):,} follow the header: the file was cut off."
        )
        raise refuse(path, "truncated_weights", text)
    if at < data_bytes:
        raise refuse(path, "bad_weights", f"{data_bytes - at:,} bytes behind the last tensor belong to nothing.")


def _lying(path: str, name: str, what: str) -> Exception:
    return refuse(path, "bad_weights", f"The tensor {name[:100]!r} {what}.")


@dataclass(frozen=True, slots=True)
class Lora:
    """What the tensors of a LoRA adapter say: by module path (`model.layers.3.self_attn.q_proj`) its sizes."""

    ranks: Mapping[str, int]
    inputs: Mapping[str, int]
    outputs: Mapping[str, int]


def lora_of(tensors: Mapping[str, Tensor]) -> Lora:
    """The pairs of A (rank × inputs) and B (outputs × rank) among the tensors; others are left out."""
    found: dict[str, dict[str, tuple[int, ...]]] = {}
    for name, tensor in tensors.items():
        match = _LORA.fullmatch(name)
        if match and len(tensor.shape) == 2:
            found.setdefault(match["module"], {})[match["side"]] = tensor.shape
    pairs = {module: sides for module, sides in found.items() if len(sides) == 2}
    return Lora(
        {module: sides["A"][0] for module, sides in pairs.items() if sides["A"][0] == sides["B"][1]},
        {module: sides["A"][1] for module, sides in pairs.items()},
        {module: sides["B"][0] for module, sides in pairs.items()},
    )
