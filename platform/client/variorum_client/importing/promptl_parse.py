"""PromptL source cut into nodes, by the rules of its own parser (github.com/latitude-dev/promptl, src/parser/state).

Only the reserved tags are tags, any other `<` is text; a backslash takes the next character literally; `/* */` and
`<!-- -->` are comments; `{{ if }}`, `{{ else if }}`, `{{ else }}`, `{{ endif }}`, `{{ for item, index in list }}`,
`{{ endfor }}` are blocks, whose outer blanks are dropped when a blank stands outside of them.
"""

import re
from dataclasses import dataclass, field

from variorum_client.importing.shapes import ImportRefused

TAGS = (
    *("message", "system", "user", "assistant", "developer", "tool", "content", "content-text", "content-image"),
    *("content-file", "tool-call", "prompt", "scope", "step"),
)
_CONFIG = re.compile(r"\A\s*---(?P<yaml>.*?)\n\s*---[ \t]*(?:\n|\Z)", re.DOTALL)
_TAG = re.compile(rf"<(?P<close>/?)(?P<name>{'|'.join(map(re.escape, sorted(TAGS, key=len, reverse=True)))})(?=[\s/>])")
_NAME = re.compile(r"[^\s=/>\"']+")
_FOR = re.compile(
    r"for\s+(?P<item>[A-Za-z_$][\w$]*)\s*(?:,\s*(?P<index>[A-Za-z_$][\w$]*)\s*)?in\s+(?P<list>.+)", re.DOTALL
)


@dataclass(slots=True)
class Node:
    """A piece of a prompt. kind: text, print (an expression), comment, tag, if, elif, else, for; `line` from 1.

    `text` is the text, expression, comment or tag name; `attributes` of a tag: name to text, or ("expression", …).
    A block's branches are its children: the first are its own, `branches` holds what follows each else.
    """

    kind: str
    text: str
    line: int
    attributes: dict[str, str | tuple[str, str]] = field(default_factory=dict)
    children: list["Node"] = field(default_factory=list)
    branches: list["Node"] = field(default_factory=list)
    trimmed: tuple[bool, bool] = (False, False)


def parse(source: str) -> tuple[str | None, list[Node]]:
    """The configuration's YAML, and the nodes. Raises ImportRefused with the line."""
    match = _CONFIG.match(source)
    parser = _Parser(source, match.end() if match else 0)
    return (match["yaml"] if match else None), parser.run()


