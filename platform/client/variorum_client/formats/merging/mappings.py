"""Three-way merge of YAML by key, on the text itself: comments, quotes and order stay as they were written."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from variorum_client.formats.front import after_value, dump_flow
from variorum_client.formats.merging.order import merged_order
from variorum_client.formats.merging.prose import cuts_of, merge_tokens, tokens_of
from variorum_client.formats.merging.units import Clash, Piece, Span, pick
from variorum_client.formats.merging.values import Hole, Missing, key_of, merge_positions, merge_values, same
from variorum_client.formats.picoschema import is_json_schema
from variorum_client.formats.problems import FormatError
from variorum_client.formats.yamls import Node, load_yaml

Path = tuple[str, ...]
_NO_KEYS = re.compile(r"^(---|\.\.\.|%)", re.MULTILINE)
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
        if _NO_KEYS.search(text):
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
        merged = _merged_items(items)
        return [self._whole()] if merged is None else [merged]

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
            return self._list(base, ours, theirs)
        if base is None:
            return [min(ours.text, theirs.text)] if same(ours.node.value, theirs.node.value) else None
        return self._scalar(base, ours, theirs)

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

    def _list(self, base: Entry, ours: Entry, theirs: Entry) -> list[Piece] | None:
        three = (base, ours, theirs)
        agreed, head = pick(*(_head(entry) for entry in three))
        starts = [entry.start + len(entry.lead) + len(_head(entry)) for entry in three]
        items = [_items(*each) for each in zip(self.sides, (entry.node for entry in three), starts, strict=True)]
        merged = _merged_items(items) if agreed else None
        return None if merged is None else [head or "", merged]

    def _scalar(self, base: Entry, ours: Entry, theirs: Entry) -> list[Piece] | None:
        """Key, value and what follows on the line, each merged by itself; flow mappings and lists by their values."""
        parts = [_parts(side, entry) for side, entry in zip(self.sides, (base, ours, theirs), strict=True)]
        texts: list[str] = []
        for place, three in enumerate(zip(*parts, strict=True)):
            agreed, text = pick(*three)
            if not agreed:
                text = _flow(base.node, ours.node, theirs.node, three) if place == 1 else None
            if text is None:
                return None
            texts.append(text)
        return ["".join(texts)]

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


def _merged_items(sides: list[list[Entry]]) -> str | None:
    """The text of a list to which both sides only added items; None for anything else."""
    keys = [[key_of(entry.node.value) for entry in side] for side in sides]
    order = merge_positions(*keys)
    if order is None or any(entry.start < 0 for side in sides for entry in side):
        return None
    return "".join(sides[side][index].whole for side, index in order)


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
