"""What a comparison is made of. Everything turns into JSON by `as_dict()`."""

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from variorum_client.formats.paths import Kind

State = Literal["same", "changed", "added", "removed"]
Level = Literal["breaks", "warns", "says"]
Lines = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Span:
    """A run of text. The old text is all spans but the added ones, the new text all but the removed ones."""

    kind: Literal["same", "removed", "added"]
    text: str


@dataclass(frozen=True, slots=True)
class Passage:
    """A message of a prompt, or a paragraph of another text (role ""), in both versions.

    `old_index` and `new_index` count from 1, `old_lines` and `new_lines` are first and last line in the file; None
    where a side does not have it. `moved`: it stands elsewhere among the others than it did.
    """

    state: State
    role: str
    old_role: str
    old_index: int | None
    new_index: int | None
    old_lines: Lines | None
    new_lines: Lines | None
    moved: bool
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """One named value: `group` is settings, variables, output, partials, shape, card or weights.

    `key` is how the file spells it, `label` how people say it; `old` and `new` are texts to read, None where a
    side does not have it; `note` says more, such as that the type changed.
    """

    group: str
    key: str
    label: str
    state: State
    old: str | None
    new: str | None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Consequence:
    """What follows for others. Level: breaks (some callers will fail), warns (look out), says (good to know)."""

    level: Level
    code: str
    subject: str
    message: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """What changed in one file.

    `readable` is False when a side could not be read as its kind, and so was compared as text; `notes` says why,
    and names what differs but means nothing (comments, layout). `moved_from` is the old path of a renamed file.
    """

    path: str
    kind: Kind
    state: State
    moved_from: str = ""
    consequences: tuple[Consequence, ...] = ()
    rows: tuple[Row, ...] = ()
    passages: tuple[Passage, ...] = ()
    notes: tuple[str, ...] = ()
    readable: bool = field(default=True)

    @property
    def same(self) -> bool:
        """Whether nothing differs."""
        return self.state == "same" and not self.moved_from

    def as_dict(self) -> dict[str, Any]:
        """The comparison as JSON."""
        return asdict(self)
