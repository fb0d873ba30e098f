"""PromptL's nodes as messages: what is printed, decided and looped over, in Handlebars."""

import re

from variorum_client.importing.fronts import file_of
from variorum_client.importing.jinja import Converter, steps_of
from variorum_client.importing.promptl_files import find, name_of, references
from variorum_client.importing.promptl_parse import Node, parse
from variorum_client.importing.shapes import ImportRefused, Settings, Version
from variorum_client.importing.templates import Message, Part, Tag, include, path_text

_ROLES = {"system": "system", "developer": "system", "user": "user", "assistant": "model", "tool": "tool"}
_ASSIGNED = re.compile(r"(?P<name>[A-Za-z_]\w*)\s*=(?!=)\s*(?P<value>.+)", re.DOTALL)
_LITERAL = re.compile(r"\"[^\"\\]*\"|'[^'\\]*'|-?\d+(?:\.\d+)?|true|false")
MAX_DEPTH = 20


class Writer:
    """Writes one call's messages. `names`: its variables; `defaults`: values that the prompt itself sets."""

    def __init__(
        self, path: str, files: dict[str, str], version: Version, settings: Settings, known: list[str]
    ) -> None:
        self.path, self.files, self.version, self.settings = path, files, version, settings
        self.converter = Converter(version)
        self.defaults: dict[str, object] = {}
        self.included: list[str] = []
        self.known = known
        self.found: list[Message] = []

    @property
    def names(self) -> list[str]:
        """Every variable that a caller may give."""
        return [*self.converter.scope.names, *self.included]

    def messages(self, nodes: list[Node]) -> list[Message]:
        """The messages; text between message tags is the system's. Raises ImportRefused."""
        self.found, stray = [], list[Node]()
        for node in nodes:
            if is_message(node):
                self._message("system", stray)
                stray = []
                self._message(self._role(node), node.children)
            elif _has_message(node):
                raise ImportRefused(f"line {node.line}: a message inside of `{node.text[:40]}` has no counterpart.")
            else:
                stray.append(node)
        self._message("system", stray)
        return self.found

    def _role(self, node: Node) -> str:
        role = node.attributes.get("role") if node.text == "message" else node.text
        if not isinstance(role, str) or role not in _ROLES:
            raise ImportRefused(f"line {node.line}: the role of this message is not one of {', '.join(_ROLES)}.")
        for name in node.attributes.keys() - {"role"}:
            self.version.lose(f"line {node.line}", name, "a message has only a role and a content: left out")
        return _ROLES[role]

    def _message(self, role: str, nodes: list[Node]) -> None:
        message = Message(role, _dedented(self._parts(nodes)))
        if not message.is_blank():
            self.found.append(message)

    def _parts(self, nodes: list[Node]) -> list[Part]:
        return [part for node in nodes for part in self._node(node)]

    def _node(self, node: Node) -> list[Part]:
        place = f"line {node.line}"
        match node.kind:
            case "text":
                return [node.text]
            case "comment":
                self.version.lose(place, node.text[:80] or "a comment", "is a comment: left out")
                return []
            case "print":
                return self._print(node.text, place)
            case "if":
                return self._if(node, place)
            case "for":
                return self._for(node, place)
        return self._tag(node, place)

    def _print(self, text: str, place: str) -> list[Part]:
        assigned = _ASSIGNED.fullmatch(text)
        if assigned:
            return self._assign(assigned, place)
        steps = steps_of(text)
        if _LITERAL.fullmatch(text):
            return [text.strip("\"'")]
        if steps is None or steps[0] in ("null", "undefined"):
            raise ImportRefused(f"{place}: `{text[:60]}` prints more than a value: it has no counterpart.")
        return [Tag("{{" + self.converter.scope.path(steps) + "}}")]

    def _assign(self, match: re.Match[str], place: str) -> list[Part]:
        name, value = match["name"], match["value"].strip()
        if not _LITERAL.fullmatch(value) or name in self.defaults or self.converter.open:
            raise ImportRefused(f"{place}: `{match.group()[:60]}` computes a value: it has no counterpart.")
        plain = value.strip("\"'") if value[0] in "\"'" else {"true": True, "false": False}.get(value)
        self.defaults[name] = plain if plain is not None else float(value) if "." in value else int(value)
        self.version.lose(place, match.group()[:60], "is a default of the input here, which a caller may override")
        return []

    def _if(self, node: Node, place: str) -> list[Part]:
        name, arguments = self.converter.condition(node.text, place)
        self.converter.open.append(("if", name))
        parts = self._block("{{#" + f"{name} {arguments}", node, f"{{{{/{name}}}}}")
        self.converter.open.pop()
        return parts

    def _for(self, node: Node, place: str) -> list[Part]:
        steps = steps_of(node.text)
        if steps is None:
            raise ImportRefused(f"{place}: the loop over `{node.text[:60]}` has no counterpart.")
        path = self.converter.scope.path(steps)
        own = [str(node.attributes[key]) for key in ("item", "index") if key in node.attributes]
        self.converter.scope.loops += own
        self.converter.open.append(("for", "each"))
        parts = self._block("{{#each " + f"{path} as |{' '.join(own)}|", node, "{{/each}}")
        self.converter.open.pop()
        del self.converter.scope.loops[len(self.converter.scope.loops) - len(own) :]
        return parts

    def _block(self, opening: str, node: Node, closing: str) -> list[Part]:
        """A block with its branches; blanks at their edges go where PromptL drops them."""
        before, after = ("~" if trimmed else "" for trimmed in node.trimmed)
        parts: list[Part] = [Tag(f"{opening}{before}}}}}"), *self._parts(node.children)]
        for branch in node.branches:
            word = "else"
            if branch.kind == "elif":
                name, arguments = self.converter.condition(branch.text, f"line {branch.line}")
                word = f"else {name} {arguments}"
            parts += [Tag("{{" + after + word + before + "}}"), *self._parts(branch.children)]
        return [*parts, Tag("{{" + after + closing[2:])]

    def _tag(self, node: Node, place: str) -> list[Part]:
        if node.text == "prompt":
            return self._include(node, place)
        if node.text == "content-text" or (node.text == "content" and node.attributes.get("type") == "text"):
            return self._parts(node.children)
        if node.text == "content-image" or (node.text == "content" and node.attributes.get("type") == "image"):
            return [self._image(node, place)]
        raise ImportRefused(f"{place}: <{node.text}> has no counterpart.")

    def _image(self, node: Node, place: str) -> Tag:
        inside = [child for child in node.children if child.kind != "text" or child.text.strip()]
        if len(inside) == 1 and inside[0].kind == "print" and (steps := steps_of(inside[0].text)):
            return Tag("{{media url=" + self.converter.scope.path(steps) + "}}")
        url = inside[0].text.strip() if len(inside) == 1 and inside[0].kind == "text" else ""
        if not re.fullmatch(r"[^\s\"{}]+", url):
            raise ImportRefused(f"{place}: an image needs one address, or one variable.")
        return Tag('{{media url="' + url + '"}}')

    def _include(self, node: Node, place: str) -> list[Part]:
        """A reference as a partial, with the values that it is given by name."""
        wanted = node.attributes.get("path")
        target = find(self.path, wanted, self.files) if isinstance(wanted, str) else None
        if target is None:
            raise ImportRefused(f"{place}: it includes {wanted!r}, which is not in the source.")
        tag = include(file_of(name_of(target), Version(0)), self.settings.into)
        inner = variables_of(target, self.files, self.settings, 0)
        if tag is None:
            raise ImportRefused(f"{place}: the name of {target!r} cannot stand in a template.")
        given = {name: value for name, value in node.attributes.items() if name != "path"}
        arguments = [f"{name}={self._argument(value, place)}" for name, value in given.items() if name in inner]
        missing = [name for name in inner if name not in given]
        if missing:
            self.version.lose(place, ", ".join(missing), f"of {target} see this prompt's own values, not nothing")
            self.included += missing
        return [Tag(f"{tag[:-2]}{''.join(f' {argument}' for argument in arguments)}}}}}")]

    def _argument(self, value: str | tuple[str, str], place: str) -> str:
        text = value if isinstance(value, str) else value[1]
        if isinstance(value, str) or _LITERAL.fullmatch(text):
            inner = text if isinstance(value, str) else text.strip("\"'")
            if '"' in inner:
                raise ImportRefused(f"{place}: a value with quotes cannot be given to another prompt.")
            return f'"{inner}"' if isinstance(value, str) or text[0] in "\"'" else text
        steps = steps_of(text)
        if steps is None:
            raise ImportRefused(f"{place}: `{text[:60]}` computes a value: it has no counterpart.")
        return self.converter.scope.path(steps) if steps[0] not in ("true", "false") else path_text(steps)


