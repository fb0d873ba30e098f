"""What of repositories travels with an export: all of Git as a bundle, written apart, and the large files."""

from pathlib import Path

from variorum.lib.portable import Row, Stays, Table
from variorum.repos.models import LeavingContent, LfsLock, LfsObject, Repository
from variorum_client.formats.safetensors import header_size, parse_header


def sound(row: Row, stored: Path) -> None:
    """Raises ValueError unless it is as an upload has to be: of that size, and safetensors that tell the truth."""
    size = stored.stat().st_size
    if row["size"] != size:
        raise ValueError(f"the object has {size:,} bytes, not {row['size']}")
    with stored.open("rb") as file:
        end = header_size(file.read(16), size)
        file.seek(0)
        parse_header(file.read(end), size)


TABLES = [Table(LfsObject, stays=("asked_at",), objects=("sha256",), check=sound)]
STAYS: Stays = {
    LeavingContent: "what an installation has yet to remove from its own object store",
    LfsLock: "a lock says who works on a file now",
    Repository: "a folder's name on one installation; the repository itself travels as a Git bundle",
}
