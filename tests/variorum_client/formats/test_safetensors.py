"""The head of a safetensors file: what is sound is read, what lies is refused, never anything else than FormatError."""

import struct

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors import SafetensorError, safe_open

from tests.weights import lora, pack, safetensors
from variorum_client.formats import FormatError
from variorum_client.formats.safetensors import Tensor, header_size, lora_of, parse_header

GOOD = lora(rank=4, width=16)


def read(data: bytes) -> dict[str, Tensor]:
    return parse_header(data[: header_size(data[:16], len(data))], len(data))


def refused(data: bytes) -> str:
    with pytest.raises(FormatError) as caught:
        read(data)
    return caught.value.problems[0].code


def test_a_sound_file_says_what_it_holds() -> None:
    found = lora_of(read(GOOD))
    module = "model.layers.0.self_attn.q_proj"
    assert (found.ranks, found.inputs, found.outputs) == ({module: 4}, {module: 16}, {module: 16})


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"PK\x03\x04" + b"0" * 100, "not_safetensors"),
        (b"\x80\x02}q\x00." + b"0" * 100, "not_safetensors"),
        (b"\x80\x04\x95" + b"0" * 100, "not_safetensors"),
        (b"GGUF" + b"0" * 100, "not_safetensors"),
        (b"weights" * 100, "not_safetensors"),
        (b"", "truncated_weights"),
        (GOOD[:5], "truncated_weights"),
        (GOOD[:100], "truncated_weights"),
        (GOOD[:-1], "truncated_weights"),
        (GOOD + b"\0", "bad_weights"),
        (struct.pack("<Q", 2**63) + GOOD[8:], "not_safetensors"),
        (pack({"a": {"dtype": "F32", "shape": [4], "data_offsets": [0, 12]}}, b"\0" * 12), "bad_weights"),
        (pack({"a": {"dtype": "F32", "shape": [-1], "data_offsets": [0, 4]}}, b"\0" * 4), "bad_weights"),
        (pack({"a": {"dtype": "code", "shape": [1], "data_offsets": [0, 4]}}, b"\0" * 4), "bad_weights"),
        (pack({"a": {"dtype": "F32", "shape": [1], "data_offsets": [4, 8]}}, b"\0" * 8), "bad_weights"),
        (pack({n: {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]} for n in "ab"}, b"\0" * 4), "bad_weights"),
        (pack({"a": [], "b": 3}, b""), "bad_weights"),
        (pack({"__metadata__": {"n": 3}}, b""), "bad_weights"),  # type: ignore[dict-item]
    ],
)
def test_what_lies_is_refused(data: bytes, code: str) -> None:
    assert refused(data) == code


@given(st.binary(max_size=200), st.integers(0, 400))
def test_no_bytes_break_it(noise: bytes, at: int) -> None:
    data = GOOD[:at] + noise + GOOD[at + len(noise) :]
    try:
        read(data)
    except FormatError:
        return


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(shapes=st.dictionaries(st.text("abc.", min_size=1, max_size=5), st.tuples(st.integers(0, 4), st.integers(0, 4))))
def test_whatever_the_library_opens_is_sound(shapes: dict[str, tuple[int, int]], tmp_path) -> None:
    data = safetensors(shapes)
    path = tmp_path / "one.safetensors"
    path.write_bytes(data)
    try:
        with safe_open(path, "np") as file:
            theirs = {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118
    except SafetensorError:
        assert refused(data)
    else:
        assert {name: tensor.shape for name, tensor in read(data).items()} == theirs
