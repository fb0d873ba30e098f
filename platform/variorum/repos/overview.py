"""What pages show of an artefact beside its text."""

from collections.abc import Callable
from typing import Any

from variorum.repos.queries import Read
from variorum_client.formats import (
    FormatError,
    Problem,
    check_file,
    kind_of,
    parse_adapter_config,
    parse_card,
    parse_config,
    parse_pointer,
    parse_prompt,
    parse_schema,
    partials_from,
    prompt_overview,
    schema_path,
)

Overview = dict[str, Any]


def overview(path: str, content: bytes, read: Read) -> tuple[Overview | None, list[Problem]]:
    """(what the artefact says, None when it cannot be read; everything that is wrong with it)."""
    problems = check_file(path, content, read=read)
    show = _SHOWN.get(kind_of(path))
    try:
        return (show(path, content, read) if show else None), problems
    except (FormatError, UnicodeDecodeError):
        return None, problems


def _prompt(path: str, content: bytes, read: Read) -> Overview:
    return prompt_overview(parse_prompt(content.decode(), path, partials=partials_from(read, path)))


def _config(path: str, content: bytes, read: Read) -> Overview:
    beside = read(schema_path(path))
    schema = parse_schema(beside, schema_path(path)) if beside is not None else None
    return {"value": parse_config(content.decode(), path).value, "schema": schema}


def _schema(path: str, content: bytes, read: Read) -> Overview:
    return {"schema": parse_schema(content, path)}


def _adapter(path: str, content: bytes, read: Read) -> Overview:
    """The whole adapter folder, whichever of its files was asked for."""
    folder = path.rpartition("/")[0]
    config, card, weights = (
        content if path == file else read(file)
        for file in (f"{folder}/adapter_config.json", f"{folder}/card.yaml", f"{folder}/adapter_model.safetensors")
    )
    pointer = parse_pointer(weights) if weights else None
    return {
        "config": parse_adapter_config(config, path).data if config else None,
        "card": parse_card(card, path).value if card else None,
        "weights": {"sha256": pointer.oid, "size": pointer.size} if pointer else None,
    }


def _suite(path: str, content: bytes, read: Read) -> Overview:
    return {"value": parse_config(content.decode(), path).value}


_SHOWN: dict[str, Callable[[str, bytes, Read], Overview]] = {
    "prompt": _prompt,
    "config": _config,
    "schema": _schema,
    "adapter": _adapter,
    "suite": _suite,
}
