"""What a running template holds: its scopes, its output and its budget."""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from variorum_client.formats.problems import RenderError

MAX_OUTPUT = 2_000_000
MAX_STEPS = 300_000
MAX_SECONDS = 1.0
MAX_PARTIALS = 40
_CLOCK_EVERY = 256


@dataclass(frozen=True, slots=True)
class Marker:
    """A place in the output that is no text: role, history, section or media. No text can become one."""

    kind: str
    value: str = ""
    content_type: str | None = None


Chunk = str | Marker


class Frame:
    """The @variables of one loop, and those around it."""

    __slots__ = ("data", "parent")

    def __init__(self, data: dict[str, object], parent: "Frame | None") -> None:
        self.data, self.parent = data, parent


class Scope:
    """The current value, the scope around it, its block parameters and its @variables."""

    __slots__ = ("frame", "params", "parent", "value")

    def __init__(self, value: object, parent: "Scope | None", params: dict[str, object] | None, frame: Frame) -> None:
        self.value, self.parent, self.params, self.frame = value, parent, params, frame


class Run:
    """One rendering: the chunks so far, and how much more it may write, loop and take.

    Time is the thread's own CPU time, so a busy machine does not fail a prompt that is fine.
    """

    __slots__ = ("deadline", "depth", "inlines", "left", "out", "steps")

    def __init__(self) -> None:
        self.out: list[Chunk] = []
        self.left = MAX_OUTPUT
        self.steps = 0
        self.depth = 0
        self.deadline = 0.0
        self.inlines: dict[str, object] = {}

    def write(self, text: str) -> None:
        """Append text to the output."""
        self.left -= len(text)
        if self.left < 0:
            raise RenderError("too_large", f"The prompt grew over {MAX_OUTPUT:,} characters: pass less, or loop less.")
        self.out.append(text)

    def charge(self, characters: int) -> None:
        """Count text that was made but may not be written."""
        self.steps += characters >> 6
        self.step()

    def step(self) -> None:
        """Count one turn of a loop."""
        self.steps += 1
        if self.steps > MAX_STEPS:
            raise RenderError("too_slow", f"The template took more than {MAX_STEPS:,} steps: nest fewer loops.")
        if self.steps % _CLOCK_EVERY == 0:
            self._look_at_clock()

    def _look_at_clock(self) -> None:
        now = time.thread_time()
        if not self.deadline:
            self.deadline = now + MAX_SECONDS
        elif now > self.deadline:
            raise RenderError("too_slow", f"The template ran longer than {MAX_SECONDS:g} s: nest fewer loops.")


def step_into(value: object, key: str) -> object:
    """value[key] for a mapping, value[int(key)] for a list, else None."""
    if isinstance(value, Mapping):
        return value.get(key)
    if isinstance(value, Sequence) and not isinstance(value, str | bytes) and key.isdecimal() and len(key) < 10:
        return value[int(key)] if int(key) < len(value) else None
    return None


def is_list(value: object) -> bool:
    """Whether a value is a list to Handlebars."""
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)


def is_empty(value: object) -> bool:
    """What {{#with}} does not enter: nothing, false, no text, an empty list; an empty mapping is entered."""
    return value is None or value is False or value == "" or (is_list(value) and not value)


def truthy(value: object, include_zero: bool) -> bool:
    """What {{#if}} takes for yes."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float) and value == 0:
        return include_zero
    return not is_empty(value)


def same(left: object, right: object) -> bool:
    """Strict equality, as in JavaScript: true is not 1, and "5" is not 5."""
    return isinstance(left, bool) == isinstance(right, bool) and left == right


def to_text(value: object, run: Run) -> str:
    """How Handlebars prints a value. Raises RenderError for what is not JSON."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return _int_text(value)
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e21 else str(value)
    if is_list(value):
        return _list_text(value, run)
    if isinstance(value, Mapping):
        return "[object Object]"
    raise _unsupported(value)


def _list_text(value: object, run: Run) -> str:
    parts: list[str] = []
    for item in value if isinstance(value, Sequence) else ():
        run.step()
        parts.append(to_text(item, run))
    text = ",".join(parts)
    run.charge(len(text))
    return text


def _int_text(value: int) -> str:
    if value.bit_length() > 2000:
        raise RenderError("unsupported_value", "A number has more than 600 digits: pass it as text.")
    return str(value)


def to_json(value: object, indent: int, run: Run) -> str:
    """JSON text of a value, letters kept as they are. Raises RenderError for what is not JSON."""
    separators = (",", ":") if indent == 0 else (",", ": ")
    try:
        text = json.dumps(
            value, indent=indent or None, separators=separators, ensure_ascii=False, allow_nan=False, default=_refuse
        )
    except ValueError as error:
        raise RenderError("unsupported_value", f"A value cannot be written as JSON: {error}.") from None
    run.charge(len(text))
    return text


def _refuse(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    raise _unsupported(value)


def _unsupported(value: object) -> RenderError:
    kind = type(value).__name__
    return RenderError(
        "unsupported_value", f"A value of type {kind} cannot be printed: pass text, numbers, lists, dicts."
    )
