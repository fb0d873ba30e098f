"""Prompty: `.prompty` files, YAML front matter and a text with `system:`, `user:` and `assistant:` lines.

The first format (github.com/microsoft/prompty, Prompty.yaml) has model.api, model.configuration, model.parameters,
sample, inputs, outputs, template: jinja2 or mustache; the second has model.id, model.provider, model.options, inputs or
inputSchema as a list of {name, kind, default}, and template.format. A line that is only a role begins a message
(runtime/prompty/prompty/parsers.py); text before the first is the system's; `![thread]` is where the conversation goes.
Outer blank lines of a message are trimmed. `${env:NAME}` and `${file:NAME}` are filled in by Prompty when it loads it.
"""

import re
from pathlib import PurePosixPath
from typing import Any

import yaml

from variorum_client.importing.fronts import Front, file_of
from variorum_client.importing.jinja import Converter
from variorum_client.importing.mustache import mustache_parts
from variorum_client.importing.shapes import Imported, ImportRefused, Settings, Version, plain, reading, yaml_of
from variorum_client.importing.templates import Message, Part, Tag, template_of

_FRONT = re.compile(r"\A\s*---[ \t]*\n(?P<yaml>.*?)(?:^|\n)---[ \t]*(?:\n|\Z)", re.DOTALL)
_ROLE = re.compile(
    r"^[ \t]*#?[ \t]*(?P<role>assistant|function|system|user|tools|tool|developer)(?:\[[^\]\n]*\])?[ \t]*:[ \t]*$",
    re.IGNORECASE | re.MULTILINE,
)
_THREAD = re.compile(r"^[ \t]*!\[thread\].*$", re.MULTILINE)
_IMAGE = re.compile(r"!\[[^\]]*\]\((?P<url>[^)\s]*)[^)]*\)")
_ROLES = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "model",
    "function": "tool",
    "tool": "tool",
}
_OUTSIDE = re.compile(r"\$\{(?P<kind>env|file):(?P<name>[^}]*)\}")
_KINDS = {"string": "string", "number": "number", "integer": "integer", "float": "number", "boolean": "boolean"}
_DONE = frozenset(
    {
        "name",
        "description",
        "model",
        "metadata",
        "template",
        "inputs",
        "inputSchema",
        "outputs",
        "outputSchema",
        "sample",
    }
)


def read(files: dict[str, str], settings: Settings) -> list[Imported]:
    """The prompts of these files (path below the source: text), one version each."""
    return [Imported(path, [_one(path, text, settings)]) for path, text in files.items()]


def _one(path: str, text: str, settings: Settings) -> Version:
    version = Version(1)
    with reading(version):
        _write(path, text.replace("\r\n", "\n"), version, settings)
    return version


def _write(path: str, text: str, version: Version, settings: Settings) -> None:
    head, body, line = _split(text)
    front = Front(version, settings, "prompty")
    front.description = str(head["description"]) if head.get("description") else None
    name = str(PurePosixPath(path).with_suffix(""))
    if head.get("name") and head["name"] != PurePosixPath(name).name:
        front.keep("name", head["name"])
    _model(head.get("model"), front)
    threads = _inputs(head, front)
    _outputs(head, front)
    for key, value in (head.get("metadata") or {}).items() if isinstance(head.get("metadata"), dict) else ():
        front.keep(str(key), value)
    for key in sorted(head.keys() - _DONE):
        front.set_other(key, head[key], "front matter", "has no field here")
    reader = _Body(version, _engine(head.get("template")), threads)
    messages, names = reader.messages(body, line)
    front.optional = {name for name in reader.inner if name not in names}
    if not messages:
        raise ImportRefused("The file says nothing.")
    version.files[file_of(name, version)] = (
        f"{front.text(name for name in [*names, *reader.inner] if name not in threads)}"
        + (f"{template_of(messages)}\n")
    )


