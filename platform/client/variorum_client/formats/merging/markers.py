"""A merge as Git leaves it in a working tree: conflicts between markers, on lines of their own."""

from variorum_client.formats.merging.units import Merged, Unit


def with_markers(merged: Merged, ours: str = "ours", theirs: str = "theirs") -> str:
    """The merged text, each conflict with ours, the base and theirs between Git's markers (its diff3 style)."""
    found = ""
    for piece in merged.pieces:
        if isinstance(piece, str):
            found += piece
        else:
            found = _ended(found) + _marked(piece, ours, theirs)
    return found


def _marked(unit: Unit, ours: str, theirs: str) -> str:
    parts = (
        f"<<<<<<< {ours}\n",
        unit.ours,
        "||||||| base\n",
        unit.base,
        "=======\n",
        unit.theirs,
        f">>>>>>> {theirs}\n",
    )
    return "".join(_ended(part or "") for part in parts)


def _ended(text: str) -> str:
    return text if not text or text.endswith("\n") else f"{text.rstrip(' ')}\n"
