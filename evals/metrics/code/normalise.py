"""Making texts comparable: what exact_match, contains and label_valid share."""

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

_SPACE = re.compile(r"\s+")

OPTIONS: dict[str, Any] = {
    "ignore_case": {"type": "boolean", "default": True, "title": "Ignore upper and lower case"},
    "ignore_space": {"type": "boolean", "default": True, "title": "Ignore space around, and how much within"},
    "ignore_punctuation": {"type": "boolean", "default": False, "title": "Ignore punctuation"},
    "first_line": {"type": "boolean", "default": False, "title": "Look at the first line of the output only"},
}


def normalise(text: str, config: Mapping[str, Any]) -> str:
    """The text in NFC, with what the config tells to ignore taken out."""
    text = unicodedata.normalize("NFC", text)
    if config.get("first_line"):
        text = next((line for line in text.splitlines() if line.strip()), "")
    if config.get("ignore_punctuation"):
        text = "".join(" " if unicodedata.category(ch).startswith("P") and ch != "_" else ch for ch in text)
    if config.get("ignore_space", True):
        text = _SPACE.sub(" ", text).strip()
    return text.casefold() if config.get("ignore_case", True) else text
