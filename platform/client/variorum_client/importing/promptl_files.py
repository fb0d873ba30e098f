"""Which file a reference in a PromptL prompt means."""

import posixpath
import re


def references(path: str, text: str, files: dict[str, str]) -> list[str]:
    """The files that a prompt includes, as far as they are there."""
    wanted = re.findall(r"<prompt\b[^>]*?\bpath\s*=\s*[\"']?([^\"'\s>]+)", text)
    return [found for name in wanted if (found := find(path, name, files))]


def find(path: str, wanted: str, files: dict[str, str]) -> str | None:
    """The file that a path in a reference means: relative to the prompt's folder, or from the top."""
    folder = "" if wanted.startswith("/") else posixpath.dirname(path)
    for base in dict.fromkeys([folder, ""]):
        name = posixpath.normpath(posixpath.join(base, wanted.lstrip("/")))
        for candidate in (name, f"{name}.promptl"):
            if candidate in files:
                return candidate
    return None


def name_of(path: str) -> str:
    """A file's name without its ending."""
    return path.removesuffix(".promptl").removesuffix(".md")
