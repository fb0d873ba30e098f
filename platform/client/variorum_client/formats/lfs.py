"""Git LFS pointer files, version 1 (github.com/git-lfs/git-lfs, docs/spec.md)."""

import re
from dataclasses import dataclass

MAX_POINTER_BYTES = 1024
_POINTER = re.compile(
    rb"version https://git-lfs\.github\.com/spec/v1\n"
    rb"(?:ext-[0-9]-[a-z0-9.-]+ [^\n]+\n)*"
    rb"oid sha256:([0-9a-f]{64})\n"
    rb"size (0|[1-9][0-9]{0,17})\n"
)


@dataclass(frozen=True, slots=True)
class Pointer:
    """What stands in Git for a large file: its SHA-256 in hex and its size in bytes."""

    oid: str
    size: int


def parse_pointer(content: bytes) -> Pointer | None:
    """The pointer that these bytes are, or None when they are anything else."""
    if len(content) > MAX_POINTER_BYTES:
        return None
    match = _POINTER.fullmatch(content)
    return Pointer(match[1].decode(), int(match[2])) if match else None


def print_pointer(oid: str, size: int) -> bytes:
    """The canonical pointer file. Raises ValueError when the oid or the size could not be one."""
    content = f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {size}\n".encode()
    if parse_pointer(content) is None:
        raise ValueError("an LFS pointer needs 64 lowercase hex digits and a size of at least 0")
    return content
