"""Three-way merge of YAML by key, on the text itself: comments, quotes and order stay as they were written."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from variorum_client.formats.front import after_value, dump_flow
from variorum_client.formats.merging.lists import Key, keys_of, merge_positions, merge_sets
from variorum_client.formats.merging.order import merged_order
from variorum_client.formats.merging.prose import cuts_of, merge_tokens, tokens_of
from variorum_client.formats.merging.scalars import Raw, merge_texts
from variorum_client.formats.merging.units import Clash, Piece, Span, pick
from variorum_client.formats.merging.values import Hole, Missing, merge_values, same
from variorum_client.formats.picoschema import is_json_schema
from variorum_client.formats.problems import FormatError
from variorum_client.formats.yamls import Node, load_yaml

Path = tuple[str, ...]
_NO_KEYS = re.compile(r"^(---|\.\.\.|%)", re.MULTILINE)
_END = re.compile(r"^\.\.\.[ \t]*\n?\Z", re.MULTILINE)  # printers close a text that keeps its line ends with it
_OPTIONAL = re.compile(r"[?(].*", re.DOTALL)
_HEADER = re.compile(r"(?:[ \t]*(?:#[^\n]*)?\n)*[ \t]*\n")


@dataclass(frozen=True, slots=True)
class Entry:
    """One key of a block mapping, or one item of a block list, with its whole lines.

    lead: comments and blank lines before it; text: from the line of its key to the last of its value; start: where
    the lead begins in the YAML; node: its value.
    """

    name: str
    lead: str
    text: str
    start: int
    node: Node

    @property
    def whole(self) -> str:
        """Lead and text."""
        return self.lead + self.text


@dataclass(frozen=True, slots=True)
class Yaml:
    """A version's YAML, whole lines, and where it begins in its file."""

    text: str
    shift: int
    root: Node

    @classmethod
    def of(cls, text: str, shift: int = 0) -> "Yaml":
        """Read it. Raises FormatError, also for what cannot be merged by key: anchors and several documents."""
        root = load_yaml(text, aliases=False)
        if _NO_KEYS.search(_END.sub("", text)):
            raise FormatError([])
        return cls(text, shift, root)


def merge_yaml(sides: Sequence[Yaml], *, prompt: bool = False) -> list[Piece]:
    """The merged pieces of base, ours and theirs. prompt: it is front matter, with schemas written in Picoschema."""
    return _Merger(sides, prompt=prompt).document()


