"""What a commit's adapters say against the weights behind their pointers."""

from collections.abc import Iterable

from variorum.accounts.models import Project
from variorum.lib.weights import tensors_of
from variorum.repos.lfs import keeping
from variorum.repos.queries import Read
from variorum_client.formats import (
    FormatError,
    Pointer,
    Problem,
    kind_of,
    parse_adapter_config,
    parse_card,
    parse_pointer,
)
from variorum_client.formats.adapter import CARD_FILE, CONFIG_FILE, WEIGHTS_FILE, weights_faults
from variorum_client.formats.config import find_key

MISSING = "The large file behind this pointer is not here: upload it first."


def problems(project: Project, paths: Iterable[str], read: Read) -> list[Problem]:
    """Pointers at large files that the project does not hold; configs and cards that speak of other weights.

    `paths` are the files that a change touches, `read` gives any file of the commit as it would be.
    """
    folders = dict.fromkeys(path.rpartition("/")[0] for path in paths if kind_of(path) == "adapter")
    pointers = {folder: pointer for folder in folders if (pointer := _pointer(folder, read))}
    held = keeping.rely_on(project, {one.oid for one in pointers.values()}) if pointers else {}
    found: list[Problem] = []
    for folder, pointer in pointers.items():
        if held.get(pointer.oid) != pointer.size:
            found.append(Problem(f"{folder}/{WEIGHTS_FILE}", 2, 1, "missing_object", MISSING))
        else:
            found += [*_config(folder, pointer, read), *_card(folder, pointer, read)]
    return found


def _pointer(folder: str, read: Read) -> Pointer | None:
    content = read(f"{folder}/{WEIGHTS_FILE}")
    return parse_pointer(content) if content is not None else None


def _config(folder: str, pointer: Pointer, read: Read) -> list[Problem]:
    path = f"{folder}/{CONFIG_FILE}"
    content = read(path)
    if content is None:
        return []
    try:
        config = parse_adapter_config(content, path)
        faults = weights_faults(config, tensors_of(pointer.oid))
    except (FormatError, FileNotFoundError):  # the file's own check says the first
        return []
    text = content.decode()
    return [Problem(path, *find_key(text, [key]), "other_weights", message) for key, message in faults]


def _card(folder: str, pointer: Pointer, read: Read) -> list[Problem]:
    path = f"{folder}/{CARD_FILE}"
    content = read(path)
    if content is None:
        return []
    try:
        node = parse_card(content, path)
    except FormatError:
        return []
    told = node.value.get("weights_sha256") if isinstance(node.value, dict) else None
    if told is None or told == pointer.oid:
        return []
    at = node.at("weights_sha256")
    message = f"The card speaks of other weights ({str(told)[:12]}…) than those beside it ({pointer.oid[:12]}…)."
    return [Problem(path, at.line, at.column, "other_weights", message)]
