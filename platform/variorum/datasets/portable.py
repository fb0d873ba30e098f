"""What of datasets travels with an export: every version, with its rows as they are stored."""

import hashlib
from pathlib import Path

from variorum.datasets.blocks import read_lines
from variorum.datasets.models import Dataset, DatasetVersion, Upload
from variorum.lib.portable import Row, Stays, Table


def same_rows(row: Row, stored: Path) -> None:
    """Raises ValueError unless the stored rows have the hash by which the version is named."""
    digest, count = hashlib.sha256(), 0
    for line in read_lines(stored, row["blocks"]):
        digest.update(line + b"\n")
        count += 1
    if (digest.hexdigest(), count) != (row["sha256"], row["row_count"]):
        raise ValueError(f"version {row['number']}: its rows are not those that its hash names")


TABLES = [
    Table(Dataset),
    Table(DatasetVersion, project="dataset__project", objects=("object_sha256",), check=same_rows),
]
STAYS: Stays = {Upload: "a file that waits to be imported; it is forgotten after two days"}