class _Merger:
    def __init__(self, sides: Sequence[Yaml], *, prompt: bool) -> None:
        self.sides, self.prompt = sides, prompt

    def document(self) -> list[Piece]:
        roots = [side.root for side in self.sides]
        if not all(root.value is None or _is_map(root) for root in roots):
            return self._root_list() if all(_is_list(root) for root in roots) else [self._whole()]
        headers = [_header(side) for side in self.sides]
        entries = [_entries(side, side.root, len(head)) for side, head in zip(self.sides, headers, strict=True)]
        tails = [_tail(side, found, len(head)) for side, found, head in zip(self.sides, entries, headers, strict=True)]
        top = _comments(headers, [0, 0, 0], self.sides)
        end = _comments(
            tails, [len(side.text) - len(tail) for side, tail in zip(self.sides, tails, strict=True)], self.sides
        )
        return [*top, *self._entries(entries, ()), *end]

    def _whole(self) -> Clash:
        return Clash("file", [Span(side.text, side.shift) for side in self.sides])

    def _root_list(self) -> list[Piece]:
        items = [_items(side, side.root, 0) for side in self.sides]
        merged = self._items(items, ())
        return [self._whole()] if merged is None else merged

    def _entries(self, sides: list[list[Entry]], path: Path) -> list[Piece]:
        named = [_by_id(entries, loose=self.prompt and _in_schema(path)) for entries in sides]
        found: list[Piece] = []
        for key in merged_order(*(list(side) for side in named)):
            found.extend(self._entry([side.get(key) for side in named], path))
        return found

    def _entry(self, sides: list[Entry | None], path: Path) -> list[Piece]:
        agreed, text = pick(*(side.whole if side else None for side in sides))
        if agreed:
            return [text] if text else []
        base, ours, theirs = sides
        if ours is None or theirs is None:
            return [self._clash(sides, path)]
        name = ours.name if ours.name == theirs.name else _canon(ours.name)
        agreed, lead = pick(base.lead if base else "", ours.lead, theirs.lead)
        inner = self._value(base, ours, theirs, (*path, name)) if agreed else None
        if inner is None:
            return [self._clash(sides, path)]
        return [lead or "", *inner] if inner else []

    def _value(self, base: Entry | None, ours: Entry, theirs: Entry, path: Path) -> list[Piece] | None:
        """The merged text of an entry without its lead; None where it is one conflict."""
        agreed, text = pick(base.text if base else None, ours.text, theirs.text)
        if agreed:
            return [text or ""]
        present = [entry for entry in (base, ours, theirs) if entry]
        if self.prompt and _is_schema(path) and len({is_json_schema(entry.node.value) for entry in present}) > 1:
            return None
        if all(_is_map(entry.node) for entry in present) and _same_indent(present):
            return self._inside(base, ours, theirs, path)
        if all(_is_list(entry.node) for entry in present) and base is not None and _same_indent(present):
            return self._list(base, ours, theirs, path)
        if base is None:
            return [min(ours.text, theirs.text)] if same(ours.node.value, theirs.node.value) else None
        return self._scalar(base, ours, theirs, path)

    def _inside(self, base: Entry | None, ours: Entry, theirs: Entry, path: Path) -> list[Piece] | None:
        """A nested mapping: the line of its key, then its keys."""
        heads = [_head(entry) if entry else None for entry in (base, ours, theirs)]
        agreed, head = pick(*heads)
        if not agreed or head is None:
            return None
        starts = [entry.start + len(entry.lead) + len(_head(entry)) if entry else 0 for entry in (base, ours, theirs)]
        inner = [
            _entries(side, entry.node, start) if entry else []
            for side, entry, start in zip(self.sides, (base, ours, theirs), starts, strict=True)
        ]
        pieces = self._entries(inner, path)
        return [head, *pieces] if any(pieces) else []

    def _list(self, base: Entry, ours: Entry, theirs: Entry, path: Path) -> list[Piece] | None:
        three = (base, ours, theirs)
        agreed, head = pick(*(_head(entry) for entry in three))
        starts = [entry.start + len(entry.lead) + len(_head(entry)) for entry in three]
        items = [_items(*each) for each in zip(self.sides, (entry.node for entry in three), starts, strict=True)]
        merged = self._items(items, path) if agreed else None
        return None if merged is None else [head or "", *merged]

    def _items(self, sides: list[list[Entry]], path: Path) -> list[Piece] | None:
        """The items of a list of which some were added or removed; None for anything else."""
        if any(entry.start < 0 for side in sides for entry in side):
            return None
        name, keys = keys_of(*([entry.node.value for entry in side] for side in sides))
        order = merge_sets(*keys)
        if order is None:
            return None if name else _added_items(sides, keys)
        named = [dict(zip(each, side, strict=True)) for each, side in zip(keys, sides, strict=True)]
        found: list[Piece] = []
        for key in dict.fromkeys([*order, *named[0]]):
            item = self._item([side.get(key) for side in named], path, name)
            if item is None or (item and key not in order):
                return None
            found.extend(item)
        return found or None

    def _item(self, sides: list[Entry | None], path: Path, name: str) -> list[Piece] | None:
        """One item: as it is, or, where items have names, merged by what is in it."""
        agreed, text = pick(*(side.whole if side else None for side in sides))
        if agreed:
            return [text] if text else []
        base, ours, theirs = sides
        if ours is None or theirs is None:
            return None
        if base is None and same(ours.node.value, theirs.node.value):
            return [min(ours.whole, theirs.whole)]
        if base is None or not name or not isinstance(base.node.value, dict):
            return None
        agreed, lead = pick(base.lead, ours.lead, theirs.lead)
        inner = self._named(base, ours, theirs, (*path, str(base.node.value[name]))) if agreed else None
        return None if inner is None else [lead or "", *inner]

    def _named(self, base: Entry, ours: Entry, theirs: Entry, path: Path) -> list[Piece] | None:
        """A mapping behind a dash."""
        three = (base, ours, theirs)
        if not all(_is_map(entry.node) for entry in three):
            return self._scalar(base, ours, theirs, path)
        dashes = {entry.text[: next(iter(entry.node.keys.values())).column - 1] for entry in three}
        dash = dashes.pop()
        if dashes or dash.strip() != "-":
            return None
        inner = [_behind_dash(*each, len(dash)) for each in zip(self.sides, three, strict=True)]
        pieces = [piece for piece in self._entries(inner, path) if piece]
        return [_with_dash(pieces[0], dash), *pieces[1:]] if pieces and _fits_dash(pieces[0], len(dash)) else None

    def _scalar(self, base: Entry, ours: Entry, theirs: Entry, path: Path) -> list[Piece] | None:
        """Key, value and what follows on the line, each merged by itself; flow mappings and lists by their values."""
        three = (base, ours, theirs)
        parts = [_parts(side, entry) for side, entry in zip(self.sides, three, strict=True)]
        pieces: list[Piece] = []
        for place, texts in enumerate(zip(*parts, strict=True)):
            agreed, text = pick(*texts)
            if agreed or place != 1:
                found: list[Piece] | None = [text or ""] if agreed else None
            elif (flow := _flow(base.node, ours.node, theirs.node, texts)) is not None:
                found = [flow]
            else:
                found = self._text(three, texts, path)
            if found is None:
                return None
            pieces += found
        return pieces

    def _text(self, three: tuple[Entry, ...], texts: tuple[str, ...], path: Path) -> list[Piece] | None:
        """A text of several sentences."""
        if not all(isinstance(entry.node.value, str) for entry in three):
            return None
        starts = [side.shift + entry.node.start for side, entry in zip(self.sides, three, strict=True)]
        return merge_texts([Raw(*each) for each in zip(texts, starts, strict=True)], ".".join(path))

    def _clash(self, sides: list[Entry | None], path: Path) -> Clash:
        name = next(entry.name for entry in (sides[1], sides[2], sides[0]) if entry)
        name = _canon(name) if self.prompt and _in_schema(path) else name
        spans = [
            Span(entry.whole, entry.start + side.shift) if entry else None
            for side, entry in zip(self.sides, sides, strict=True)
        ]
        return Clash("setting", spans, where=".".join((*path, name)))


