"""Rows in blocks: zstd frames one after another, with an index, so that any page of a large table is read at once."""

import bisect
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import zstandard

BLOCK_ROWS = 256
BLOCK_BYTES = 256 * 1024
Index = list[list[int]]  # [first row, byte offset, compressed length] of each block


class BlockWriter:
    """Writes canonical lines to a file; `sha256`, `index` and `row_count` are right after close()."""

    def __init__(self, handle: IO[bytes]) -> None:
        self.index: Index = []
        self.row_count = 0
        self.size = 0
        self._handle, self._offset = handle, 0
        self._lines: list[bytes] = []
        self._bytes = 0
        self._digest = hashlib.sha256()
        self._compressor = zstandard.ZstdCompressor(level=3)

    @property
    def sha256(self) -> str:
        """Of all lines so far, uncompressed, each with its newline: the version's name."""
        return self._digest.hexdigest()

    def add(self, line: bytes) -> None:
        """One canonical line without its newline."""
        self._lines.append(line)
        self._bytes += len(line) + 1
        self.row_count += 1
        if len(self._lines) >= BLOCK_ROWS or self._bytes >= BLOCK_BYTES:
            self._flush()

    def close(self) -> None:
        """Write the last block; the file stays open."""
        if self._lines:
            self._flush()
        self._handle.flush()

    def _flush(self) -> None:
        raw = b"\n".join(self._lines) + b"\n"
        self._digest.update(raw)
        frame = self._compressor.compress(raw)
        self._handle.write(frame)
        self.index.append([self.row_count - len(self._lines), self._offset, len(frame)])
        self._offset += len(frame)
        self.size += len(raw)
        self._lines, self._bytes = [], 0


def read_lines(path: Path, index: Index, start: int = 0) -> Iterator[bytes]:
    """The lines from row `start` on, block by block; stop whenever you have enough."""
    if not index:
        return
    first = max(bisect.bisect_right(index, start, key=lambda block: block[0]) - 1, 0)
    decompressor = zstandard.ZstdDecompressor()
    with path.open("rb") as handle:
        for position in range(first, len(index)):
            begin, offset, length = index[position]
            handle.seek(offset)
            lines = decompressor.decompress(handle.read(length)).split(b"\n")[:-1]
            yield from lines[max(start - begin, 0) :] if position == first else lines
