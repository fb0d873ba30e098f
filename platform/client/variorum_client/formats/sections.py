"""A prompt's source cut into the messages that it writes, each with its lines: what diff, blame and merge work on."""

from dataclasses import dataclass

from variorum_client.formats.front import split_source
from variorum_client.formats.handlebars.nodes import TemplateError
from variorum_client.formats.handlebars.tokens import Tag, tokenize
from variorum_client.formats.problems import FormatError


@dataclass(frozen=True, slots=True)
class SourceMessage:
    """One message of a source, from its marker to the next one.

    role: system, user, model or tool; "history" for {{history}}; the expression where a template computes it.
    first_line is the marker's, last_line that of the last character that is no blank; both count from 1 in the
    file. text: what follows the marker, trimmed. start, end: offsets in the source, the marker and trailing
    blanks included, so that the messages of a source and what stands before them add up to it.
    """

    role: str
    first_line: int
    last_line: int
    text: str
    start: int
    end: int


def source_messages(source: str) -> list[SourceMessage]:
    """The messages of a prompt's source in their order; text before the first marker is the user's.

    Markers within blocks and conditions count too. A source that cannot be cut up is one message of the user,
    an empty one has none. Never raises.
    """
    try:
        parts = split_source(source)
        tags = [part for part in tokenize(parts.template) if isinstance(part, Tag)]
    except (FormatError, TemplateError):
        return _messages(source, [("user", 0, 0)])
    at = parts.template_start
    marks = [(role, at + tag.start, at + _end_of(parts.template, tag)) for tag in tags if (role := _role_of(tag))]
    return _messages(source, [("user", at, at), *marks])


def _role_of(tag: Tag) -> str | None:
    """The role that a tag begins, None for any other tag."""
    if tag.raw or tag.triple:
        return None
    name, _, rest = tag.body.partition(" ")
    if tag.body == "history":
        return "history"
    return rest.strip().strip("\"'") if name == "role" else None


def _end_of(template: str, tag: Tag) -> int:
    return template.index("}}", tag.offset + len(tag.body)) + 2


def _messages(source: str, marks: list[tuple[str, int, int]]) -> list[SourceMessage]:
    ends = [start for _, start, _ in marks[1:]] + [len(source)]
    found = [_message(source, *mark, end) for mark, end in zip(marks, ends, strict=True)]
    return found if found[0].text else found[1:]


def _message(source: str, role: str, start: int, text_start: int, end: int) -> SourceMessage:
    trimmed = source[start:end].rstrip()
    lead = len(trimmed) - len(trimmed.lstrip())
    first = source.count("\n", 0, start + lead) + 1
    last = max(first, source.count("\n", 0, start + len(trimmed)) + 1)
    return SourceMessage(role, first, last, source[text_start:end].strip(), start, end)