def variables_of(path: str, files: dict[str, str], settings: Settings, depth: int) -> list[str]:
    """The variables of a prompt that is included, and that it is fit for it. Raises ImportRefused."""
    if depth > MAX_DEPTH:
        raise ImportRefused(f"{path} includes itself.")
    _, nodes = parse(files[path].replace("\r\n", "\n"))
    if any(node.kind == "tag" and node.text == "step" for node in nodes):
        raise ImportRefused(f"it includes {path}, which is a chain of calls.")
    for target in references(path, files[path], files):
        variables_of(target, files, settings, depth + 1)
    writer = Writer(path, files, Version(0), settings, [])
    writer.messages(nodes)
    return list(dict.fromkeys(writer.names))


def is_message(node: Node) -> bool:
    """Whether a node is a message tag."""
    return node.kind == "tag" and (node.text in _ROLES or node.text == "message")


def _has_message(node: Node) -> bool:
    return is_message(node) or any(map(_has_message, [*node.children, *node.branches]))


def _dedented(parts: list[Part]) -> list[Part]:
    """Without the indent that all lines have, and without outer blanks; a tag counts as text of its line."""
    marked = "".join("\0" if isinstance(part, Tag) else part for part in parts)
    lines = [line for line in marked.split("\n") if line.strip()]
    indent = min((len(line) - len(line.lstrip()) for line in lines), default=0)
    text = "\n".join(line[indent:] for line in marked.split("\n")).strip()
    tags = iter(part for part in parts if isinstance(part, Tag))
    pieces = re.split("(\0)", text)
    return [next(tags) if piece == "\0" else piece for piece in pieces if piece]
