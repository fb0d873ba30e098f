"""Read the two tensor file formats we meet, without torch: safetensors whole, GGUF only its header.

Adapter files come from people, so every length and offset is checked before it is used.
"""

import json
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np
from numpy.typing import NDArray

MAX_HEADER: Final = 16 * 1024 * 1024

_STRING: Final = 8
_ARRAY: Final = 9
_SCALARS: Final[Mapping[int, str]] = {
    0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<?", 10: "<Q", 11: "<q", 12: "<d",
}  # fmt: skip


class BadTensorFile(ValueError):
    """The file is not what its name says; the message is fit for a person."""


def read_safetensors(path: Path) -> dict[str, NDArray[np.float32]]:
    """Every tensor of a safetensors file as float32. Raises BadTensorFile."""
    data = path.read_bytes()
    header, start = _safetensors_header(data)
    body = memoryview(data)[start:]
    return {name: _tensor(name, entry, body) for name, entry in header.items() if name != "__metadata__"}


def safetensors_tensors(path: Path) -> dict[str, NDArray[np.float32]]:
    """The float32 tensors of a file of our own, mapped: they are read as they are used. Raises BadTensorFile."""
    mapped = np.memmap(path, np.uint8, "r")
    header, start = _safetensors_header(mapped[: MAX_HEADER + 8].tobytes())
    return {
        name: mapped[start:][slice(*entry["data_offsets"])].view("<f4").reshape(entry["shape"])
        for name, entry in header.items()
        if name != "__metadata__"
    }


def _safetensors_header(data: bytes) -> tuple[dict[str, Any], int]:
    """The JSON header and the offset at which the tensors start."""
    if len(data) < 8:
        raise BadTensorFile("not a safetensors file: shorter than its own header")
    size = int(struct.unpack_from("<Q", data)[0])
    if size > min(MAX_HEADER, len(data) - 8):
        raise BadTensorFile("not a safetensors file: the header is longer than the file")
    try:
        header = json.loads(data[8 : 8 + size])
    except (ValueError, RecursionError) as error:
        raise BadTensorFile("not a safetensors file: the header is not JSON") from error
    if not isinstance(header, dict):
        raise BadTensorFile("not a safetensors file: the header is not an object")
    return header, 8 + size


def _tensor(name: str, entry: Any, body: memoryview) -> NDArray[np.float32]:
    """One tensor, its place and length checked against the file."""
    try:
        dtype, shape = entry["dtype"], tuple(int(n) for n in entry["shape"])
        begin, end = (int(n) for n in entry["data_offsets"])
    except (KeyError, TypeError, ValueError) as error:
        raise BadTensorFile(f"tensor {name!r} has no readable entry in the header") from error
    if not 0 <= begin <= end <= len(body) or min(shape, default=0) < 0:
        raise BadTensorFile(f"tensor {name!r} lies outside the file")
    values = _as_float32(name, dtype, body[begin:end])
    if values.size != int(np.prod(shape, dtype=np.int64)):
        raise BadTensorFile(f"tensor {name!r} has a length that does not fit its shape {list(shape)}")
    return values.reshape(shape)


def _as_float32(name: str, dtype: str, raw: memoryview) -> NDArray[np.float32]:
    try:
        if dtype == "BF16":  # the upper half of a float32
            return (np.frombuffer(raw, "<u2").astype(np.uint32) << 16).view(np.float32)
        if dtype in ("F32", "F16"):
            return np.frombuffer(raw, "<f4" if dtype == "F32" else "<f2").astype(np.float32)
    except ValueError as error:
        raise BadTensorFile(f"tensor {name!r} is cut off") from error
    raise BadTensorFile(f"tensor {name!r} has type {dtype}; F32, F16 and BF16 are known")


def read_gguf_header(path: Path) -> dict[str, Any]:
    """The scalar metadata of a GGUF file up to its first array (the vocabulary, which is long).

    llama.cpp's converters write the architecture's keys before the tokenizer's.
    """
    fields: dict[str, Any] = {}
    with path.open("rb") as file:
        if file.read(4) != b"GGUF":
            raise BadTensorFile(f"{path.name} is not a GGUF file")
        _version, _tensors, count = _unpack(file, "<IQQ")
        for _ in range(count):
            key = _gguf_string(file)
            kind = _unpack(file, "<I")[0]
            if kind == _ARRAY and not _skip_short_array(file):
                break
            if kind != _ARRAY:
                fields[key] = _gguf_value(file, kind)
    return fields


def _unpack(file: BinaryIO, form: str) -> tuple[Any, ...]:
    data = file.read(struct.calcsize(form))
    if len(data) != struct.calcsize(form):
        raise BadTensorFile("the GGUF file is cut off")
    return struct.unpack(form, data)


def _gguf_string(file: BinaryIO) -> str:
    size = _unpack(file, "<Q")[0]
    if size > MAX_HEADER:
        raise BadTensorFile("not a GGUF file: a name is longer than the header may be")
    return file.read(size).decode("utf-8", "replace")


def _gguf_value(file: BinaryIO, kind: int) -> Any:
    if kind == _STRING:
        return _gguf_string(file)
    if kind not in _SCALARS:
        raise BadTensorFile(f"unknown GGUF value type {kind}")
    return _unpack(file, _SCALARS[kind])[0]


def _skip_short_array(file: BinaryIO) -> bool:
    """Step over a small array (a list of languages, say); False at a long one."""
    kind, count = _unpack(file, "<IQ")
    if count > 256:
        return False
    for _ in range(count):
        _gguf_value(file, kind)
    return True