def _split(text: str) -> tuple[dict[str, Any], str, int]:
    """Front matter, body, and the line on which the body begins."""
    match = _FRONT.match(text)
    if match is None:
        return {}, text, 1
    try:
        head = yaml_of(match["yaml"]) or {}
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise ImportRefused(f"The front matter is not YAML: {' '.join(str(error).split())[:200]}") from None
    if not isinstance(head, dict):
        raise ImportRefused("The front matter is no mapping.")
    return plain(head), text[match.end() :], text.count("\n", 0, match.end()) + 1


def _engine(template: Any) -> str:
    kind = template
    if isinstance(template, dict):
        kind = template.get("format") or template.get("type") or "jinja2"
    if isinstance(kind, dict):
        kind = kind.get("kind") or "jinja2"
    if kind not in (None, "jinja2", "mustache", "handlebars"):
        raise ImportRefused(f"Templates of the kind {kind!r} are not read; jinja2 and mustache are.")
    return str(kind or "jinja2")


def _model(model: Any, front: Front) -> None:
    if isinstance(model, str):
        front.set_model(model)
        return
    if not isinstance(model, dict):
        return
    rest = dict(model)
    setup = {**(rest.pop("connection", None) or {}), **(rest.pop("configuration", None) or {})}
    kind = str(setup.pop("type", "") or setup.pop("kind", "") or rest.pop("provider", "") or "").replace("_", "-")
    name = (
        rest.pop("id", None)
        or setup.pop("azure_deployment", None)
        or setup.pop("name", None)
        or setup.pop("model", None)
    )
    outside = _OUTSIDE.search(str(name or ""))
    if outside:
        front.version.lose(
            "model", str(name), f"comes from the environment: write the model that {outside['name']} names"
        )
    else:
        front.set_model(name, kind or None)
    for key, value in setup.items():
        front.set_other(str(key), value, "model.configuration", "belongs to the provider's settings on the server")
    for place in ("parameters", "options"):
        given = rest.pop(place, None)
        if isinstance(given, dict):
            extra = given.pop("additionalProperties", None)
            front.set_config({**given, **(extra if isinstance(extra, dict) else {})}, f"model.{place}")
    if rest.pop("api", rest.pop("apiType", "chat")) not in ("chat", None):
        front.version.lose("model.api", str(model.get("api") or model.get("apiType")), "is asked as a chat here")
    for key, value in rest.items():
        front.set_other(str(key), value, "model")


def _inputs(head: dict[str, Any], front: Front) -> set[str]:
    """Kinds and defaults of the inputs; the names of those that are conversations."""
    given = head.get("inputs") or (head.get("inputSchema") or {})
    if not isinstance(given, list | dict):
        front.version.lose("inputs", str(given)[:80], "are in another file: the variables are those of the text")
        given = {}
    if isinstance(given, dict) and isinstance(given.get("properties"), list | dict):
        given = given["properties"]
    fields = (
        given if isinstance(given, list) else [{"name": name, **_field(value)} for name, value in dict(given).items()]
    )
    threads = set()
    for field in (item for item in fields if isinstance(item, dict) and item.get("name")):
        name, kind = str(field["name"]), str(field.get("kind") or field.get("type") or "")
        if kind == "thread":
            threads.add(name)
            continue
        front.kinds[name] = _KINDS.get(kind, "any")
        if field.get("default") is not None:
            front.defaults[name] = field["default"]
        for key in ("sample", "example"):
            if field.get(key) is not None:
                front.keep("sample", {**front.kept.get("sample", {}), name: field[key]})
    if isinstance(head.get("sample"), dict):
        front.keep("sample", head["sample"])
    elif head.get("sample"):
        front.version.lose("sample", str(head["sample"]), "is another file: bring it as a dataset")
    return threads


def _field(value: Any) -> dict[str, Any]:
    """An input of the first format: {type, default, sample}, or only its default."""
    return value if isinstance(value, dict) else {"default": value}


