"""What version 2 of the protocol asks before every fetch, answered without a process: which refs there are.

As `git upload-pack` answers it (gitprotocol-v2, "ls-refs"), byte for byte; anything else is left to git.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from variorum.repos import git
from variorum.repos.transport.pktlines import FLUSH, pkt

HIDDEN = "refs/variorum/"
MOST = 64 * 1024  # bytes of a question; a longer one is git's
DELIMITER = b"0001"


def visible_refs(path: Path) -> dict[str, str]:
    """Every ref that clients may see."""
    return {name: oid for name, oid in git.refs(path).items() if not name.startswith(HIDDEN)}


def listing(path: Path, body: IO[bytes]) -> bytes | None:
    """The answer to `ls-refs`, None for any other question. The file stays where it is."""
    asked = _asked(os.pread(body.fileno(), MOST, 0))
    head = git.head(path) if asked is not None else None
    if asked is None or head is None:
        return None
    prefixes = tuple(line.removeprefix("ref-prefix ") for line in asked if line.startswith("ref-prefix "))
    target = f" symref-target:refs/heads/{git.MAIN}" if "symrefs" in asked else ""
    lines = [("HEAD", f"{head} HEAD{target}")]
    lines += [(name, f"{oid} {name}") for name, oid in visible_refs(path).items()]
    peeled = git.peeled(path) if "peel" in asked else {}
    wanted = [
        f"{line}{_peeled(peeled.get(name))}\n" for name, line in lines if not prefixes or name.startswith(prefixes)
    ]
    return b"".join(pkt(line) for line in wanted) + FLUSH


def _peeled(commit: str | None) -> str:
    return f" peeled:{commit}" if commit else ""


def _asked(data: bytes) -> list[str] | None:
    """The arguments of an `ls-refs`, None when it is something else."""
    lines = list(_lines(data))
    if len(data) >= MOST or not lines or lines[0] != b"command=ls-refs" or lines[-1] != FLUSH:
        return None
    if DELIMITER not in lines:
        return [] if len(lines) > 1 else None
    arguments = lines[lines.index(DELIMITER) + 1 : -1]
    try:
        found = [line.decode() for line in arguments]
    except UnicodeDecodeError:
        return None
    known = all(line in ("peel", "symrefs", "unborn") or line.startswith("ref-prefix ") for line in found)
    return found if known else None


def _lines(data: bytes) -> Iterator[bytes]:
    """Lines without their framing, delimiter and flush as they are; ends early where it is no such thing."""
    at = 0
    while at < len(data):
        head = data[at : at + 4]
        if head in (DELIMITER, FLUSH):
            yield head
            at += 4
            continue
        try:
            length = int(head, 16)
        except ValueError:
            return
        if length < 4 or at + length > len(data):
            return
        yield data[at + 4 : at + length].removesuffix(b"\n")
        at += length