def _is_map(node: Node) -> bool:
    return isinstance(node.value, dict) and node.block


def _is_list(node: Node) -> bool:
    return isinstance(node.value, list) and node.block


def _same_indent(entries: list[Entry]) -> bool:
    columns = {
        next(iter(entry.node.keys.values())).column if entry.node.keys else entry.node.column for entry in entries
    }
    return len(columns) == 1


def _is_schema(path: Path) -> bool:
    return path[:2] in (("input", "schema"), ("output", "schema")) and len(path) == 2


def _in_schema(path: Path) -> bool:
    return path[:2] in (("input", "schema"), ("output", "schema"))


def _canon(name: str) -> str:
    """The property behind a Picoschema key: `tone?` and `tone(array)` are both tone."""
    return _OPTIONAL.sub("", name) or name


def _by_id(entries: list[Entry], *, loose: bool) -> dict[str, Entry]:
    if loose and len({_canon(entry.name) for entry in entries}) == len(entries):
        return {_canon(entry.name): entry for entry in entries}
    return {entry.name: entry for entry in entries}


def _entries(side: Yaml, node: Node, begin: int) -> list[Entry]:
    """The keys of a block mapping; `begin` is where the lines of the first one, comments included, begin."""
    found = []
    for name, child in node.children.items():
        start = side.text.rfind("\n", 0, node.keys[str(name)].start) + 1
        end = after_value(side.text, child)
        found.append(Entry(str(name), side.text[begin:start], side.text[start:end], begin, child))
        begin = end
    return found


