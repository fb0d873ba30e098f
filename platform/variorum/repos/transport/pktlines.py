"""Git's framing: four hex digits of length, then the line (gitprotocol-common, "pkt-line Format")."""

from typing import IO

FLUSH = b"0000"
MOST = 65_520
SIDE_BAND = 65_515  # bytes of payload in one packet of side-band-64k
DATA, PROGRESS = 1, 2


class Malformed(Exception):
    """The bytes are no pkt-lines."""


def pkt(line: bytes | str) -> bytes:
    """One line, framed."""
    data = line.encode() if isinstance(line, str) else line
    return b"%04x" % (len(data) + 4) + data


def read_pkt(file: IO[bytes]) -> bytes | None:
    """The next line without its framing, None for a flush. Raises Malformed."""
    head = file.read(4)
    try:
        length = int(head, 16) if len(head) == 4 and head.isalnum() else -1
    except ValueError:
        length = -1
    if length == 0:
        return None
    if not 4 <= length <= MOST:
        raise Malformed("the request is not in Git's format")
    data = file.read(length - 4)
    if len(data) != length - 4:
        raise Malformed("the request ends too early")
    return data


def side_band(band: int, data: bytes) -> bytes:
    """Data in packets of one band of side-band-64k."""
    pieces = (data[i : i + SIDE_BAND] for i in range(0, len(data), SIDE_BAND))
    return b"".join(pkt(bytes([band]) + piece) for piece in pieces)
