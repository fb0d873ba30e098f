"""A folder of artefacts on disk, checked as the server checks a commit."""

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from variorum_client.formats import Problem, check_file, check_names, parse_pointer, print_pointer
from variorum_client.formats.adapter import WEIGHTS_FILE
from variorum_client.formats.texts import MAX_TEXT_BYTES

MAX_FILES = 20_000
PLACES = ("prompts", "configs", "adapters", "suites")
_IGNORED = frozenset({".git", "__pycache__", ".DS_Store", ".venv", "node_modules"})


def check_folder(root: Path) -> tuple[int, list[Problem]]:
    """How many files there are, and everything that is wrong with them, ordered by path and line. Raises OSError."""
    return check_paths(root, paths_below(root))


def check_paths(root: Path, paths: Iterable[str]) -> tuple[int, list[Problem]]:
    """The same for some files, by their paths below `root`."""
    wanted = sorted(set(paths))
    found = [problem for path in wanted for problem in _check(root, path)]
    return len(wanted), in_order([*found, *check_names(wanted)])


def check_contents(paths: Iterable[str], read: Callable[[str], bytes | None]) -> list[Problem]:
    """Everything that is wrong with files that `read` gives, such as those of Git's index."""
    return in_order(problem for path in paths for problem in check_file(path, read(path) or b"", read=read))


def in_order(problems: Iterable[Problem]) -> list[Problem]:
    """Each problem once, by path and line."""
    return sorted(set(problems), key=lambda item: (item.path, item.line, item.column, item.code))


def root_of(path: Path) -> Path:
    """The folder that artefacts at a path are named from: the one whose prompts/ (or configs/, adapters/, suites/)
    the path is in, the outermost in a Git work tree and the nearest elsewhere; else the folder itself when it holds
    one of these, else the top of the work tree, else the folder."""
    start = path if path.is_dir() else path.parent
    top = next((folder for folder in (start, *start.parents) if (folder / ".git").exists()), None)
    above = [folder for folder in start.parents if start.relative_to(folder).parts[0] in PLACES]
    inside = [folder for folder in above if top is None or folder.is_relative_to(top)]
    if inside:
        return inside[-1] if top else inside[0]
    holds = any((start / place).is_dir() for place in PLACES)
    return start if holds or top is None else top


def paths_below(root: Path) -> Iterator[str]:
    """Every file below a folder but Git's own and those of tools. Raises OSError above 20,000."""
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
    return check_file(path, content or b"", read=lambda other: read_artefact(root, other))


def read_artefact(root: Path, path: str) -> bytes | None:
    """The bytes of another artefact, or None."""
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
