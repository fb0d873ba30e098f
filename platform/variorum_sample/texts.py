"""The sample's files, read from the package."""

import csv
from importlib.resources import files

LABELS = ["billing", "delivery", "returns", "account", "technical", "other"]


def artefact(name: str) -> bytes:
    """One version of an artefact, as in `triage-2.prompt`."""
    return (files("variorum_sample") / "data" / "history" / name).read_bytes()


def messages(part: str) -> list[dict[str, str]]:
    """The messages of a part (`train`, `test`): rows with `message` and `label`."""
    text = (files("variorum_sample") / "data" / f"messages-{part}.csv").read_text()
    return list(csv.DictReader(text.splitlines()))
