"""Texts of logs, packed: some dozens of one project and day compressed together, out of the table that lists scan.

Neighbours resemble each other (the same prompt, the same documents), so that together they take less room than each
alone, and the database stores one row where it would store thirty-two.
"""

import json
import threading
from collections.abc import Iterator, Sequence
from typing import Any, TypedDict

import zstandard

from evals.metrics.verdicts import as_text

PACK_LOGS = 32
PACK_BYTES = 128_000
_local = threading.local()


class Texts(TypedDict, total=False):
    """What a log holds beside its hot columns. Absent members were not given."""

    input: dict[str, Any]
    output: Any
    error: str
    reference: str
    metadata: dict[str, Any]


def packs(texts: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    """Cut JSON texts into runs of at most PACK_LOGS and, but for a single large one, PACK_BYTES."""
    start = size = 0
    for place, text in enumerate(texts):
        if place > start and (place - start == PACK_LOGS or size + len(text) > PACK_BYTES):
            yield texts[start:place]
            start, size = place, 0
        size += len(text)
    if start < len(texts):
        yield texts[start:]


def pack(texts: Sequence[bytes]) -> bytes:
    """Compress JSON objects as one JSON list."""
    if not hasattr(_local, "compressor"):
        _local.compressor = zstandard.ZstdCompressor(level=3)
    packed: bytes = _local.compressor.compress(b"[" + b",".join(texts) + b"]")
    return packed


def inflate(body: bytes | memoryview) -> bytes:
    """A pack as the JSON list that it is."""
    if not hasattr(_local, "decompressor"):
        _local.decompressor = zstandard.ZstdDecompressor()
    raw: bytes = _local.decompressor.decompress(bytes(body))
    return raw


def unpack(body: bytes | memoryview) -> list[Texts]:
    """The texts of a pack, in their order."""
    found: list[Texts] = json.loads(inflate(body))
    return found


def asked(texts: Texts) -> str:
    """The last message that the model was given, or the text, or the variables."""
    given = texts.get("input") or {}
    if messages := given.get("messages"):
        return as_text({"content": messages[-1].get("content") or ""})
    if text := given.get("text"):
        return str(text)
    return as_text(given["variables"]) if given.get("variables") else ""


def answered(texts: Texts) -> str:
    """The output as a text; the error when there was none."""
    output = texts.get("output")
    return as_text({"output": output}) if output is not None else texts.get("error", "")
