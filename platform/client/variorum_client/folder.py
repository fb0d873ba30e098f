"""A folder of artefacts on disk, checked as the server checks a commit."""

import os
from collections.abc import Iterator
from pathlib import Path

from variorum_client.formats import Problem, check_file, parse_pointer, print_pointer
from variorum_client.formats.adapter import WEIGHTS_FILE
from variorum_client.formats.texts import MAX_TEXT_BYTES

MAX_FILES = 20_000
_IGNORED = frozenset({".git", ".gitignore", "__pycache__", ".DS_Store"})


def check_folder(root: Path) -> tuple[int, list[Problem]]:
    """How many files there are, and everything that is wrong with them, ordered by path and line. Raises OSError."""
    paths = sorted(_paths(root))
    problems = [problem for path in paths for problem in _check(root, path)]
    return len(paths), sorted(set(problems), key=lambda item: (item.path, item.line, item.column, item.code))


def _paths(root: Path) -> Iterator[str]:
    count = 0
    for folder, folders, files in os.walk(root, onerror=_raise):
        folders[:] = [name for name in folders if name not in _IGNORED]
        for name in files:
            count += 1
            if count > MAX_FILES:
                raise OSError(f"{root} holds more than {MAX_FILES:,} files: choose the folder of the artefacts.")
            if name not in _IGNORED:
                yield Path(folder, name).relative_to(root).as_posix()


def _raise(error: OSError) -> None:
    raise error


def _check(root: Path, path: str) -> list[Problem]:
    if (root / path).is_symlink():
        return [Problem(path, 1, 1, "symlink", "A link is not an artefact: put the file itself here.")]
    try:
        content = _content(root, path)
    except OSError as error:
        return [Problem(path, 1, 1, "unreadable", f"The file cannot be read: {error.strerror}.")]
    return check_file(path, content or b"", read=lambda other: _read(root, other))


def _read(root: Path, path: str) -> bytes | None:
    try:
        return _content(root, path)
    except (OSError, ValueError):
        return None


def _content(root: Path, path: str) -> bytes | None:
    """The file's bytes, no more than any check reads; weights that Git LFS has checked out count as their pointer."""
    file = root / path
    if not file.is_file():
        return None
    with file.open("rb") as handle:
        content = handle.read(MAX_TEXT_BYTES + 1)
    if file.name == WEIGHTS_FILE and parse_pointer(content) is None and _is_safetensors(content):
        return print_pointer("0" * 64, file.stat().st_size)
    return content


def _is_safetensors(content: bytes) -> bool:
    """A safetensors file begins with the length of its JSON header in eight bytes."""
    return len(content) > 9 and int.from_bytes(content[:8], "little") < 100_000_000 and content[8:9] == b"{"