def _outputs(head: dict[str, Any], front: Front) -> None:
    given = head.get("outputs") or head.get("outputSchema")
    if not given:
        return
    if isinstance(given, dict) and isinstance(given.get("properties"), dict):
        front.set_format({"type": "object", **given}, "outputs")
    else:
        front.set_other("outputs", given, "front matter", "is no JSON Schema")


class _Body:
    """The text below the front matter, cut at its roles."""

    def __init__(self, version: Version, engine: str, threads: set[str]) -> None:
        self.version, self.engine, self.threads = version, engine, threads
        self.names: list[str] = []
        self.inner: list[str] = []
        self.converter = Converter(version)

    def messages(self, body: str, first_line: int) -> tuple[list[Message], list[str]]:
        found: list[Message] = []
        for role, text, offset in _cut(body):
            place = f"line {first_line + body.count(chr(10), 0, offset)}"
            if role == "thread":
                found.append(Message("history"))
            elif role == "tools":
                self.version.lose(place, "tools", "tools are not carried over: left out")
            elif text.strip():
                found += self._one(role, text.strip(), place)
        self.converter.finish("the end of the file")
        return _one_history(found, self.version), self.names + self.converter.scope.names

    def _one(self, role: str, text: str, place: str) -> list[Message]:
        """A message; a conversation that is printed inside of it ends it."""
        found = [Message(_ROLES[role])]
        for part in self._images(text, place):
            name = part.strip("{~} ") if isinstance(part, Tag) else ""
            if name in self.threads:
                found += [Message("history"), Message(_ROLES[role])]
            else:
                found[-1].parts.append(part)
        for message in found:
            _trim(message)
        return [message for message in found if not message.is_blank()]

    def _images(self, text: str, place: str) -> list[Part]:
        parts: list[Part] = []
        start = 0
        for match in _IMAGE.finditer(text):
            url = match["url"]
            if not re.match(r"(https?|data):", url) or '"' in url or "{" in url:
                self.version.lose(place, match.group()[:80], "an image in a file, or in a variable, is kept as text")
                continue
            parts += [*self._parts(text[start : match.start()], place), Tag('{{media url="' + url + '"}}')]
            start = match.end()
        return [*parts, *self._parts(text[start:], place)]

    def _parts(self, text: str, place: str) -> list[Part]:
        if self.engine == "jinja2":
            return self.converter.parts(text, place)
        found, names, inner = mustache_parts(text, self.version, place)
        self.names += names
        self.inner += inner
        return found


def _cut(body: str) -> list[tuple[str, str, int]]:
    """(role, text, offset) of each section; what stands before the first role is the system's."""
    marks = [(match.start(), match.end(), match["role"].lower()) for match in _ROLE.finditer(body)]
    marks = sorted([*marks, *((match.start(), match.end(), "thread") for match in _THREAD.finditer(body))])
    found = [("system", body[: marks[0][0]] if marks else body, 0)]
    for index, (_, end, role) in enumerate(marks):
        until = marks[index + 1][0] if index + 1 < len(marks) else len(body)
        found.append((role, body[end:until], end + 1))
        if role == "thread" and body[end:until].strip():
            found.append(("user", body[end:until], end + 1))
    return found


def _trim(message: Message) -> None:
    """Cut the outer blanks of a message that was split."""
    if message.parts and not isinstance(message.parts[0], Tag):
        message.parts[0] = message.parts[0].lstrip()
    if message.parts and not isinstance(message.parts[-1], Tag):
        message.parts[-1] = message.parts[-1].rstrip()


def _one_history(messages: list[Message], version: Version) -> list[Message]:
    seen = False
    kept = []
    for message in messages:
        if message.role == "history" and seen:
            version.lose("thread", "a second conversation", "a prompt has one place for messages here: left out")
            continue
        seen = seen or message.role == "history"
        kept.append(message)
    if seen:
        version.lose("thread", "the conversation", "is no variable here: give it as `history`")
    return kept
