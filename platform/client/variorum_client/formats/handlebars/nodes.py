"""The parsed template. Every offset counts characters from the start of the template."""

from dataclasses import dataclass


class TemplateError(ValueError):
    """A template that cannot be compiled: what is wrong, and at which offset."""

    def __init__(self, offset: int, code: str, message: str) -> None:
        self.offset, self.code, self.message = offset, code, message
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Literal:
    """A quoted text, a number, true, false or null."""

    value: object


@dataclass(frozen=True, slots=True)
class Path:
    """name, user.name, this, ../name, @index: `up` levels, then steps. `scoped` paths skip block parameters."""

    up: int
    data: bool
    steps: tuple[str, ...]
    scoped: bool
    text: str
    offset: int


@dataclass(frozen=True, slots=True)
class Call:
    """A helper with its arguments."""

    name: str
    args: tuple["Expr", ...]
    named: tuple[tuple[str, "Expr"], ...]
    offset: int


Expr = Literal | Path | Call


@dataclass(frozen=True, slots=True)
class Text:
    """Characters that are output as they are."""

    value: str
    offset: int


@dataclass(frozen=True, slots=True)
class Output:
    """{{expression}}."""

    value: Expr


@dataclass(frozen=True, slots=True)
class Block:
    """{{#name}} body {{else}} inverse {{/name}}; the call of a plain section is a Call without arguments."""

    call: Call
    subject: Path | None
    params: tuple[str, ...]
    body: "Program"
    inverse: "Program"


@dataclass(frozen=True, slots=True)
class Partial:
    """{{> name}}, or with a fallback body {{#> name}}. A dynamic name is an expression."""

    name: str | Expr
    context: Expr | None
    named: tuple[tuple[str, Expr], ...]
    indent: str
    fallback: "Program | None"
    offset: int


@dataclass(frozen=True, slots=True)
class Inline:
    """{{#*inline "name"}}: a partial defined within the template."""

    name: str
    body: "Program"


Node = Text | Output | Block | Partial | Inline
Program = tuple[Node, ...]
