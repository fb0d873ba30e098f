"""MLflow's prompt registry: prompt versions as its client has them, or as its REST API gives model versions.

A prompt version (mlflow/entities/model_registry/prompt_version.py): name, version, template (text or chat
messages), tags, aliases, commit_message, creation_timestamp in milliseconds, user_id, response_format, model_config.
Over REST it is a model version whose tags hold these (mlflow/prompt/constants.py): `mlflow.prompt.text`,
`_mlflow_prompt_type`, `_mlflow_prompt_response_format`, `_mlflow_prompt_model_config`. `{{ name }}` is a variable, dots
lead inwards; a text with `{% %}` is Jinja2.
"""

import json
import re
from collections import defaultdict
from datetime import UTC, datetime
from typing import Any

from variorum_client.importing.fronts import Front, file_of
from variorum_client.importing.jinja import Converter
from variorum_client.importing.shapes import Imported, ImportRefused, Settings, Version, reading
from variorum_client.importing.templates import Message, Part, Tag, path_text, template_of

# mlflow.prompt.constants.PROMPT_TEMPLATE_VARIABLE_PATTERN
_VARIABLE = re.compile(r"\{\{\s*([a-zA-Z_][a-zA-Z0-9_]*(?:\.[a-zA-Z_][a-zA-Z0-9_]*)*)\s*\}\}")
_TEXT, _TYPE = "mlflow.prompt.text", "_mlflow_prompt_type"
_FORMAT, _MODEL = "_mlflow_prompt_response_format", "_mlflow_prompt_model_config"
_RESERVED = frozenset({_TEXT, _TYPE, _FORMAT, _MODEL, "mlflow.prompt.is_prompt"})
_ROLES = {"system": "system", "developer": "system", "user": "user", "assistant": "model", "tool": "tool"}
_LISTS = ("prompts", "prompt_versions", "model_versions", "versions")


def read(data: Any, settings: Settings) -> list[Imported]:
    """The prompts of an export. Raises ImportRefused when it is none."""
    entries = [_plain_version(entry) for entry in _entries(data)]
    if not entries:
        raise ImportRefused("This is no MLflow export: there is no prompt version with a name and a template in it.")
    by_name: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for entry in sorted(entries, key=lambda item: int(item["version"])):
        by_name[entry["name"]].append(entry)
    return [Imported(name, [_one(entry, settings) for entry in versions]) for name, versions in sorted(by_name.items())]


def _entries(data: Any) -> list[dict[str, Any]]:
    """Prompt versions wherever the export has them; aliases of a registered model are given to its versions."""
    if isinstance(data, list):
        return [entry for item in data for entry in _entries(item)]
    if not isinstance(data, dict):
        return []
    if isinstance(data.get("name"), str) and (_template(data) is not None):
        return [data]
    found = [entry for key in (*_LISTS, "latest_versions", "registered_models") for entry in _entries(data.get(key))]
    return [{**entry, "name": entry.get("name") or data.get("name")} for entry in found]


def _tags(value: Any) -> dict[str, str]:
    """Tags, written as a mapping or as a list of key and value."""
    if isinstance(value, list):
        return {
            str(item["key"]): str(item.get("value", "")) for item in value if isinstance(item, dict) and "key" in item
        }
    return {str(key): str(item) for key, item in value.items()} if isinstance(value, dict) else {}


def _template(entry: dict[str, Any]) -> Any:
    given = entry.get("template")
    return given if isinstance(given, str | list) else _tags(entry.get("tags")).get(_TEXT)


def _plain_version(entry: dict[str, Any]) -> dict[str, Any]:
    """One shape for both: what REST hides in tags comes out of them. Raises ImportRefused."""
    tags = _tags(entry.get("tags"))
    template = _template(entry)
    chat = isinstance(template, str) and tags.get(_TYPE) == "chat"
    return {
        **entry,
        "version": _number(entry.get("version", 1)),
        "template": _json(template, "template") if chat else template,
        "response_format": entry.get("response_format") or _json(tags.get(_FORMAT), "response_format"),
        "model_config": entry.get("model_config") or _json(tags.get(_MODEL), "model_config"),
        "tags": {key: value for key, value in tags.items() if key not in _RESERVED},
        "note": entry.get("commit_message") or entry.get("description") or "",
        "date": entry.get("creation_timestamp"),
    }


def _json(text: str | None, what: str) -> Any:
    if not text:
        return None
    try:
        return json.loads(text)
    except ValueError:
        raise ImportRefused(f"The {what} of a prompt version is not JSON.") from None


