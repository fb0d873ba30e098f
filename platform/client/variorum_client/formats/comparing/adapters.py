"""Two versions of an adapter: one of its files, or the whole folder as one thing."""

from collections.abc import Mapping
from typing import Any

from variorum_client.formats.adapter import CARD_FILE, CONFIG_FILE, WEIGHTS_FILE, parse_adapter_config, parse_card
from variorum_client.formats.comparing.rows import MISSING, plain, value_rows
from variorum_client.formats.comparing.shapes import Consequence, Row
from variorum_client.formats.lfs import parse_pointer

SHAPE = {
    "base_model_name_or_path": "Base model",
    "revision": "Base model's revision",
    "r": "Rank",
    "lora_alpha": "Alpha",
    "lora_dropout": "Dropout",
    "target_modules": "Changes the modules",
    "layers_to_transform": "Changes the layers",
    "peft_type": "Kind",
    "task_type": "Task",
    "bias": "Bias",
}
CARD = {
    "base_model.id": "Base model",
    "base_model.manifest_sha256": "Base model's hash",
    "data.dataset": "Dataset",
    "data.version": "Dataset's version",
    "data.sha256": "Dataset's hash",
    "weights_sha256": "Weights' hash",
    "start_from": "Went on from",
    "job": "Made by job",
}
_HASH = 12
Parts = tuple[list[Row], list[Consequence]]


def compare_adapters(old: Mapping[str, bytes], new: Mapping[str, bytes], folder: str = "") -> Parts:
    """Rows of shape, weights and card over the files that are given by name. Raises FormatError."""
    shape_old, shape_new = _shape(old), _shape(new)
    rows = value_rows("shape", shape_old, shape_new, lambda key: SHAPE.get(key) or plain(key))
    rows += value_rows("weights", _weights(old), _weights(new), lambda key: plain(key) if key == "size" else "SHA-256")
    rows += value_rows("card", _card(old), _card(new), lambda key: CARD.get(key) or plain(key))
    return rows, _say(shape_old, shape_new, folder)


def _shape(files: Mapping[str, bytes]) -> Any:
    content = files.get(CONFIG_FILE)
    return parse_adapter_config(content, CONFIG_FILE).data if content else MISSING


def _card(files: Mapping[str, bytes]) -> Any:
    content = files.get(CARD_FILE)
    return parse_card(content, CARD_FILE).value if content else MISSING


def _weights(files: Mapping[str, bytes]) -> Any:
    content = files.get(WEIGHTS_FILE)
    if not content:
        return MISSING
    pointer = parse_pointer(content)
    return (
        {"size": bytes_words(pointer.size), "sha256": pointer.oid} if pointer else {"size": bytes_words(len(content))}
    )


def bytes_words(size: int) -> str:
    """1536 -> 1.5 KB."""
    amount, units = float(size), ["bytes", "KB", "MB", "GB", "TB"]
    while amount >= 1000 and len(units) > 1:
        amount, units = amount / 1000, units[1:]
    return f"{amount:.3g} {units[0]}" if amount < 1000 else f"{amount:.0f} {units[0]}"


def _say(old: Any, new: Any, folder: str) -> list[Consequence]:
    if old is MISSING or new is MISSING:
        return []
    base_old, base_new = (side.get("base_model_name_or_path") for side in (old, new))
    found = []
    if base_old != base_new:
        text = f"The adapter now needs the base model {base_new} (was {base_old}), and so do prompts bound to it."
        found.append(Consequence("breaks", "adapter_base", folder, text))
    if old.get("r") != new.get("r"):
        text = f"The rank is {new.get('r')} (was {old.get('r')}): servers with a lower limit cannot load it."
        found.append(Consequence("warns", "adapter_rank", folder, text))
    return found
