"""YAML read strictly: every value keeps its line and column, nothing is guessed, nothing explodes.

Scalars follow the YAML 1.2 core schema; what other readers take for something else (yes, no, 010) is refused
by name. Duplicate keys, tags, merge keys and non-text keys are refused. Aliases, where allowed, count as what
they expand to.
"""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from variorum_client.formats.problems import FormatError, Problem, place

MAX_DEPTH = 50
MAX_NODES = 100_000
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_BOOL = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_AMBIGUOUS = frozenset({"yes", "no", "on", "off"})
_INT = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_HINTS = (
    ("mapping values are not allowed", "quote the text if it contains a colon followed by a space"),
    ("could not find expected ':'", "write it as `key: value`"),
    ("cannot start any token", "indent with spaces, not tabs, and quote a text that starts with @, ` or %"),
    ("special characters are not allowed", "remove the control character"),
    ("control characters are not allowed", "remove the control character"),
    ("unexpected end of stream", "close the quote or bracket"),
)

Event = Any  # yaml.Event; its type stubs make every mark optional
Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]


@dataclass(slots=True)
class Node:
    """One value with its place; `start` and `end` are character offsets in the text that was read."""

    value: Json
    line: int
    column: int
    start: int
    end: int
    size: int = 1
    block: bool = False
    plain: bool = False
    children: dict[str | int, "Node"] = field(default_factory=dict)
    keys: dict[str, "Node"] = field(default_factory=dict)

    def at(self, *path: str | int) -> "Node":
        """The node at a path, or the nearest one above it that exists."""
        node = self
        for part in path:
            if part not in node.children:
                break
            node = node.children[part]
        return node

    def key(self, *path: str | int) -> "Node":
        """The node of the key that names the value at a path, for a fault of the name itself."""
        parent, last = self.at(*path[:-1]), path[-1]
        return parent.keys.get(str(last), parent)


def load_yaml(text: str, path: str = "", *, aliases: bool = True, first_line: int = 1) -> Node:
    """Read one YAML document. `first_line` is the line of the file at which the text begins.

    Raises FormatError with one problem. An empty document is a node with value None.
    """
    return _Reader(text, path, aliases, first_line).read()


