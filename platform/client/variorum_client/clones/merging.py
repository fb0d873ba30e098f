"""`variorum merge-file`: the merge that the server does, as a merge driver of one's own Git."""

import argparse
import sys
from pathlib import Path
from typing import TextIO

from variorum_client.formats.merging import Merged, merge_bytes, merge_file
from variorum_client.formats.merging.markers import with_markers
from variorum_client.formats.texts import decode


def merge_into(options: argparse.Namespace, out: TextIO) -> int:
    """Merge into the file of ours, as Git asks of a driver: 0 when all merged, 1 when a person must look."""
    base, ours, theirs = (Path(name).read_bytes() for name in (options.base, options.ours, options.theirs))
    path = options.path
    merged = merge_bytes(path, base or None, ours, theirs)  # for a file that both added, Git gives an empty base
    if any(unit.kind == "file" for unit in merged.conflicts):
        return _whole(path, out)
    Path(options.ours).write_text(with_markers(merged), encoding="utf-8", newline="")
    out.writelines(f"{path}: both changed {unit.where or 'the text'}\n" for unit in merged.conflicts)
    return 1 if merged.conflicts or _does_not_fit(path, merged, base, ours, theirs) else 0


def _whole(path: str, out: TextIO) -> int:
    """Ours stays as it is; Git keeps all three."""
    out.write(f"{path}: the two cannot be merged place by place; take one of them\n")
    return 1


def _does_not_fit(path: str, merged: Merged, *sides: bytes) -> bool:
    """Tell what is wrong with the sum though neither side was wrong."""
    if merged.conflicts:
        return False
    base, ours, theirs = (decode(path, side) for side in sides)
    problems = merge_file(path, base or None, ours, theirs).problems
    for problem in problems:
        sys.stderr.write(f"{problem}\n")
    return bool(problems)
