"""Files of people are read with care: every length is checked."""

import contextlib
import json
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from variorum.inference.tensors import BadTensorFile, read_gguf_header, read_safetensors


def safetensors(header: object, body: bytes = b"") -> bytes:
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + body


def test_the_three_float_types_come_back_as_float32(tmp_path: Path) -> None:
    from safetensors.torch import save_file
    from torch import bfloat16, float16, float32, tensor

    path = tmp_path / "x.safetensors"
    save_file({str(t): tensor([[1.5, -2.0]], dtype=t) for t in (float32, float16, bfloat16)}, path)
    read = read_safetensors(path)
    assert set(read) == {"torch.float32", "torch.float16", "torch.bfloat16"}
    assert all(value.tolist() == [[1.5, -2.0]] for value in read.values())
    assert all(value.dtype == np.float32 for value in read_safetensors(path).values())


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff" * 8,
        struct.pack("<Q", 3) + b"not",
        safetensors([]),
        safetensors({"a": 1}),
        safetensors({"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}),
        safetensors({"a": {"dtype": "F32", "shape": [-1], "data_offsets": [0, 4]}}, b"1234"),
        safetensors({"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 4]}}, b"1234"),
        safetensors({"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 3]}}, b"1234"),
        safetensors({"a": {"dtype": "I64", "shape": [1], "data_offsets": [0, 8]}}, b"12345678"),
        struct.pack("<Q", 20000) + b"[" * 20000,
    ],
)
def test_a_bad_safetensors_file_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "x.safetensors"
    path.write_bytes(data)
    with pytest.raises(BadTensorFile):
        read_safetensors(path)


@settings(
    max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None
)
@given(data=st.binary(max_size=200))
def test_no_bytes_raise_anything_else(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "x"
    for start in (b"", b"GGUF\3\0\0\0", struct.pack("<Q", 40)):
        path.write_bytes(start + data)
        for read in (read_safetensors, read_gguf_header):
            with contextlib.suppress(BadTensorFile):
                read(path)  # type: ignore[operator]
