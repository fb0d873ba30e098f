"""Two versions of one file, compared as what it is."""

import hashlib
from collections.abc import Callable

from variorum_client.formats.comparing.adapters import bytes_words, compare_adapters
from variorum_client.formats.comparing.configs import compare_configs, compare_schemas, compare_suites
from variorum_client.formats.comparing.passages import align, paragraphs
from variorum_client.formats.comparing.prompts import compare_prompts
from variorum_client.formats.comparing.shapes import Comparison, Consequence, Passage, Row, State
from variorum_client.formats.lfs import parse_pointer
from variorum_client.formats.paths import ADAPTER_FILES, Kind, artefact_name, kind_of
from variorum_client.formats.problems import FormatError

MAX_COMPARED = 1_000_000
Found = tuple[list[Row], list[Consequence], tuple[Passage, ...]]
LEAVES = "Only white space, comments, quotes or the order of keys differ."


def compare(path: str, old: bytes | None, new: bytes | None, *, old_path: str = "") -> Comparison:
    """What changed from one content of a file to another; None where the file does not exist.

    Never raises for content: what cannot be read as its kind is compared as text, and what is no text by its size.
    `old_path` is the path that a renamed file had.
    """
    kind, moved_from = kind_of(path), old_path if old_path not in ("", path) else ""
    found = Comparison(path, kind, _state(old, new), moved_from)
    if old == new:
        return found if not moved_from else _with(found, ([], _renamed(path, old_path), ()), ())
    texts = [_text(side) for side in (old, new)]
    if None in texts or _pointer(old) or _pointer(new) or len(old or b"") + len(new or b"") > MAX_COMPARED:
        return _with(found, (_by_size(old, new), [], ()), ())
    return _read(found, texts[0] or "", texts[1] or "", kind, old_path)


def compare_folder(folder: str, old: dict[str, bytes], new: dict[str, bytes]) -> Comparison:
    """An adapter as one thing: shape, weights and card of both versions. Files by their name in the folder."""
    known_old, known_new = ({name: side[name] for name in ADAPTER_FILES if name in side} for side in (old, new))
    state: State = "same" if known_old == known_new else _state(known_old or None, known_new or None)
    found = Comparison(folder, "adapter", state)
    if state == "same":
        return found
    try:
        rows, says = compare_adapters(known_old, known_new, folder)
    except FormatError as error:
        return _with(found, ([], [], ()), (_unreadable(error),), readable=False)
    return _with(found, (rows, [*_presence(found), *says], ()), ())


def _read(found: Comparison, old: str, new: str, kind: Kind, old_path: str) -> Comparison:
    sides = {"added": ("", new), "removed": (old, "")}.get(found.state, (old, new))
    reader = _READERS.get(kind)
    try:
        parts = reader(found.path, *sides, found.state) if reader else ([], [], align(*map(paragraphs, sides)))
    except FormatError as error:
        return _with(found, ([], [], align(*map(paragraphs, sides))), (_unreadable(error),), readable=False)
    rows, says, passages = parts
    says = [*_presence(found), *(_renamed(found.path, old_path) if found.moved_from else []), *says]
    moved = any(passage.state != "same" or passage.moved for passage in passages)
    notes = () if rows or says or moved else (LEAVES,)
    return _with(found, (rows, says, passages), notes)


def _state(old: object, new: object) -> State:
    if old == new:
        return "same"
    return "added" if old is None else "removed" if new is None else "changed"


def _with(found: Comparison, parts: Found, notes: tuple[str, ...], *, readable: bool = True) -> Comparison:
    rows, says, passages = parts
    order = ("breaks", "warns", "says")
    ranked = sorted(says, key=lambda one: order.index(one.level))
    return Comparison(
        found.path,
        found.kind,
        found.state,
        found.moved_from,
        consequences=tuple(ranked),
        rows=tuple(rows),
        passages=passages,
        notes=notes,
        readable=readable,
    )


def _text(content: bytes | None) -> str | None:
    """The content as text, "" for none, None for what is no text."""
    try:
        return None if content and b"\0" in content else (content or b"").decode()
    except UnicodeDecodeError:
        return None


def _pointer(content: bytes | None) -> bool:
    return content is not None and parse_pointer(content) is not None


def _by_size(old: bytes | None, new: bytes | None) -> list[Row]:
    sizes, hashes = zip(*map(_size_and_hash, (old, new)), strict=True)
    state = _state(old, new)
    shown = [("size", "Size", *sizes), ("sha256", "SHA-256", *hashes)]
    return [Row("weights", key, label, state, before, after) for key, label, before, after in shown if before != after]


def _size_and_hash(content: bytes | None) -> tuple[str | None, str | None]:
    if content is None:
        return None, None
    pointer = parse_pointer(content)
    if pointer is not None:
        return bytes_words(pointer.size), pointer.oid
    return bytes_words(len(content)), hashlib.sha256(content).hexdigest()


def _unreadable(error: FormatError) -> str:
    first = error.problems[0]
    return f"Compared as plain text, because a version cannot be read: line {first.line}: {first.message}"


def _presence(found: Comparison) -> list[Consequence]:
    """What a file that comes or goes means for applications that ask for it by name."""
    if found.kind not in ("prompt", "config") or found.state not in ("added", "removed") or _is_partial(found.path):
        return []
    name = artefact_name(found.path)
    if found.state == "added":
        return [Consequence("says", "file_added", name, f"Applications can ask for the {found.kind} `{name}`.")]
    text = f"Applications that ask for the {found.kind} `{name}` will not find it."
    return [Consequence("breaks", "file_removed", name, text)]


def _renamed(path: str, old_path: str) -> list[Consequence]:
    if kind_of(path) not in ("prompt", "config") or _is_partial(old_path):
        return []
    old, new = artefact_name(old_path), artefact_name(path)
    text = f"The {kind_of(path)} is called `{new}` now: applications that ask for `{old}` will not find it."
    return [Consequence("breaks", "file_renamed", old, text)]


def _is_partial(path: str) -> bool:
    return path.rpartition("/")[2].startswith("_")


def _prompt(path: str, old: str, new: str, state: State) -> Found:
    """A prompt that comes or goes has no callers that could fail."""
    rows, says, passages = compare_prompts(path, old, new)
    return rows, says if state == "changed" else [], passages


def _rows_of(reader: Callable[[str, str, str], tuple[list[Row], list[Consequence]]]) -> Callable[..., Found]:
    def read(path: str, old: str, new: str, state: State) -> Found:
        if state == "changed":
            return *reader(path, old, new), ()
        rows, _ = reader(path, old or _EMPTY.get(kind_of(path), ""), new or _EMPTY.get(kind_of(path), ""))
        return rows, [], ()

    return read


def _adapter(path: str, old: str, new: str, state: State) -> Found:
    folder, _, name = path.rpartition("/")
    sides = [{name: text.encode()} if text else {} for text in (old, new)]
    return *compare_adapters(sides[0], sides[1], folder), ()


_EMPTY: dict[str, str] = {"schema": "{}", "config": "{}", "suite": "{}"}
_READERS: dict[Kind, Callable[[str, str, str, State], Found]] = {
    "prompt": _prompt,
    "config": _rows_of(compare_configs),
    "schema": _rows_of(compare_schemas),
    "suite": _rows_of(compare_suites),
    "adapter": _adapter,
}
