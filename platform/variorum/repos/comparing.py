"""What changed, as people read it: the formats' comparison of each file between two commits."""

from collections.abc import Iterable
from functools import lru_cache

from variorum.accounts.models import Project
from variorum.repos import git
from variorum.repos.git import FileDiff
from variorum.repos.places import path_of
from variorum.repos.problems import explained
from variorum_client.formats.comparing import Comparison, compare, compare_folder
from variorum_client.formats.paths import ADAPTER_FILES, kind_of

MAX_FILES = 20
MAX_BYTES = 400_000
KEPT = 512


def comparisons(
    project: Project, base: str | None, head: str, files: Iterable[FileDiff]
) -> dict[str, Comparison | None]:
    """By path, the first MAX_FILES as long as their texts stay below MAX_BYTES; None for those to be asked for singly.

    Reads contents in process; what was compared once is kept, by content.
    """
    found: dict[str, Comparison | None] = {}
    left, room = MAX_FILES, MAX_BYTES
    for file in files:
        sides = _contents(project, file)
        room -= sum(len(side or b"") for side in sides)
        left -= 1
        found[file.path] = _compared(project, base, head, file, sides) if left >= 0 and room >= 0 else None
    return found


def comparison(project: Project, base: str | None, head: str, file: FileDiff) -> Comparison:
    """One file, however large."""
    return _compared(project, base, head, file, _contents(project, file))


@explained()
def _contents(project: Project, file: FileDiff) -> tuple[bytes | None, bytes | None]:
    blobs = git.read_blobs(path_of(project), [oid for oid in (file.old, file.new) if oid])
    return blobs.get(file.old or ""), blobs.get(file.new or "")


def _compared(
    project: Project, base: str | None, head: str, file: FileDiff, sides: tuple[bytes | None, bytes | None]
) -> Comparison:
    if kind_of(file.path) != "adapter":
        return _compare(file.path, file.old_path, *sides)
    folder, _, name = file.path.rpartition("/")
    before, after = (_folder(project, commit, folder) for commit in (base, head))
    first = next((each for each in ADAPTER_FILES if before.get(each) != after.get(each)), name)
    if name == first:
        return compare_folder(folder, before, after)
    state = {"added": "added", "deleted": "removed"}.get(file.status, "changed")
    return Comparison(file.path, "adapter", state, notes=(f"Compared with the rest of {folder}, at {first}.",))  # type: ignore[arg-type]


@explained()
def _folder(project: Project, commit: str | None, folder: str) -> dict[str, bytes]:
    """An adapter's files by name."""
    if commit is None:
        return {}
    found = git.read_files(path_of(project), commit, [f"{folder}/{name}" for name in ADAPTER_FILES])
    return {path.rpartition("/")[2]: content for path, content in found.items()}


@lru_cache(maxsize=KEPT)
def _compare(path: str, old_path: str, old: bytes | None, new: bytes | None) -> Comparison:
    return compare(path, old, new, old_path=old_path)