def _items(side: Yaml, node: Node, begin: int) -> list[Entry]:
    """The items of a block list."""
    found = []
    for index, child in node.children.items():
        start = side.text.rfind("\n", 0, child.start) + 1
        end = after_value(side.text, child)
        found.append(Entry(str(index), side.text[begin:start], side.text[start:end], begin, child))
        begin = end
    return found


def _added_items(sides: list[list[Entry]], keys: list[list[Key]]) -> list[Piece] | None:
    """A list with items that are alike, or in another order, to which both sides only added."""
    order = merge_positions(*keys)
    texts = [[entry.whole for entry in side] for side in sides]
    if order is None or any(text not in side for side in texts[1:] for text in texts[0]):
        return None
    return ["".join(texts[side][index] for side, index in order)]


def _behind_dash(side: Yaml, entry: Entry, size: int) -> list[Entry]:
    """The keys of a mapping behind a dash; the first one as if it stood below."""
    first, *more = _entries(side, entry.node, entry.start + len(entry.lead))
    return [replace(first, text=" " * size + first.text[size:]), *more]


def _fits_dash(piece: Piece, size: int) -> bool:
    """Whether a dash can be put in front: a key begins there, whatever is decided."""
    texts = [piece] if isinstance(piece, str) else [piece.text(side) for side in range(3)]
    return all(not text[:size].strip(" ") and text[size : size + 1].strip(" #\n") for text in texts)


def _with_dash(piece: Piece, dash: str) -> Piece:
    if isinstance(piece, str):
        return dash + piece[len(dash) :]
    spans = [span and replace(span, text=dash + span.text[len(dash) :]) for span in piece.sides]
    return replace(piece, sides=spans)


def _header(side: Yaml) -> str:
    """Comments at the top that belong to the file: those that a blank line parts from the first key."""
    keys = side.root.keys
    end = side.text.rfind("\n", 0, min(key.start for key in keys.values())) + 1 if keys else len(side.text)
    found = _HEADER.match(side.text, 0, end)
    return found.group() if found else "" if keys else side.text


def _tail(side: Yaml, entries: list[Entry], begin: int) -> str:
    last = entries[-1] if entries else None
    return side.text[last.start + len(last.whole) :] if last else side.text[begin:]


def _comments(texts: list[str], starts: list[int], sides: Sequence[Yaml]) -> list[Piece]:
    """Comments at the top or the end, merged line by line."""
    tokens = [
        tokens_of(text, cuts_of(text, lines=True), start + side.shift)
        for text, start, side in zip(texts, starts, sides, strict=True)
    ]
    return merge_tokens(tokens, where=lambda _span: ("text", ""))


def _head(entry: Entry) -> str:
    """The line of the key."""
    return entry.text[: entry.text.find("\n") + 1]


def _parts(side: Yaml, entry: Entry) -> tuple[str, str, str]:
    """The lines of an entry before, of and after its value."""
    begin = entry.start + len(entry.lead)
    start, end = entry.node.start - begin, entry.node.end - begin
    value = entry.text[start:end]
    if "\n" in value and value[:1] in "|>" and "+" not in value[: value.find("\n")]:
        end -= len(value) - len(value.rstrip("\n"))
        end += entry.text[end : end + 1] == "\n"
    return entry.text[:start], entry.text[start:end], entry.text[end:]


def _flow(base: Node, ours: Node, theirs: Node, texts: tuple[str, ...]) -> str | None:
    """{a: 1} and [a, b] merged by value and written on one line; None for conflicts, and where comments would go."""
    if same(ours.value, theirs.value):
        return min(texts[1], texts[2])
    if not isinstance(ours.value, dict | list) or ours.block or theirs.block or any("#" in text for text in texts):
        return None
    merged = merge_values(base.value, ours.value, theirs.value)
    if merged.holes or isinstance(merged.value, Hole | Missing):
        return None
    return dump_flow(merged.value)
