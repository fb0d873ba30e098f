"""Which file paths and sizes a repository accepts."""

import unicodedata
from collections.abc import Mapping

from variorum.repos.git.errors import BadPath

MAX_FILE = 1024 * 1024
MAX_FILES = 500
MAX_PATH = 400
MAX_DEPTH = 10
FORBIDDEN = set('\\:*?"<>|')
# Code points that HFS+ ignores: ".g\u200cit" would be ".git" there (CVE-2014-9390).
IGNORED_BY_HFS = dict.fromkeys(
    [*range(0x200C, 0x2010), *range(0x202A, 0x202F), *range(0x206A, 0x2070), 0xFEFF]
)


def check_path(path: str) -> None:
    """Raise BadPath unless ``path`` is a plain relative file path that every system can check out."""
    if reason := _reason(path):
        raise BadPath(path, reason)


def is_good(path: str) -> bool:
    """Whether a repository may hold a file at ``path``."""
    return _reason(path) is None


def check_files(files: Mapping[str, bytes | None]) -> None:
    """Raise BadPath for the first file with a bad path or too many bytes, or when there are too many."""
    if len(files) > MAX_FILES:
        raise BadPath("", f"{len(files)} files in one commit; at most {MAX_FILES}")
    for path, content in files.items():
        check_path(path)
        if content is not None and len(content) > MAX_FILE:
            raise BadPath(path, f"{len(content)} bytes; a file has at most {MAX_FILE}, larger ones go to LFS")


def _reason(path: str) -> str | None:
    return _whole(path) or next((why for part in path.split("/") if (why := _part(part))), None)


def _whole(path: str) -> str | None:
    try:
        size = len(path.encode())
    except UnicodeEncodeError:
        return "is not valid UTF-8"
    if size > MAX_PATH:
        return f"is longer than {MAX_PATH} bytes"
    if path.count("/") >= MAX_DEPTH:
        return f"has more than {MAX_DEPTH} folders"
    if unicodedata.normalize("NFC", path) != path:
        return "is not in Unicode normal form C"
    return None


def _part(part: str) -> str | None:
    if part in ("", ".", ".."):
        return "has an empty, '.' or '..' part"
    if any(ord(letter) < 32 or ord(letter) == 127 for letter in part):
        return "has a control character"
    if bad := FORBIDDEN & set(part):
        return f"has {min(bad)!r}"
    if part[-1] in ". " or part[0] == " ":
        return "has a part that starts or ends with a space or ends with a dot"
    if len(part.encode()) > 200:
        return "has a part longer than 200 bytes"
    plain = part.translate(IGNORED_BY_HFS).lower()
    return "is reserved by Git" if plain == ".git" or plain.startswith(("git~", ".gitmodules")) else None
