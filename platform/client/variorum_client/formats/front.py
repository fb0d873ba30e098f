"""The front matter of a Dotprompt file: found, read and edited in place."""

import re
from dataclasses import dataclass

import yaml

from variorum_client.formats.problems import FormatError, refuse
from variorum_client.formats.yamls import Json, Node, load_yaml

_LINE = re.compile(r"[^\n]*(?:\n|\Z)")
_FENCE = re.compile(r"---[ \t]*\r?\n?")


@dataclass(frozen=True, slots=True)
class Parts:
    """A source cut up: the YAML between the fences (None without fences), where it begins, and the template."""

    yaml: str | None
    start: int
    first_line: int
    template: str
    template_start: int


def split_source(source: str, path: str = "") -> Parts:
    """Find the front matter. Blank lines and lines that begin with # may stand before it.

    With front matter the template is stripped, as Dotprompt does; without, it is the whole source.
    Raises FormatError when the closing --- is missing.
    """
    opening = _opening(source)
    if opening is None:
        return Parts(None, 0, 1, source, 0)
    start = opening.end()
    line = source.count("\n", 0, start) + 1
    for match in _LINE.finditer(source, start):
        if _FENCE.fullmatch(match.group()):
            body = source[match.end() :]
            template = body.strip()
            offset = match.end() + len(body) - len(body.lstrip())
            return Parts(source[start : match.start()], start, line, template, offset)
        if match.end() == len(source):
            break
    raise refuse(path, "open_front_matter", "The front matter is not closed: add a line with ---.", line=line - 1)


def _opening(source: str) -> re.Match[str] | None:
    for match in _LINE.finditer(source):
        line = match.group()
        if _FENCE.fullmatch(line) and line.endswith("\n"):
            return match
        if _FENCE.fullmatch(line):
            raise refuse("", "open_front_matter", "The front matter is not closed: add a line with ---.")
        if (line.strip() and not line.startswith("#")) or match.end() == len(source):
            return None
    return None


def read_front(parts: Parts, path: str = "") -> Node:
    """The front matter as a node whose value is a mapping. Raises FormatError."""
    root = load_yaml(parts.yaml or "", path, aliases=False, first_line=parts.first_line)
    if root.value is None:
        root.value = {}
    if not isinstance(root.value, dict):
        message = "The front matter must be a mapping: write lines such as `model: local/smollm2-135m`."
        raise refuse(path, "front_matter", message, line=root.line, column=root.column)
    return root


def edit_front(source: str, key: str | tuple[str, ...], value: Json, path: str = "") -> str:
    """The source with one field of the front matter set, or removed when value is None.

    A tuple leads into mappings: ("config", "temperature"); a text is one top-level key, dots included. All
    else, comments too, stays as it was. Raises FormatError when the field cannot be edited in place.
    """
    where = (key,) if isinstance(key, str) else key
    parts = split_source(source, path)
    root = read_front(parts, path)
    while value is None and len(where) > 1 and root.at(*where[:-1]).keys.keys() == {where[-1]}:
        where = where[:-1]
    wanted = _changed(root.value if isinstance(root.value, dict) else {}, where, value)
    edited = _edit(source, parts, where, value, path)
    if read_front(split_source(edited, path), path).value != wanted:
        raise refuse(path, "cannot_edit", f"'{'.'.join(where)}' cannot be set here: edit the text itself.")
    return edited


def _changed(front: dict[str, Json], where: tuple[str, ...], value: Json) -> dict[str, Json]:
    changed = dict(front)
    inner = changed.get(where[0])
    if len(where) > 1:
        deeper = _changed(dict(inner) if isinstance(inner, dict) else {}, where[1:], value)
        changed[where[0]] = deeper
    elif value is None:
        changed.pop(where[0], None)
    else:
        changed[where[0]] = value
    return changed


