"""Adapters merge whole: config, weights and card belong together and come from one side."""

from collections.abc import Mapping

from variorum_client.formats.adapter import CARD_FILE, CONFIG_FILE, WEIGHTS_FILE
from variorum_client.formats.lfs import parse_pointer
from variorum_client.formats.merging.units import Clash, Merged, Span, finish

Files = Mapping[str, bytes]


def merge_adapter(base: Files, ours: Files, theirs: Files) -> Merged:
    """One conflict over a folder that both sides changed. Files by their name; an empty mapping: not there.

    The texts are for reading: the card, the config, and which weights.
    """
    texts = [adapter_text(side) if side else None for side in (base, ours, theirs)]
    spans = [Span(text) if text is not None else None for text in texts]
    return finish([Clash("adapter", spans)], *(text or "" for text in texts))


def adapter_text(files: Files) -> str:
    """An adapter's card, config and weights as one text."""
    pointer = parse_pointer(files.get(WEIGHTS_FILE, b""))
    weights = f"weights: {pointer.size:,} bytes, sha256 {pointer.oid[:12]}\n" if pointer else "weights: none\n"
    parts = [files[name].decode("utf-8", "replace") for name in (CARD_FILE, CONFIG_FILE) if name in files]
    return weights + "".join(part if part.endswith("\n") else f"{part}\n" for part in parts)