def _number(value: Any) -> int:
    return int(value) if str(value).isdecimal() else 1


def _one(entry: dict[str, Any], settings: Settings) -> Version:
    given = entry.get("aliases")
    aliases = tuple(str(alias) for alias in given) if isinstance(given, list) else ()
    version = Version(
        entry["version"],
        author=str(entry["user_id"]) if entry.get("user_id") else None,
        date=_date(entry["date"]),
        note=str(entry["note"]),
        labels=aliases,
    )
    with reading(version):
        _write(entry, version, settings)
    return version


def _date(value: Any) -> str | None:
    if not str(value or "").isdecimal():
        return None
    try:
        return datetime.fromtimestamp(int(value) / 1000, UTC).isoformat()
    except (OverflowError, ValueError, OSError):
        return None


def _write(entry: dict[str, Any], version: Version, settings: Settings) -> None:
    front = Front(version, settings, "mlflow")
    for key, value in entry["tags"].items():
        front.set_other(key, value, "tags", "prompts have no tags here")
    for alias in version.labels:
        version.lose("aliases", alias, "an alias is a deployment here: deploy this version's commit")
    config = dict(entry["model_config"]) if isinstance(entry["model_config"], dict) else {}
    front.set_model(config.pop("model_name", None), config.pop("provider", None))
    front.set_config({**(config.pop("extra_params", None) or {}), **config}, "model_config")
    if entry["response_format"]:
        front.set_format(entry["response_format"], "response_format")
    reader = _Reader(version)
    messages = reader.messages(entry["template"])
    path = file_of(entry["name"], version)
    version.files[path] = f"{front.text(reader.names)}{template_of(messages)}\n"


class _Reader:
    """Reads a template and notes its variables."""

    def __init__(self, version: Version) -> None:
        self.version = version
        self.names: list[str] = []

    def messages(self, template: Any) -> list[Message]:
        if isinstance(template, str):
            found = [Message("user", self._parts(template, "template"))]
        else:
            found = [self._message(item, f"message {index}") for index, item in enumerate(template, 1)]
        for index, message in enumerate(found, 1):
            if message.is_blank():
                self.version.lose(f"message {index}", "an empty message", "is left out by Dotprompt")
        return [message for message in found if not message.is_blank()]

    def _message(self, item: Any, place: str) -> Message:
        if not isinstance(item, dict):
            raise ImportRefused(f"{place} is no message.")
        role, content = str(item.get("role", "user")), item.get("content")
        if role not in ("system", "user", "assistant", "tool"):
            self.version.lose(place, f"role {role}", f"is not a role here: {_ROLES.get(role, 'user')}")
        for key in item.keys() - {"role", "content"}:
            if item[key] not in (None, "", []):
                self.version.lose(place, key, "a message has only a role and a content: left out")
        return Message(_ROLES.get(role, "user"), self._content(content, place))

    def _content(self, content: Any, place: str) -> list[Part]:
        if content is None or isinstance(content, str):
            return self._parts(content or "", place)
        found: list[Part] = []
        for part in content if isinstance(content, list) else [content]:
            found += self._piece(part, place)
        return found

    def _piece(self, part: Any, place: str) -> list[Part]:
        if isinstance(part, dict) and isinstance(part.get("text"), str):
            return self._parts(part["text"], place)
        image = part.get("image_url") if isinstance(part, dict) else None
        url = image.get("url") if isinstance(image, dict) else None
        named = _VARIABLE.fullmatch(url.strip()) if isinstance(url, str) else None
        if named:
            return [Tag("{{media url=" + self._path(named[1]) + "}}")]
        if isinstance(url, str) and not re.search(r"[\"{}\s]", url):
            return [Tag('{{media url="' + url + '"}}')]
        raise ImportRefused(f"{place} has a content that is neither text nor an image by its address.")

    def _parts(self, text: str, place: str) -> list[Part]:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        if "{%" in text and "%}" in text:
            converter = Converter(self.version)
            found = converter.parts(text.removesuffix("\n"), place)
            converter.finish(place)
            self.names += converter.scope.names
            return found
        parts: list[Part] = []
        start = 0
        for match in _VARIABLE.finditer(text):
            parts += [text[start : match.start()], Tag("{{" + self._path(match[1]) + "}}")]
            start = match.end()
        return [*parts, text[start:]]

    def _path(self, dotted: str) -> str:
        steps = dotted.split(".")
        self.names.append(steps[0])
        return path_text(steps)
