"""Where artefacts live in a repository, and which names a path may have."""

import unicodedata
from typing import Literal

from variorum_client.formats.problems import Problem

Kind = Literal["prompt", "config", "schema", "adapter", "suite", "doc", "other"]

MAX_PATH_BYTES = 400
MAX_SEGMENT_BYTES = 200
MAX_SEGMENTS = 12
ADAPTER_FILES = ("adapter_config.json", "adapter_model.safetensors", "card.yaml")
DOCS = ("OWNERS", ".gitattributes", ".gitignore", ".pre-commit-config.yaml")
_FORBIDDEN = frozenset('\\:*?"<>|')
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def kind_of(path: str) -> Kind:
    """What a file is, told by its path alone; the path need not be a legal one."""
    folder, _, rest = path.partition("/")
    name = path.rsplit("/", 1)[-1]
    if name == "README.md" or path in DOCS:
        return "doc"
    if folder == "prompts" and name.endswith(".prompt") and len(name) > len(".prompt"):
        return "prompt"
    if folder == "configs" and rest:
        return _config_kind(name)
    if folder == "adapters" and "/" in rest and name in ADAPTER_FILES:
        return "adapter"
    if folder == "suites" and name.endswith(".yaml") and len(name) > len(".yaml"):
        return "suite"
    return "other"


def _config_kind(name: str) -> Kind:
    if name.endswith(".schema.json") and len(name) > len(".schema.json"):
        return "schema"
    if name.endswith(".yaml") and len(name) > len(".yaml"):
        return "config"
    return "other"


def artefact_name(path: str) -> str:
    """The name that applications use: prompts/support/triage.prompt is support/triage, adapters/triage/… is triage."""
    rest = path.partition("/")[2] or path
    if kind_of(path) == "adapter":
        return rest.rsplit("/", 1)[0]
    for ending in (".prompt", ".schema.json", ".yaml"):
        if rest.endswith(ending):
            return rest[: -len(ending)]
    return rest


def check_path(path: str) -> Problem | None:
    """None for a legal path, else the one thing that is wrong with it."""
    reason = _path_fault(path)
    if reason is None:
        return None
    shown = path.encode("utf-8", "backslashreplace").decode()[:MAX_PATH_BYTES]
    return Problem(ascii(shown)[1:-1] if not shown.isprintable() else shown, 1, 1, "bad_path", reason)


def _path_fault(path: str) -> str | None:
    if not path:
        return "The path is empty: give the file a name."
    if any(unicodedata.category(char) in _INVISIBLE for char in path):
        return "The path has an invisible or control character: remove it."
    if len(path.encode("utf-8")) > MAX_PATH_BYTES:
        return f"The path is longer than {MAX_PATH_BYTES} bytes: shorten it."
    if unicodedata.normalize("NFC", path) != path:
        return "The path is not in Unicode NFC: normalise it, so that it is the same on every machine."
    if path.startswith("/"):
        return "The path is absolute: make it relative to the repository."
    segments = path.split("/")
    if len(segments) > MAX_SEGMENTS:
        return f"The path has more than {MAX_SEGMENTS} levels: use fewer folders."
    return next((fault for fault in map(_segment_fault, segments) if fault), None)


def _segment_fault(segment: str) -> str | None:
    if not segment:
        return "The path has an empty part (two slashes in a row, or one at the end): remove it."
    if segment in (".", ".."):
        return f"The path has a '{segment}' part: write it out without."
    if segment.rstrip(". ").lower() in (".git", "git~1") or segment.lower().startswith(".git:"):
        return "The path has a '.git' part, which belongs to Git itself: choose another name."
    if segment != segment.strip() or segment.endswith("."):
        return f"'{segment}' begins or ends with a space or ends with a dot: remove it."
    if _FORBIDDEN.intersection(segment):
        return f"'{segment}' has one of \\ : * ? \" < > | in it, which some systems cannot store: remove it."
    if len(segment.encode("utf-8")) > MAX_SEGMENT_BYTES:
        return f"A part of the path is longer than {MAX_SEGMENT_BYTES} bytes: shorten it."
    return None
