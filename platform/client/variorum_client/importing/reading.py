"""Which importer reads what: the systems, the endings of their files, and where the prompts go."""

from typing import Any

from variorum_client.formats import check_name, check_path
from variorum_client.importing import langfuse, mlflow, promptl, prompty
from variorum_client.importing.shapes import Imported, ImportRefused, Settings
from variorum_client.importing.sources import joined, parsed
from variorum_client.importing.systems import ENDINGS


def read_data(system: str, data: Any, settings: Settings) -> list[Imported]:
    """The prompts of an export in JSON. Raises ImportRefused."""
    return langfuse.read(data, settings) if system == "langfuse" else mlflow.read(data, settings)


def read_texts(system: str, files: dict[str, str], settings: Settings) -> list[Imported]:
    """The prompts of files that are prompts themselves."""
    return prompty.read(files, settings) if system == "prompty" else promptl.read(files, settings)


def read_files(system: str, files: dict[str, str], settings: Settings) -> list[Imported]:
    """The prompts of some files (path: text) of any system; those with other endings do not count. Raises ImportRefused
    for what cannot be read at all."""
    wanted = {path: text for path, text in sorted(files.items()) if path.lower().endswith(ENDINGS[system])}
    if not wanted:
        raise ImportRefused(f"There is no file that ends in {' or '.join(ENDINGS[system])}.")
    if system in ("prompty", "promptl"):
        return read_texts(system, wanted, settings)
    found = [parsed(text, path) for path, text in wanted.items()]
    return read_data(system, found[0] if len(found) == 1 else joined(found), settings)


def folder_below(given: str) -> str:
    """The folder below prompts/, without that; "" for prompts/ itself. Raises ImportRefused for what is none."""
    inner = given.strip("/")
    inner = "" if inner == "prompts" else inner.removeprefix("prompts/")
    if inner and (fault := check_path(f"prompts/{inner}") or check_name(f"prompts/{inner}")):
        raise ImportRefused(fault.message)
    return inner
