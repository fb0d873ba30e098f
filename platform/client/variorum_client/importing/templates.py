"""Templates put together so that they render to the same characters: texts, tags, messages.

Dotprompt trims the whole template, drops lines that hold only a block tag, and reads `{{` and backslashes before it.
Everything here is about not being caught by that.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from variorum_client.formats.handlebars.expressions import BLOCK_HELPERS, VALUE_HELPERS

_SIMPLE = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_TAKEN = VALUE_HELPERS | BLOCK_HELPERS | {"else"}
_WORDS = frozenset({"true", "false", "null", "undefined", "this", "as"})
_RUN = re.compile(r"[\\{]+")
_BLOCK = re.compile(r"\{\{~?(?:[#/>^!]|else\b)")
_FENCE = re.compile(r"(?:[ \t]*\n|#[^\n]*\n)*---")
NOTHING = "{{!}}"


class Tag(str):
    """A Handlebars tag, written as it stands."""

    __slots__ = ()


class Line(Tag):
    """A tag that drops its line when it has it to itself, as Handlebars does it."""

    __slots__ = ()


Part: TypeAlias = str  # a Tag is written as it is, any other text so that it renders as it is


@dataclass(slots=True)
class Message:
    """One message: a Dotprompt role, or `history` for the conversation so far, and its content."""

    role: str
    parts: list[Part] = field(default_factory=list)

    def is_blank(self) -> bool:
        """Whether it would be dropped: Dotprompt has no empty messages."""
        return self.role != "history" and not any(isinstance(part, Tag) or part.strip() for part in self.parts)


def path_text(steps: Sequence[str], *, root: bool = False) -> str:
    """A path to a value, such as a.b, rows.[0].name or [first name]; `root` begins it at the input."""
    found = [step if _SIMPLE.fullmatch(step) and step not in _WORDS else f"[{step}]" for step in steps]
    if root:
        return ".".join(["@root", *found])
    return f"this.{found[0]}" if len(found) == 1 and found[0] in _TAKEN else ".".join(found)


def is_name(name: str) -> bool:
    """Whether a variable of this name can be written at all."""
    return bool(name) and not re.search(r"[\]\[{}~]|[\r\n]", name)


def variable(*steps: str) -> Tag:
    """The tag that prints a value."""
    return Tag("{{" + path_text(steps) + "}}")


def include(path: str, into: str) -> Tag | None:
    """The tag that includes the partial of a prompt's file; None when its path cannot stand in a tag."""
    name = "/".join(part for part in (into, path.removesuffix(".prompt")) if part)
    return Tag("{{> " + name + "}}") if re.fullmatch(r"[A-Za-z0-9_./-]+", name) else None


def partial_file(path: str) -> str:
    """Where the partial of a prompt's file lives: a/b.prompt has a/_b.prompt."""
    folder, slash, last = path.rpartition("/")
    return f"{folder}{slash}_{last}"


def partial_of(messages: Sequence[Message], *, whole: bool) -> str:
    """The text of a partial: messages with their roles, or (`whole` false) only what their content is.

    A partial has no front matter, so nothing of it may look like one.
    """
    body = template_of(messages) if whole else "".join(content_of(message.parts) for message in messages)
    return NOTHING * 2 + body if _FENCE.match(body) else body


def comment(text: str) -> Tag:
    """A comment, which renders to nothing."""
    return Tag("{{!-- " + text.replace("--", "- -").replace("\r", "") + " --}}")


def template_of(messages: Sequence[Message]) -> str:
    """The template whose messages are these. One message of the user needs no role."""
    texts = [content_of(message.parts) for message in messages]
    if len(messages) == 1 and messages[0].role == "user" and texts[0] == texts[0].strip():
        return texts[0]
    written = ""
    for message, text in zip(messages, texts, strict=True):
        before = "{{" if written == "" or written[-1].isspace() else "\n{{~"
        after = "}}" if text[:1].isspace() else "~}}\n"
        tag = "history" if message.role == "history" else f'role "{message.role}"'
        written += f"{before}{tag}{after}{text}" if text else f"{before}{tag}}}}}"
    # What is trimmed at the end of a template is kept by a role that says nothing.
    return written + (f'{{{{role "{messages[-1].role}"}}}}' if written[-1:].isspace() else "")


def content_of(parts: Sequence[Part]) -> str:
    """Texts escaped, tags as they are, and lines that hold only a tag kept as lines."""
    merged = _merged(parts)
    written = []
    for index, part in enumerate(merged):
        if isinstance(part, Tag):
            written.append(part + (NOTHING if _is_alone(merged, index) else ""))
        else:
            follows = index + 1 < len(merged)
            written.append(escaped(part, before_tag=follows))
    return "".join(written)


def _merged(parts: Sequence[Part]) -> list[Part]:
    found: list[Part] = []
    for part in parts:
        if not isinstance(part, Tag) and found and not isinstance(found[-1], Tag):
            found[-1] += part
        elif part:
            found.append(part)
    return found


def _is_alone(parts: Sequence[Part], index: int) -> bool:
    """Whether a block tag, partial or comment has its line to itself, so that Handlebars would drop the line."""
    part = parts[index]
    if isinstance(part, Line) or not _BLOCK.match(part) or part.endswith("~}}"):
        return False
    before = parts[index - 1] if index else "\n"
    after = parts[index + 1] if index + 1 < len(parts) else "\n"
    if isinstance(before, Tag) or isinstance(after, Tag):
        return False
    starts = not before.rpartition("\n")[2].strip(" \t") and ("\n" in before or index < 2)
    return starts and not after.partition("\n")[0].strip(" \t\r")


def escaped(text: str, *, before_tag: bool = False) -> str:
    """A text in a template: `{{` is written `\\{{`, and what that cannot say stands in a raw block."""

    def written(match: re.Match[str]) -> str:
        run, ends = match.group(), before_tag and match.end() == len(text)
        if run == "{{" and not ends:
            return "\\{{"
        return "{{{{raw}}}}" + run + "{{{{/raw}}}}" if "{{" in run or ends else run

    return _RUN.sub(written, text)
