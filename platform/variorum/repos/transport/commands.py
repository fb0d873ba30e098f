"""What a push asks for, and how it is answered (gitprotocol-pack, "Pushing Data To a Server")."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import IO

from variorum.repos import git
from variorum.repos.transport.pktlines import DATA, FLUSH, PROGRESS, Malformed, pkt, read_pkt, side_band

CAPABILITIES = "report-status report-status-v2 delete-refs side-band-64k quiet atomic ofs-delta push-options"
NOTHING = "0" * 40
MOST = 100  # refs in one push
MOST_OPTIONS = 20
_COMMAND = re.compile(rb"([0-9a-f]{40}) ([0-9a-f]{40}) ([^\0\n]{1,400})\n?")


@dataclass(frozen=True)
class Request:
    """The refs to move, what the client understands, and its push options; the pack follows in the file."""

    moves: list[git.Move]
    capabilities: frozenset[str]
    options: dict[str, str]

    @property
    def has_pack(self) -> bool:
        """A push that only deletes sends none."""
        return any(move.new for move in self.moves)


def advertisement(refs: Mapping[str, str]) -> bytes:
    """The answer to info/refs?service=git-receive-pack."""
    listed = [f"{oid} {name}" for name, oid in refs.items()] or [f"{NOTHING} capabilities^{{}}"]
    first, *rest = listed
    lines = [f"{first}\0{CAPABILITIES} object-format=sha1 agent=variorum", *rest]
    return pkt("# service=git-receive-pack\n") + FLUSH + b"".join(pkt(f"{line}\n") for line in lines) + FLUSH


def parse(file: IO[bytes]) -> Request:
    """Read up to where the pack begins. Raises Malformed."""
    moves: list[git.Move] = []
    capabilities: frozenset[str] = frozenset()
    while (line := read_pkt(file)) is not None:
        command, _, offered = line.partition(b"\0")
        if offered and not moves:
            capabilities = frozenset(offered.decode(errors="replace").split())
        if not command.startswith(b"shallow "):  # the objects themselves show whether something is missing
            moves.append(_move(command))
        if len(moves) > MOST:
            raise Malformed(f"more than {MOST} refs in one push")
    if len({move.ref for move in moves}) != len(moves):
        raise Malformed("one ref is named twice")
    return Request(moves, capabilities, _options(file) if "push-options" in capabilities else {})


def report(request: Request, refusals: Mapping[str, str], said: Sequence[str], *, unpacked: str = "ok") -> bytes:
    """The answer to a push: a line for each ref (`refusals`: why not), and `said` for the pusher's terminal."""
    status = [f"unpack {unpacked}\n"]
    for move in request.moves:
        reason = refusals.get(move.ref)
        status.append(f"ng {move.ref} {_one_line(reason)}\n" if reason else f"ok {move.ref}\n")
    lines = b"".join(pkt(line) for line in status) + FLUSH
    if "report-status" not in request.capabilities and "report-status-v2" not in request.capabilities:
        lines = b""
    if "side-band-64k" not in request.capabilities:
        return lines
    words = "".join(f"{line}\n" for line in said).encode(errors="replace")
    return side_band(PROGRESS, words) + side_band(DATA, lines) + FLUSH


def _move(command: bytes) -> git.Move:
    match = _COMMAND.fullmatch(command)
    if match is None:
        raise Malformed("a line of the push cannot be read")
    old, new = (None if oid == NOTHING.encode() else oid.decode() for oid in match.group(1, 2))
    return git.Move(match[3].decode(errors="backslashreplace"), old, new)


def _options(file: IO[bytes]) -> dict[str, str]:
    found: dict[str, str] = {}
    while (line := read_pkt(file)) is not None:
        name, _, value = line.decode(errors="replace").replace("\0", "").rstrip("\n").partition("=")
        found[name] = value
        if len(found) > MOST_OPTIONS:
            raise Malformed(f"more than {MOST_OPTIONS} push options")
    return found


def _one_line(text: str) -> str:
    return " ".join(text.split())[:300]
