"""Names that are legal by themselves and yet cannot be checked out everywhere: Windows' own, and two that are one."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence

from variorum_client.formats.problems import Problem

Has = Callable[[str], bool]
# Windows opens a device by these names, in any folder and whatever follows the first dot.
# https://learn.microsoft.com/windows/win32/fileio/naming-a-file
_DEVICES = r"con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[1-9¹²³]"
_DEVICE = re.compile(rf"(?:^|/)((?:{_DEVICES}) *(?:\.[^/]*)?)(?=/|$)", re.IGNORECASE)


def check_names(paths: Iterable[str], *, known: Sequence[Has] = ()) -> list[Problem]:
    """What is wrong with the names of all files of a tree together, by path.

    Each of `known` says of a path (of a file or a folder) whether a tree has it that is there already: a name, or two
    that clash, which one of them has is nobody's fault any more. One pass over the paths.
    """
    everything = sorted(set(paths))
    return sorted([*_devices(everything, known), *_clashes(everything, known)], key=lambda problem: problem.path)


def check_name(path: str) -> Problem | None:
    """The same for one path by itself."""
    return next(_devices([path], ()), None)


def _devices(paths: Iterable[str], known: Sequence[Has]) -> Iterator[Problem]:
    for path in paths:
        if (found := _DEVICE.search(path)) and not any(has(path) for has in known):
            reason = f"'{found[1]}' is a name that Windows keeps for a device, so it cannot be checked out there."
            yield Problem(path, 1, 1, "reserved_name", f"{reason} Choose another name.")


def _clashes(paths: Iterable[str], known: Sequence[Has]) -> Iterator[Problem]:
    for (one, file), (other, other_file) in _same(paths):
        if not any(has(one) and has(other) for has in known):
            path = file if known and not any(has(one) for has in known) else other_file
            reason = f"'{one}' and '{other}' differ only in capital and small letters"
            yield Problem(path, 1, 1, "name_clash", f"{reason}: macOS and Windows keep one of them. Rename one.")


def _same(paths: Iterable[str]) -> Iterator[tuple[tuple[str, str], tuple[str, str]]]:
    """Two files or folders of one folder whose names are the same to macOS and Windows, each with a file in it."""
    first: dict[tuple[str, str], tuple[str, str]] = {}
    seen: set[str] = set()
    for path in paths:
        folder = ""
        for name in path.split("/"):
            node = f"{folder}/{name}" if folder else name
            if node not in seen:
                seen.add(node)
                there = first.setdefault((folder, _folded(name)), (node, path))
                if there[0] != node:
                    yield there, (node, path)
            folder = node


def _folded(name: str) -> str:
    """Unicode's canonical caseless matching (chapter 3.13, D145)."""
    if name.isascii():
        return name.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", name).casefold())
