"""Langfuse: prompts as its public API gives them, text and chat, all versions.

Shapes: `GET /api/public/v2/prompts/{name}` (langfuse.com/docs/prompt-management/data-model): {"name", "version",
"type": "text" or "chat", "prompt", "config", "labels", "tags", "commitMessage"}; an export is one of these, a list,
JSON lines, or {"data": [...]}. `{{name}}` is replaced by the value as text and nothing else is special
(langfuse-python, `TemplateParser`). A reference is `@@@langfusePrompt:name=X|version=1@@@` or `|label=production@@@`
(langfuse, `parsePromptDependencyTags`). {"type": "placeholder", "name"} stands for a list of messages.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from variorum_client.importing.fronts import Front, file_of
from variorum_client.importing.shapes import Imported, ImportRefused, Settings, Version, reading
from variorum_client.importing.templates import (
    Message,
    Part,
    include,
    is_name,
    partial_file,
    partial_of,
    template_of,
    variable,
)

_VARIABLE = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_REFERENCE = re.compile(r"@@@langfusePrompt:(.*?)@@@")
_ROLES = {"system": "system", "developer": "system", "user": "user", "assistant": "model", "tool": "tool"}
_OWN = frozenset(
    {
        *("id", "name", "version", "type", "prompt", "config", "labels", "tags", "commitMessage", "createdAt"),
        *("updatedAt", "createdBy", "projectId", "isActive", "resolutionGraph"),
    }
)
MAX_DEPTH = 5
WRITTEN_OUT = 1_000_000  # characters of included texts, and a hundred for each


def read(data: Any, settings: Settings) -> list[Imported]:
    """The prompts of an export. Raises ImportRefused when it is none."""
    entries = data.get("data", data) if isinstance(data, dict) else data
    entries = [entries] if isinstance(entries, dict) else entries
    if not isinstance(entries, list) or not entries or not all(map(_is_prompt, entries)):
        raise ImportRefused("This is no Langfuse export: each prompt needs a name, a version and a prompt.")
    return _Export(entries, settings).prompts()


def _is_prompt(entry: Any) -> bool:
    return (
        isinstance(entry, dict) and isinstance(entry.get("name"), str) and isinstance(entry.get("prompt"), str | list)
    )


class _Export:
    def __init__(self, entries: list[dict[str, Any]], settings: Settings) -> None:
        self.settings = settings
        self.room = WRITTEN_OUT
        self.by_name: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for entry in sorted(entries, key=_number):
            self.by_name[entry["name"]].append(entry)
        self.referred = {
            name
            for entry in entries
            for name, _, value in self._references(entry)
            if name in self.by_name and self._version(name, value) is self.by_name[name][-1]
        }

    def prompts(self) -> list[Imported]:
        return [
            Imported(name, [self._one(entry) for entry in versions]) for name, versions in sorted(self.by_name.items())
        ]

    def _one(self, entry: dict[str, Any]) -> Version:
        version = Version(
            _number(entry),
            author=_text(entry.get("createdBy")),
            date=_text(entry.get("createdAt") or entry.get("updatedAt")),
            note=_text(entry.get("commitMessage")) or "",
            labels=tuple(label for label in _labels(entry) if label != "latest"),
        )
        with reading(version):
            self._write(entry, version)
        return version

    def _write(self, entry: dict[str, Any], version: Version) -> None:
        front = Front(version, self.settings, "langfuse")
        if entry.get("tags"):
            front.set_other("tags", entry["tags"], "prompt", "prompts have no tags here")
        for label in version.labels:
            version.lose("labels", label, "a label is a deployment here: deploy this version's commit")
        config = entry.get("config")
        if isinstance(config, dict):
            config = dict(config)
            front.set_model(config.pop("model", None) or config.pop("modelName", None), config.pop("provider", None))
            front.set_config(config)
        elif config:
            front.set_other("config", config, "prompt")
        for key in entry.keys() - _OWN:
            front.set_other(key, entry[key], "prompt", "is not known")
        messages = [message for message in self._messages(entry, version) if not message.is_blank()]
        path = file_of(entry["name"], version)
        names = self._names(entry, 0, set())
        body = template_of(messages)
        tag = include(path, self.settings.into)
        if tag and entry["name"] in self.referred and isinstance(entry["prompt"], str):
            version.files[partial_file(path)] = partial_of(messages, whole=False)
            body = tag
        version.files[path] = f"{front.text(names)}{body}\n"

    def _messages(self, entry: dict[str, Any], version: Version) -> Iterator[Message]:
        if isinstance(entry["prompt"], str):
            yield Message("user", self._parts(entry["prompt"], version, "text", 0))
            return
        history = False
        for index, item in enumerate(entry["prompt"], 1):
            place = f"message {index}"
            if not isinstance(item, dict):
                raise ImportRefused(f"{place} is no message.")
            if item.get("type") == "placeholder":
                name = str(item.get("name"))
                why = "the one conversation a prompt has here; give it as `history`" if not history else ""
                version.lose(place, f"placeholder {name}", why or "a prompt has one place for messages here: left out")
                if not history:
                    yield Message("history")
                history = True
                continue
            yield self._message(item, version, place)

    def _message(self, item: dict[str, Any], version: Version, place: str) -> Message:
        role, content = str(item.get("role", "user")), item.get("content", "")
        if not isinstance(content, str):
            raise ImportRefused(f"{place} has a content that is no text.")
        if role not in ("system", "user", "assistant", "tool"):
            version.lose(place, f"role {role}", f"is not a role here: {_ROLES.get(role, 'user')}")
        for key in item.keys() - {"role", "content", "type"}:
            version.lose(place, key, "a message has only a role and a content: left out")
        message = Message(_ROLES.get(role, "user"), self._parts(content, version, place, 0))
        if message.is_blank():
            version.lose(place, "an empty message", "is left out by Dotprompt")
        return message

    def _parts(self, text: str, version: Version, place: str, depth: int) -> list[Part]:
        """A text cut at its references and variables."""
        if "\r" in text:
            version.lose(place, "Windows line ends", "became LF")
            text = text.replace("\r\n", "\n").replace("\r", "\n")
        parts: list[Part] = []
        start = 0
        for match in _REFERENCE.finditer(text):
            parts += _variables(text[start : match.start()], version, place)
            parts += self._reference(match, version, place, depth)
            start = match.end()
        return [*parts, *_variables(text[start:], version, place)]

    def _reference(self, match: re.Match[str], version: Version, place: str, depth: int) -> list[Part]:
        name, kind, value = _reference_of(match[1])
        if kind == "":
            return [match.group()]  # Langfuse leaves such a text alone too
        if depth >= MAX_DEPTH:
            raise ImportRefused(f"{place}: references go deeper than {MAX_DEPTH} levels.")
        target = self._version(name, value)
        if target is None:
            raise ImportRefused(f"{place}: it includes {name!r} ({kind} {value}), which is not in the export.")
        if not isinstance(target["prompt"], str):
            raise ImportRefused(f"{place}: it includes {name!r}, which is a chat and cannot stand inside a text.")
        newest = target is self.by_name[name][-1]
        tag = include(file_of(name, Version(0)), self.settings.into)
        if newest and tag:
            return [tag]
        why = "cannot be included by its name" if newest else f"is version {_number(target)}, not the newest"
        version.lose(place, f"{name} ({kind} {value})", f"{why}: written out here")
        self.room -= 100 + len(target["prompt"])
        if self.room < 0:
            raise ImportRefused(f"{place}: what is included is too much to be written out.")
        return self._parts(target["prompt"], version, place, depth + 1)

    def _version(self, name: str, value: str) -> dict[str, Any] | None:
        for entry in self.by_name.get(name, []):
            if str(entry.get("version", 1)) == value or value in _labels(entry):
                return entry
        return self.by_name[name][-1] if value == "latest" and name in self.by_name else None

    def _references(self, entry: dict[str, Any]) -> list[tuple[str, str, str]]:
        found = [_reference_of(match[1]) for text in _texts(entry) for match in _REFERENCE.finditer(text)]
        return [reference for reference in found if reference[1]]

    def _names(self, entry: dict[str, Any], depth: int, seen: set[int]) -> list[str]:
        """The variables of a prompt and of what it includes, each of these once."""
        seen.add(id(entry))
        found = [match[1].strip() for text in _texts(entry) for match in _VARIABLE.finditer(text)]
        for name, _, value in self._references(entry):
            target = self._version(name, value)
            if target and depth < MAX_DEPTH and id(target) not in seen:
                found += self._names(target, depth + 1, seen)
        return [name for name in found if is_name(name)]


def _variables(text: str, version: Version, place: str) -> list[Part]:
    parts: list[Part] = []
    start = 0
    for match in _VARIABLE.finditer(text):
        name = match[1].strip()
        parts.append(text[start : match.start()])
        if is_name(name):
            parts.append(variable(name))
        else:
            version.lose(place, match.group()[:60], "cannot be the name of a variable: kept as text")
            parts.append(match.group())
        start = match.end()
    return [*parts, text[start:]]


def _reference_of(inner: str) -> tuple[str, str, str]:
    """(name, "version" or "label", value), or kind "" for what Langfuse does not take for a reference."""
    parts = inner.split("|")
    if len(parts) != 2 or not parts[0].startswith("name="):
        return "", "", ""
    kind, _, value = parts[1].partition("=")
    return (parts[0].removeprefix("name="), kind, value) if kind in ("version", "label") else ("", "", "")


def _texts(entry: dict[str, Any]) -> list[str]:
    prompt = entry["prompt"]
    if isinstance(prompt, str):
        return [prompt]
    return [item["content"] for item in prompt if isinstance(item, dict) and isinstance(item.get("content"), str)]


def _number(entry: dict[str, Any]) -> int:
    value = entry.get("version", 1)
    return int(value) if isinstance(value, int) or (isinstance(value, str) and value.isdecimal()) else 1


def _labels(entry: dict[str, Any]) -> list[str]:
    labels = entry.get("labels")
    return [str(label) for label in labels] if isinstance(labels, list) else []


def _text(value: Any) -> str | None:
    return None if value in (None, "") else str(value)