def _edit(source: str, parts: Parts, where: tuple[str, ...], value: Json, path: str) -> str:
    if parts.yaml is None:
        return source if value is None else f"---\n{_field(where, value, 0)}---\n{source}"
    root = read_front(parts, path)
    depth = 0
    while (
        depth < len(where) - 1
        and where[depth] in root.at(*where[:depth]).children
        and root.at(*where[: depth + 1]).block
    ):
        depth += 1
    return _splice(source, parts, root, where, depth, value)


def _splice(source: str, parts: Parts, root: Node, where: tuple[str, ...], depth: int, value: Json) -> str:
    """Replace, remove or append the lines of the field in the innermost block mapping that has it."""
    parent = root.at(*where[:depth])
    current = root.value
    for part in where[: depth + 1]:
        current = current.get(part) if isinstance(current, dict) else None
    rest = where[depth + 1 :]
    if rest and isinstance(current, dict):
        value, rest = _changed(current, rest, value), ()
    text = parts.yaml or ""
    if _is_scalar(value) and not rest and _is_scalar(parent.children.get(where[depth], parent).value):
        child = parent.children[where[depth]]
        new = _inline(value)
        start, end = child.start, child.end
    elif where[depth] in parent.keys:
        start, end = _lines_of(text, parent, where[depth])
        indent = parent.keys[where[depth]].column - 1
        new = "" if value is None else _field((where[depth], *rest), value, indent)
    elif value is None:
        return source
    else:
        start = end = _end_of(text, parent) if parent.keys else len(text)
        indent = next(iter(parent.keys.values())).column - 1 if parent.keys else 0
        new = _field((where[depth], *rest), value, indent)
    return source[: parts.start] + text[:start] + new + text[end:] + source[parts.start + len(text) :]


def _is_scalar(value: Json) -> bool:
    return isinstance(value, bool | int | float) or (isinstance(value, str) and "\n" not in value)


def _inline(value: Json) -> str:
    dumped = yaml.dump(value, Dumper=_Dumper, allow_unicode=True, width=10_000)
    return dumped.removesuffix("\n").removesuffix("\n...")


def dump_flow(value: Json) -> str:
    """A mapping or list on one line, as load_yaml reads it back."""
    dumped = yaml.dump(value, Dumper=_Dumper, default_flow_style=True, sort_keys=False, allow_unicode=True, width=10**6)
    return dumped.strip()


def _lines_of(text: str, parent: Node, key: str) -> tuple[int, int]:
    """From the start of the key's line to the end of the last line of its value."""
    start = text.rfind("\n", 0, parent.keys[key].start) + 1
    return start, after_value(text, parent.children[key])


def _end_of(text: str, parent: Node) -> int:
    return after_value(text, list(parent.children.values())[-1])


def after_value(text: str, node: Node) -> int:
    """The start of the line after a value; block values end where the next token begins, so blanks are given back."""
    end = node.end
    while node.block and node.children:
        node = list(node.children.values())[-1]
        end = node.end
    if end > node.start and text[end - 1 : end] == "\n":
        return end
    newline = text.find("\n", end)
    return len(text) if newline < 0 else newline + 1


def _field(where: tuple[str, ...], value: Json, indent: int) -> str:
    for part in reversed(where):
        value = {part: value}
    dumped = yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=10_000)
    return "".join(" " * indent + line for line in dumped.splitlines(keepends=True))


def print_front(front: dict[str, Json]) -> str:
    """A front matter with its fences; read_front gives the same values back."""
    fields = "".join(_field((key,), value, 0) for key, value in front.items())
    return f"---\n{fields}---\n"


class _Dumper(yaml.SafeDumper):
    """Writes what load_yaml reads back: texts that look like something else are quoted, many lines are a block."""

    def ignore_aliases(self, _data: object) -> bool:
        return True


def _write_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    if "\n" in text and text.strip() == text.rstrip("\n") and "\t" not in text:
        return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|")
    plain = False
    try:
        plain = "\n" not in text and load_yaml(text).value == text
    except FormatError:
        plain = False
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=None if plain else '"')


_Dumper.add_representer(str, _write_text)
