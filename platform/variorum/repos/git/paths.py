"""Which file paths and sizes a repository accepts. The rule for paths is the formats' own, shared with the CLI."""

from collections.abc import Mapping

from variorum.repos.git.errors import BadPath
from variorum_client.formats import paths

MAX_FILE = 1024 * 1024
MAX_FILES = 500


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
            raise BadPath(path, f"It has {len(content)} bytes. A file has at most {MAX_FILE}; larger ones go to LFS.")


def _reason(path: str) -> str | None:
    problem = paths.check_path(path)
    if problem is not None:
        return problem.message
    if any(part.lower().startswith(".gitmodules") for part in path.split("/")):
        return "The path names submodules, which have no place here."
    return None