class _Reader:
    def __init__(self, text: str, path: str, aliases: bool, first_line: int) -> None:
        self.text, self.path, self.aliases, self.shift = text, path, aliases, first_line
        self.anchors: dict[str, Node | None] = {}
        self.nodes = 0

    def read(self) -> Node:
        try:
            events = self._events()
            event = next(events)
            if isinstance(event, yaml.StreamEndEvent):
                return Node(None, self.shift, 1, 0, 0)
            root = self._node(next(events), events, 0)
            next(events)
            self._expect_end(next(events))
        except yaml.YAMLError as error:
            raise self._syntax(error) from None
        except UnicodeEncodeError as error:
            raise self._fault_at(error.start, "not_unicode", "A lone surrogate is not text: remove it.") from None
        except RecursionError:
            raise self._fault(self.shift, 1, "too_deep", "The nesting is too deep: flatten it.") from None
        return root

    def _events(self) -> Iterator[Event]:
        self.text.encode("utf-8")
        events: Iterator[Event] = yaml.parse(self.text, Loader=_LOADER)
        next(events)
        return events

    def _expect_end(self, event: Event) -> None:
        if not isinstance(event, yaml.StreamEndEvent):
            raise self._fault_of(event, "many_documents", "A second document starts here: keep one in a file.")

    def _node(self, event: Event, events: Iterator[Event], depth: int) -> Node:
        if depth > MAX_DEPTH:
            raise self._fault_of(event, "too_deep", f"Nested deeper than {MAX_DEPTH} levels: flatten it.")
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event)
        self._check_properties(event)
        anchor = getattr(event, "anchor", None)
        if anchor:
            self.anchors[anchor] = None
        node = self._build(event, events, depth)
        if anchor:
            self.anchors[anchor] = node
        return node

    def _build(self, event: Event, events: Iterator[Event], depth: int) -> Node:
        self._count(event, 1)
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(event, events, depth)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(event, events, depth)
        return self._scalar(event)

    def _place(self, event: Event) -> Node:
        mark = event.start_mark
        return Node(None, mark.line + self.shift, mark.column + 1, mark.index, event.end_mark.index)

    def _mapping(self, event: Event, events: Iterator[Event], depth: int) -> Node:
        node = self._place(event)
        node.block = not getattr(event, "flow_style", False)
        value: dict[str, Json] = {}
        for key_event in events:
            if isinstance(key_event, yaml.MappingEndEvent):
                node.end = _end_of(key_event)
                break
            key = self._key(key_event, node)
            child = self._node(next(events), events, depth + 1)
            node.children[key], value[key] = child, child.value
            node.size += child.size
        node.value = value
        return node

    def _key(self, event: Event, parent: Node) -> str:
        if not isinstance(event, yaml.ScalarEvent):
            raise self._fault_of(event, "bad_key", "A key must be plain text, not a list, a mapping or an alias.")
        self._check_properties(event)
        key = self._scalar(event, words=True)
        if event.value == "<<" and key.plain:
            raise self._fault_of(event, "merge_key", "The merge key `<<` is not read: write the fields out.")
        if not isinstance(key.value, str):
            raise self._fault_of(event, "bad_key", f"The key {event.value} is not text: put it in quotes.")
        if key.value in parent.keys:
            first = parent.keys[key.value].line
            raise self._fault_of(event, "duplicate_key", f"'{key.value}' is already set in line {first}: keep one.")
        parent.keys[key.value] = key
        return key.value

    def _sequence(self, event: Event, events: Iterator[Event], depth: int) -> Node:
        node = self._place(event)
        node.block = not getattr(event, "flow_style", False)
        value: list[Json] = []
        for item in events:
            if isinstance(item, yaml.SequenceEndEvent):
                node.end = _end_of(item)
                break
            child = self._node(item, events, depth + 1)
            node.children[len(value)] = child
            node.size += child.size
            value.append(child.value)
        node.value = value
        return node

    def _alias(self, event: Event) -> Node:
        if not self.aliases:
            raise self._fault_of(event, "alias", "Aliases are not allowed here: write the value out.")
        target = self.anchors.get(event.anchor)
        if target is None:
            raise self._fault_of(event, "alias", f"The alias *{event.anchor} stands for nothing, or for itself.")
        self._count(event, target.size)
        return target

    def _check_properties(self, event: Event) -> None:
        tag = getattr(event, "tag", None)
        if tag is not None and tag != "!":
            raise self._fault_of(event, "tag", "Tags such as !!str are not allowed: write the plain value.")
        if not self.aliases and getattr(event, "anchor", None):
            raise self._fault_of(event, "alias", "Anchors are not allowed here: write the value out.")

    def _count(self, event: Event, size: int) -> None:
        self.nodes += size
        if self.nodes > MAX_NODES:
            message = f"The document holds more than {MAX_NODES:,} values (aliases count as what they repeat)."
            raise self._fault_of(event, "too_many_values", message)

    def _scalar(self, event: Event, *, words: bool = False) -> Node:
        """`words`: yes, no, on and off are what they say, as in a key, which is never true or false."""
        node = self._place(event)
        text: str = event.value
        node.plain = not event.style
        word = words and text.lower() in _AMBIGUOUS
        node.value = self._resolve(event, text) if node.plain and not word else text
        return node

    def _resolve(self, event: Event, text: str) -> Json:
        if text in _NULL:
            return None
        if text in _BOOL:
            return _BOOL[text]
        if text.lower() in _AMBIGUOUS:
            message = f'`{text}` is read as true or false by some readers: write true or false, or quote "{text}".'
            raise self._fault_of(event, "ambiguous_value", message)
        if text[0] in "+-.0123456789":
            return self._number(event, text)
        return text

    def _number(self, event: Event, text: str) -> Json:
        if _INT.fullmatch(text):
            digits = text.lstrip("+-")
            if len(digits) > 1 and digits.isdigit() and digits[0] == "0":
                message = f"`{text}` is an octal number to some readers: drop the leading zero, or quote it."
                raise self._fault_of(event, "ambiguous_value", message)
            if len(text) > 300:
                raise self._fault_of(event, "bad_number", "The number has too many digits: quote it if it is text.")
            return int(text, 10 if digits.isdigit() else 0)
        if _NOT_FINITE.fullmatch(text) or (_FLOAT.fullmatch(text) and not math.isfinite(float(text))):
            raise self._fault_of(event, "bad_number", f"`{text}` is not a finite number: quote it if it is text.")
        return float(text) if _FLOAT.fullmatch(text) else text

    def _syntax(self, error: yaml.YAMLError) -> FormatError:
        mark = getattr(error, "problem_mark", None)
        said = str(getattr(error, "problem", None) or getattr(error, "reason", None) or "it cannot be read")
        hint = next((hint for words, hint in _HINTS if words in said), "check the indentation and the quotes here")
        message = f"Invalid YAML, {said}: {hint}."
        if mark is not None and mark.index < len(self.text):
            return self._fault(mark.line + self.shift, mark.column + 1, "bad_yaml", message)
        return self._fault_at(getattr(error, "position", len(self.text)), "bad_yaml", message)

    def _fault_at(self, offset: int, code: str, message: str) -> FormatError:
        line, column = place(self.text, min(max(offset, 0), len(self.text)))
        return self._fault(line - 1 + self.shift, column, code, message)

    def _fault_of(self, event: Event, code: str, message: str) -> FormatError:
        mark = event.start_mark
        return self._fault(mark.line + self.shift, mark.column + 1, code, message)

    def _fault(self, line: int, column: int, code: str, message: str) -> FormatError:
        return FormatError([Problem(self.path, line, column, code, message)])


def _end_of(event: Event) -> int:
    index: int = event.end_mark.index
    return index