class _Parser:
    def __init__(self, source: str, start: int) -> None:
        self.source, self.index = source, start
        self.top = Node("tag", "", 1)
        self.stack: list[tuple[Node, list[Node], int]] = [(self.top, self.top.children, start)]

    def run(self) -> list[Node]:
        while self.index < len(self.source):
            self._next()
        if len(self.stack) > 1:
            node = self.stack[-1][0]
            raise ImportRefused(f"line {node.line}: `{node.text[:40] or node.kind}` is not closed.")
        return self.top.children

    @property
    def line(self) -> int:
        return self.source.count("\n", 0, self.index) + 1

    def _add(self, node: Node) -> Node:
        self.stack[-1][1].append(node)
        return node

    def _next(self) -> None:
        for opening, closing in (("/*", "*/"), ("<!--", "-->")):
            if self.source.startswith(opening, self.index):
                return self._comment(opening, closing)
        if self.source.startswith("{{", self.index):
            return self._mustache()
        match = _TAG.match(self.source, self.index)
        return self._tag(match) if match else self._text()

    def _comment(self, opening: str, closing: str) -> None:
        end = self.source.find(closing, self.index + len(opening))
        if end < 0:
            raise ImportRefused(f"line {self.line}: this comment is not closed.")
        self._add(Node("comment", self.source[self.index + len(opening) : end].strip(), self.line))
        self.index = end + len(closing)

    def _text(self) -> None:
        start, text = self.line, ""
        while self.index < len(self.source):
            if self.source[self.index] == "\\" and self.index + 1 < len(self.source):
                text += self.source[self.index + 1]
                self.index += 2
                continue
            ends = self.source.startswith(("{{", "/*", "<!--"), self.index) or _TAG.match(self.source, self.index)
            if ends and text:
                break
            text += self.source[self.index]
            self.index += 1
        self._add(Node("text", text, start))

    def _tag(self, match: re.Match[str]) -> None:
        line, name = self.line, match["name"]
        self.index = match.end()
        if match["close"]:
            self.index = self._expect(">")
            if len(self.stack) < 2 or self.stack[-1][0].kind != "tag" or self.stack[-1][0].text != name:
                raise ImportRefused(f"line {line}: </{name}> closes nothing.")
            self.stack.pop()
            return
        node = self._add(Node("tag", name, line))
        self._attributes(node)
        if self.source.startswith("/", self.index):
            self.index += 1
        else:
            self.stack.append((node, node.children, match.start()))
        self.index = self._expect(">")

    def _expect(self, character: str) -> int:
        while self.index < len(self.source) and self.source[self.index].isspace():
            self.index += 1
        if not self.source.startswith(character, self.index):
            raise ImportRefused(f"line {self.line}: a {character!r} is missing.")
        return self.index + 1

    def _attributes(self, node: Node) -> None:
        while self.index < len(self.source):
            if self.source[self.index].isspace():
                self.index += 1
                continue
            match = _NAME.match(self.source, self.index)
            if match is None:
                return
            self.index = match.end()
            node.attributes[match.group()] = self._value() if self._eat("=") else "true"

    def _eat(self, text: str) -> bool:
        found = re.compile(r"\s*" + re.escape(text) + r"\s*").match(self.source, self.index)
        self.index = found.end() if found else self.index
        return found is not None

    def _value(self) -> str | tuple[str, str]:
        if self.source.startswith("{{", self.index):
            return "expression", self._expression()
        quote = self.source[self.index : self.index + 1]
        if quote in ("'", '"') and quote:
            end = self.source.find(quote, self.index + 1)
            text, self.index = self.source[self.index + 1 : end], end + 1
            if end < 0:
                raise ImportRefused(f"line {self.line}: this text is not closed.")
            whole = re.fullmatch(r"\{\{(.*)\}\}", text, re.DOTALL)
            return ("expression", whole[1].strip()) if whole and "{{" not in whole[1] else text
        match = re.compile(r"[^\s\"'=<>`/]+").match(self.source, self.index)
        if match is None:
            raise ImportRefused(f"line {self.line}: an attribute has no value.")
        self.index = match.end()
        return match.group()

    def _expression(self) -> str:
        """What stands between {{ and }}; braces of its own are counted, texts skipped."""
        start, depth, quote = self.index + 2, 0, ""
        for index in range(start, len(self.source)):
            character = self.source[index]
            if quote:
                quote = "" if character == quote else quote
            elif character in "'\"`":
                quote = character
            elif character == "{":
                depth += 1
            elif character == "}" and depth:
                depth -= 1
            elif self.source.startswith("}}", index):
                self.index = index + 2
                return self.source[start:index].strip()
        raise ImportRefused(f"line {self.line}: this {{{{ is not closed.")

    def _mustache(self) -> None:
        start, line = self.index, self.line
        text = self._expression()
        word = re.match(r"[a-z]*", text)
        name = word.group() if word and not text[word.end() : word.end() + 1].strip("( \t\n!") else ""
        if name in ("endif", "endfor"):
            self._end(name, line)
        elif name == "else":
            self._else(text, line)
        elif name == "if":
            self._open(Node("if", text[2:].strip(), line), start)
        elif name == "for":
            match = _FOR.fullmatch(text)
            if match is None:
                raise ImportRefused(f"line {line}: the loop `{text[:60]}` cannot be read.")
            given = {key: value for key, value in match.groupdict().items() if value}
            self._open(Node("for", match["list"].strip(), line, dict(given)), start)
        else:
            self._add(Node("print", text, line))

    def _open(self, node: Node, start: int) -> None:
        self._add(node)
        self.stack.append((node, node.children, start))

    def _else(self, text: str, line: int) -> None:
        node, _, start = self.stack[-1]
        if node.kind not in ("if", "for"):
            raise ImportRefused(f"line {line}: `else` outside of a block.")
        rest = text[4:].strip()
        branch = Node("elif", rest[2:].strip(), line) if rest.startswith("if") else Node("else", "", line)
        node.branches.append(branch)
        self.stack[-1] = (node, branch.children, start)

    def _end(self, name: str, line: int) -> None:
        node, _, start = self.stack[-1]
        if node.kind != name.removeprefix("end"):
            raise ImportRefused(f"line {line}: `{name}` closes nothing.")
        before, after = self.source[start - 1 : start] if start else "", self.source[self.index : self.index + 1]
        node.trimmed = (not before or before.isspace(), not after or after.isspace())
        self.stack.pop()
