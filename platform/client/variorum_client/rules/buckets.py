"""Who falls into which bucket: the hashes that a rule may name.

flagd changed its hash twice, and each change moved people between arms. A rule therefore names the hash that it
was made with, in `metadata.hash`, and keeps it for life. All three take MurmurHash3 x86 32 with seed 0
(Austin Appleby's public-domain algorithm) of the bucketing value and differ in what is hashed and how the hash is cut:

    murmur3-cbor      canonical CBOR of the value; (hash * total) >> 32    flagd core 2.0, the default
    murmur3-utf8      the text in UTF-8;           (hash * total) >> 32
    murmur3-percent   the text in UTF-8;           |hash as int32| / (2^31 - 1) as a share    flagd until 2025
"""

import math
import struct
from collections.abc import Callable
from typing import Any

from mmh3 import hash as murmur3

Bucket = Callable[[Any, int], int | None]  # value and total weight -> 0 ... total-1, or None for a value with no hash
DEFAULT_HASH = "murmur3-cbor"


_TEXT_HEADS = tuple(bytes((0x60 + size,)) if size < 24 else bytes((0x78, size)) for size in range(256))


def _by_cbor(value: Any, total: int) -> int | None:
    if value is None:
        return None
    if type(value) is str and len(value) < 256 and value.isascii():  # nearly every key
        return (murmur3(_TEXT_HEADS[len(value)] + value.encode(), 0, False) * total) >> 32
    try:
        return (murmur3(cbor(value), 0, False) * total) >> 32
    except (TypeError, UnicodeEncodeError, RecursionError):
        return None


def _by_utf8(value: Any, total: int) -> int | None:
    text = _joined(value)
    return None if text is None else (murmur3(text, 0, False) * total) >> 32


def _by_percent(value: Any, total: int) -> int | None:
    text = _joined(value)
    if text is None:
        return None
    share = min(abs(murmur3(text, 0, True)) / 0x7FFFFFFF, 1.0)
    return min(int(share * total), total - 1)


def _joined(value: Any) -> bytes | None:
    """Text as bytes; a list (rule and targeting key, the short form) is put together."""
    text = "".join(value) if isinstance(value, list) and all(isinstance(one, str) for one in value) else value
    if not isinstance(text, str):
        return None
    try:
        return text.encode()
    except UnicodeEncodeError:  # half a surrogate pair
        return None


HASHES: dict[str, Bucket] = {"murmur3-cbor": _by_cbor, "murmur3-utf8": _by_utf8, "murmur3-percent": _by_percent}


def cbor(value: Any) -> bytes:
    """Canonical CBOR of a JSON value (RFC 8949, 4.2.1 with the length-first key order of RFC 7049, 3.9).

    A float without a fraction is an integer where 64 bits hold it, as JSON does not tell 1 from 1.0.
    Raises TypeError for anything that is not JSON, UnicodeEncodeError for half a surrogate pair.
    """
    if value is None or isinstance(value, bool):
        return {None: b"\xf6", False: b"\xf4", True: b"\xf5"}[value]
    if isinstance(value, float):
        if value.is_integer() and -(2.0**63) <= value < 2.0**64:
            return _whole(int(value))
        return _float(value)
    if isinstance(value, int):
        return _whole(value)
    if isinstance(value, str):
        text = value.encode()
        return _head(3, len(text)) + text
    if isinstance(value, (list, tuple)):
        return _head(4, len(value)) + b"".join(map(cbor, value))
    if isinstance(value, dict):
        pairs = sorted(((cbor(str(key)), cbor(one)) for key, one in value.items()), key=lambda p: (len(p[0]), p[0]))
        return _head(5, len(pairs)) + b"".join(key + one for key, one in pairs)
    raise TypeError(f"{type(value).__name__} is no JSON value")


def _head(major: int, count: int) -> bytes:
    if count < 24:
        return bytes((major << 5 | count,))
    size = 1 if count < 1 << 8 else 2 if count < 1 << 16 else 4 if count < 1 << 32 else 8
    return bytes((major << 5 | (23 + size.bit_length()),)) + count.to_bytes(size, "big")


def _whole(value: int) -> bytes:
    major, count = (0, value) if value >= 0 else (1, -1 - value)
    if count < 1 << 64:
        return _head(major, count)
    digits = count.to_bytes((count.bit_length() + 7) // 8, "big")
    return bytes((0xC2 + major,)) + _head(2, len(digits)) + digits  # a big number is tagged bytes


def _float(value: float) -> bytes:
    if math.isnan(value):
        return b"\xf9\x7e\x00"
    for head, form in ((b"\xf9", ">e"), (b"\xfa", ">f")):
        try:
            short = struct.pack(form, value)
        except OverflowError:
            continue
        if struct.unpack(form, short)[0] == value:
            return head + short
    return b"\xfb" + struct.pack(">d", value)
