"""What stands inside a tag: paths, literals, helper calls, named arguments, block parameters."""

import re
from dataclasses import dataclass

from variorum_client.formats.handlebars.nodes import Call, Expr, Literal, Path, TemplateError

VALUE_HELPERS = frozenset({"lookup", "log", "json", "role", "history", "section", "media"})
BLOCK_HELPERS = frozenset({"if", "unless", "each", "with", "ifEquals", "unlessEquals"})
MAX_DEPTH = 30
_TOKEN = re.compile(
    r"""(?P<blank>\s+)|(?P<params>as\s+\|(?P<names>[^|]*)\|)|(?P<open>\()|(?P<close>\))"""
    r"""|(?P<text>"(?:\\"|[^"])*"|'(?:\\'|[^'])*')"""
    r"""|(?P<word>(?:\[[^\]]*\]|[^\s()\[\]"'=|])+)|(?P<equals>=)"""
)
_SEGMENT = re.compile(r"\[(?P<literal>[^\]]*)\]|\.\.|[./]|[^./\[\]]+")
_BAD_NAME = re.compile(r"[\s!\"#%&'()*+,;<=>@\[\\\]^`{|}~]")
_NUMBER = re.compile(r"-?[0-9]{1,300}(?:\.[0-9]{1,300})?")
_CONSTANTS: dict[str, object] = {"true": True, "false": False, "null": None, "undefined": None}


@dataclass(slots=True)
class Header:
    """The inside of a tag: positional expressions (the first may be a helper's name), named ones, parameters."""

    items: list[Expr]
    named: list[tuple[str, Expr]]
    params: tuple[str, ...]
    offset: int


def parse_header(body: str, offset: int) -> Header:
    """Parse the inside of a tag that begins at `offset`. Raises TemplateError."""
    return _Parser(body, offset).header()


def as_value(header: Header) -> Expr:
    """The expression of an output tag or of brackets: a helper call, a path or a literal."""
    head = header.items[0]
    name = head.text if isinstance(head, Path) else None
    called = bool(header.named) or len(header.items) > 1
    if name in BLOCK_HELPERS and called:
        raise TemplateError(header.offset, "block_helper", f"'{name}' is a block: write {{{{#{name} …}}}}.")
    if name in VALUE_HELPERS:
        return _checked(Call(name, tuple(header.items[1:]), tuple(header.named), header.offset))
    if called:
        raise unknown_helper(header.offset, name)
    return head


def unknown_helper(offset: int, name: str | None) -> TemplateError:
    """The error for a call of something that is no helper."""
    known = ", ".join(sorted(VALUE_HELPERS | BLOCK_HELPERS))
    return TemplateError(offset, "unknown_helper", f"'{name}' is not a helper; there are {known}.")


def _checked(call: Call) -> Call:
    """Refuse a helper without its argument: it would print nothing, and often a variable of that name was meant."""
    needs = {"json": 1, "role": 1, "section": 1, "lookup": 2}.get(call.name, 0)
    if len(call.args) < needs or (call.name == "media" and "url" not in dict(call.named)):
        wanted = "url=…" if call.name == "media" else f"{needs} argument{'s' if needs > 1 else ''}"
        message = (
            f"The helper '{call.name}' needs {wanted}; for a variable of that name write {{{{this.{call.name}}}}}."
        )
        raise TemplateError(call.offset, "helper_argument", message)
    role = call.args[0] if call.name == "role" else None
    if isinstance(role, Literal) and role.value not in ROLES:
        message = f"'{role.value}' is not a role: use {', '.join(ROLES)}."
        raise TemplateError(call.offset, "unknown_role", message)
    return call


ROLES = ("system", "user", "model", "tool")


class _Parser:
    def __init__(self, body: str, offset: int) -> None:
        self.body, self.offset, self.index, self.depth = body, offset, 0, 0

    def header(self) -> Header:
        header = self._items(None)
        if self.index < len(self.body):
            raise self._fault("This bracket closes nothing: remove it.")
        return header

    def _items(self, closing: str | None) -> Header:
        header = Header([], [], (), self.offset + self.index)
        while (token := self._next()) is not None and token.lastgroup != "close":
            self._take(token, header)
        if token is not None and closing is None:
            self.index = token.start()
        if token is None and closing is not None:
            raise self._fault("This bracket is not closed: add a ')'.")
        if not header.items:
            raise self._fault("The tag is empty: write a variable or a helper in it.")
        return header

    def _take(self, token: re.Match[str], header: Header) -> None:
        if not header.items:
            header.offset = self.offset + token.start()
        if token["params"] is not None:
            header.params = tuple(token["names"].split())
        elif token["word"] is not None and self.body.startswith("=", token.end()):
            self.index += 1
            header.named.append((self._name(token), self._value(self._next())))
        else:
            header.items.append(self._value(token))

    def _name(self, token: re.Match[str]) -> str:
        if _BAD_NAME.search(token["word"]):
            raise self._fault(f"'{token['word']}' cannot name an argument.", token.start())
        return token["word"]

    def _value(self, token: re.Match[str] | None) -> Expr:
        if token is None:
            raise self._fault("A value is missing here.")
        if token["text"] is not None:
            quote = token["text"][0]
            return Literal(token["text"][1:-1].replace("\\" + quote, quote))
        if token["word"] is not None:
            return self._word(token["word"], token.start())
        if token["open"] is not None:
            return self._brackets()
        raise self._fault(f"'{token.group()}' does not belong here.", token.start())

    def _brackets(self) -> Expr:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self._fault(f"Brackets are nested deeper than {MAX_DEPTH} levels.")
        header = self._items(")")
        self.depth -= 1
        return as_value(header)

    def _next(self) -> re.Match[str] | None:
        while self.index < len(self.body):
            token = _TOKEN.match(self.body, self.index)
            if token is None:
                raise self._fault(f"'{self.body[self.index]}' does not belong here.")
            self.index = token.end()
            if token.lastgroup != "blank":
                return token
        return None

    def _word(self, word: str, start: int) -> Expr:
        if word in _CONSTANTS:
            return Literal(_CONSTANTS[word])
        if _NUMBER.fullmatch(word):
            return Literal(float(word) if "." in word else int(word))
        return self._path(word, start)

    def _path(self, word: str, start: int) -> Path:
        data = word.startswith("@")
        up, scoped, steps = 0, False, list[str]()
        for match in _SEGMENT.finditer(word, data):
            segment = match.group()
            if match["literal"] is not None:
                steps.append(match["literal"])
            elif segment == ".." and not steps:
                up += 1
            elif segment in ("this", ".", "/") and not steps:
                scoped = scoped or segment != "/"
            elif segment not in (".", "/", "this"):
                steps.append(self._step(segment, word, start))
        if data and not steps and not up:
            raise self._fault("'@' alone names nothing.", start)
        return Path(up, data, tuple(steps), scoped or up > 0, word, self.offset + start)

    def _step(self, segment: str, word: str, start: int) -> str:
        if segment.isdigit():
            raise self._fault(f"'{word}': an index is written in square brackets, as items.[{segment}].", start)
        if segment == ".." or _BAD_NAME.search(segment):
            raise self._fault(f"'{word}' is not a path to a variable.", start)
        return segment

    def _fault(self, message: str, index: int | None = None) -> TemplateError:
        where = self.index if index is None else index
        return TemplateError(self.offset + where, "bad_expression", message)
