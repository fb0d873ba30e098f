"""From tags to a tree of blocks."""

from dataclasses import dataclass, field

from variorum_client.formats.handlebars.expressions import (
    BLOCK_HELPERS,
    VALUE_HELPERS,
    Header,
    as_value,
    parse_header,
    unknown_helper,
)
from variorum_client.formats.handlebars.nodes import (
    Block,
    Call,
    Inline,
    Literal,
    Node,
    Output,
    Partial,
    Path,
    Program,
    TemplateError,
    Text,
)
from variorum_client.formats.handlebars.tokens import Part, Piece, Tag, tokenize

MAX_NESTING = 60
_ONE_ARGUMENT = frozenset({"if", "unless", "each", "with"})


def parse_template(source: str) -> Program:
    """Parse a template. Raises TemplateError with the offset of the fault."""
    return _Parser(tokenize(source)).program()


@dataclass(slots=True)
class _Open:
    """A block that is being read: its tag, the name that closes it, and what was read so far."""

    tag: Tag
    name: str
    header: Header | None
    nodes: list[Node] = field(default_factory=list)
    body: Program | None = None
    inverted: bool = False
    chained: bool = False


class _Parser:
    def __init__(self, parts: list[Part]) -> None:
        self.parts = parts
        self.stack = [_Open(Tag("", 0, 0), "", None)]

    def program(self) -> Program:
        for part in self.parts:
            if isinstance(part, Piece):
                self._text(part)
            else:
                self._tag(part)
        if len(self.stack) > 1:
            tag = self.stack[-1].tag
            message = f"The block '{self.stack[-1].name}' is not closed: end it with {{{{/{self.stack[-1].name}}}}}."
            raise TemplateError(tag.start, "unclosed_block", message)
        return tuple(self.stack[0].nodes)

    def _text(self, piece: Piece) -> None:
        if not piece.text:
            return
        marker = piece.text.find("<<<dotprompt:")
        if marker >= 0:
            message = "A message marker is not written out: use {{role …}}, {{history}}, {{media …}} or {{section …}}."
            raise TemplateError(piece.offset + marker, "marker_in_text", message)
        self.stack[-1].nodes.append(Text(piece.text, piece.offset))

    def _tag(self, tag: Tag) -> None:
        body = tag.body
        if body.startswith("!") and not tag.triple:
            return
        if tag.triple or (body[:1] not in ("#", "/", "^", ">", "*") and not _is_else(body)):
            self._output(tag)
        elif body.startswith("/"):
            self._close(tag)
        elif _is_else(body) or body == "^":
            self._else(tag)
        elif body.startswith(">"):
            self.stack[-1].nodes.append(_partial(tag, _header(tag, 1), None))
        elif body.startswith("*"):
            raise TemplateError(tag.start, "decorator", "Decorators other than {{#*inline}} are not supported.")
        else:
            self._open(tag)

    def _output(self, tag: Tag) -> None:
        skip = 1 if tag.body.startswith("&") and not tag.triple else 0
        self.stack[-1].nodes.append(Output(as_value(_header(tag, skip))))

    def _open(self, tag: Tag) -> None:
        if len(self.stack) > MAX_NESTING:
            raise TemplateError(tag.start, "too_deep", f"Blocks are nested deeper than {MAX_NESTING} levels.")
        if tag.raw:
            self.stack.append(_Open(tag, "raw", None))
            return
        header = _header(tag, 8 if tag.body.startswith("#*inline") else 2 if tag.body.startswith("#>") else 1)
        name = "inline" if tag.body.startswith("#*inline") else _head_text(header)
        self.stack.append(_Open(tag, name, header, inverted=tag.body.startswith("^")))

    def _else(self, tag: Tag) -> None:
        block = self.stack[-1]
        if len(self.stack) == 1 or block.header is None:
            raise TemplateError(tag.start, "stray_else", "This else belongs to no block.")
        if block.body is not None:
            raise TemplateError(tag.start, "stray_else", "The block already has an else: remove one.")
        block.body, block.nodes = tuple(block.nodes), []
        if len(tag.body) > len("else"):
            header = _header(tag, len("else"))
            if len(self.stack) > MAX_NESTING:
                raise TemplateError(tag.start, "too_deep", f"Blocks are nested deeper than {MAX_NESTING} levels.")
            self.stack.append(_Open(tag, _head_text(header), header, chained=True))

    def _close(self, tag: Tag) -> None:
        name = tag.body[1:].strip()
        while self.stack[-1].chained:
            self._finish()
        if len(self.stack) == 1 or self.stack[-1].name != name:
            wanted = f" The open block is '{self.stack[-1].name}'." if len(self.stack) > 1 else ""
            raise TemplateError(tag.start, "stray_close", f"{{{{/{name}}}}} closes nothing here.{wanted}")
        self._finish()

    def _finish(self) -> None:
        block = self.stack.pop()
        body = block.body if block.body is not None else tuple(block.nodes)
        inverse = tuple(block.nodes) if block.body is not None else ()
        if block.header is None:
            self.stack[-1].nodes.extend(body)
            return
        self.stack[-1].nodes.append(_node(block, body, inverse))


def _is_else(body: str) -> bool:
    return body == "else" or (body.startswith("else") and body[4].isspace())


def _header(tag: Tag, skip: int) -> Header:
    return parse_header(tag.body[skip:], tag.offset + skip)


def _head_text(header: Header) -> str:
    head = header.items[0]
    return head.text if isinstance(head, Path) else str(head.value) if isinstance(head, Literal) else ""


def _node(block: _Open, body: Program, inverse: Program) -> Node:
    header = block.header
    if header is None:
        raise AssertionError("a raw block has no node of its own")
    if block.tag.body.startswith("#*inline"):
        return Inline(_head_text(header), body)
    if block.tag.body.startswith("#>"):
        return _partial(block.tag, header, body)
    return _block(header, inverse if block.inverted else body, body if block.inverted else inverse)


def _block(header: Header, body: Program, inverse: Program) -> Block:
    head, name = header.items[0], _head_text(header)
    call = Call(name, tuple(header.items[1:]), tuple(header.named), header.offset)
    if name in _ONE_ARGUMENT and len(call.args) != 1:
        raise TemplateError(call.offset, "helper_argument", f"'{name}' needs exactly one argument.")
    if name in BLOCK_HELPERS:
        if len(call.args) < 2 and name not in _ONE_ARGUMENT:
            raise TemplateError(call.offset, "helper_argument", f"'{name}' needs two arguments.")
        return Block(call, None, header.params, body, inverse)
    if name in VALUE_HELPERS:
        raise TemplateError(call.offset, "block_helper", f"'{name}' is not a block: write {{{{{name} …}}}}.")
    if call.args or call.named or not isinstance(head, Path):
        raise unknown_helper(call.offset, name)
    return Block(call, head, header.params, body, inverse)


def _partial(tag: Tag, header: Header, fallback: Program | None) -> Partial:
    head = header.items[0]
    name = head if isinstance(head, Call) else _head_text(header)
    if len(header.items) > 2:
        raise TemplateError(tag.start, "helper_argument", "A partial takes one context at most.")
    context = header.items[1] if len(header.items) > 1 else None
    return Partial(name, context, tuple(header.named), tag.indent, fallback, header.offset)
