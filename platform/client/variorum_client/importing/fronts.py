"""The front matter of an imported prompt: model, settings, variables, and what else the other system knew."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from variorum_client.formats.check import COUNTS, NUMBERS
from variorum_client.formats.front import print_front
from variorum_client.importing.shapes import Settings, Version, plain

_RENAMED = {
    "topP": "top_p",
    "topK": "top_k",
    "maxTokens": "max_tokens",
    "maxOutputTokens": "max_tokens",
    "max_output_tokens": "max_tokens",
    "frequencyPenalty": "frequency_penalty",
    "presencePenalty": "presence_penalty",
    "stopSequences": "stop",
    "stop_sequences": "stop",
}
_SETTINGS = frozenset(
    {
        *("temperature", "top_p", "top_k", "max_tokens", "max_completion_tokens", "frequency_penalty"),
        *("presence_penalty", "stop", "seed", "n", "logprobs", "top_logprobs", "logit_bias", "reasoning_effort"),
    }
)
_SECRET = re.compile(r"(?i)(?:api[-_]?key|secret|token|password|credential|authorization)$")
_PICO_NAME = re.compile(r"[^(?\s][^(?]*")


class Front:
    """Collects the fields of one prompt's front matter; what has no counterpart is noted on the version."""

    def __init__(self, version: Version, settings: Settings, origin: str) -> None:
        self.version, self.settings, self.origin = version, settings, origin
        self.description: str | None = None
        self.model: str | None = None
        self.config: dict[str, Any] = {}
        self.defaults: dict[str, Any] = {}
        self.output: dict[str, Any] = {}
        self.kept: dict[str, Any] = {}
        self.kinds: dict[str, str] = {}
        self.optional: set[str] = set()

    def set_model(self, name: object, provider: object = None) -> None:
        """The model as provider/model; without a known provider it is kept as a remark and reported."""
        model, given = str(name or "").strip(), str(provider or "").strip() or self.settings.provider
        if not model:
            return
        if given and "/" not in given:
            self.model = f"{given}/{model}" if not model.startswith(f"{given}/") else model
        elif re.fullmatch(r"[^/\s]+/\S+", model):
            self.model = model
        else:
            self.keep("model", model)
            self.version.lose(
                "model", model, "names no provider: kept under metadata; naming one (--provider) would set it"
            )

    def set_config(self, config: Mapping[str, Any], place: str = "config") -> None:
        """Settings of the model go to `config`, a response format to `output`, the rest is kept and reported."""
        for key, value in config.items():
            name = _RENAMED.get(str(key), str(key))
            if value is None:
                continue
            if name in ("response_format", "responseFormat"):
                self.set_format(value, f"{place}.{key}")
            elif name in _SETTINGS and _fits(name, value):
                self.config[name] = plain(value)
            elif name in _SETTINGS:
                self.keep(str(key), value)
                self.version.lose(f"{place}.{key}", _short(value), "is out of range here: kept under metadata")
            else:
                self.set_other(str(key), value, place)

    def set_other(self, key: str, value: Any, place: str, why: str = "is no setting of a model") -> None:
        """Keep what has no counterpart under metadata and report it; a secret is reported and not kept."""
        if value in (None, "", [], {}):
            return
        if _SECRET.search(key):
            self.version.lose(f"{place}.{key}", "a secret", "does not belong in a repository: give it to the provider")
            return
        self.keep(key, _without_secrets(value))
        self.version.lose(f"{place}.{key}", _short(_without_secrets(value)), f"{why}: kept under metadata")

    def set_format(self, value: Any, place: str) -> None:
        """A response format in OpenAI's shape, or a JSON Schema."""
        if isinstance(value, dict):
            kind = value.get("type")
            schema = value.get("json_schema") if kind == "json_schema" else value
            inner = schema.get("schema", schema) if isinstance(schema, dict) else None
            if kind == "json_object":
                self.output = {"format": "json"}
                return
            if isinstance(inner, dict) and (isinstance(inner.get("properties"), dict) or inner.get("type") == "object"):
                self.output = {"format": "json", "schema": plain(inner)}
                return
            if kind == "text":
                self.output = {"format": "text"}
                return
        self.keep("response_format", value)
        self.version.lose(place, _short(value), "is no JSON Schema: kept under metadata")

    def keep(self, key: str, value: Any) -> None:
        """Keep a value under metadata.<system>."""
        self.kept[key] = plain(value)

    def text(self, variables: Iterable[str]) -> str:
        """The front matter with its fences."""
        front: dict[str, Any] = {"description": self.description, "model": self.model, "config": self.config}
        names = list(dict.fromkeys(variables))
        inputs = {"schema": self._schema(names), "default": {k: v for k, v in self.defaults.items() if k in names}}
        front["input"] = {key: value for key, value in inputs.items() if value}
        front["output"] = self.output
        front["metadata"] = {self.origin: self.kept} if self.kept else {}
        return print_front({key: value for key, value in front.items() if value})

    def _schema(self, names: list[str]) -> dict[str, Any]:
        """Picoschema; JSON Schema when a name would be read as something else."""
        optional = {*self.defaults, *self.optional}
        kinds = {name: self.kinds.get(name, "any") for name in names}
        if all(_PICO_NAME.fullmatch(name) and name not in ("type", "properties") for name in names):
            return {f"{name}{'?' if name in optional else ''}": kind for name, kind in kinds.items()}
        fields = {name: {} if kind == "any" else {"type": kind} for name, kind in kinds.items()}
        required = [name for name in names if name not in optional]
        schema = {"type": "object", "properties": fields, "required": required, "additionalProperties": False}
        return schema if required else {key: value for key, value in schema.items() if key != "required"}


def _fits(name: str, value: Any) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if name in NUMBERS:
        return number and NUMBERS[name][0] <= value <= NUMBERS[name][1]
    return name not in COUNTS or (type(value) is int and value > 0)


def _without_secrets(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_secrets(item) for key, item in value.items() if not _SECRET.search(str(key))}
    return [_without_secrets(item) for item in value] if isinstance(value, list) else value


def _short(value: Any) -> str:
    text = " ".join(str(value).split())
    return text if len(text) <= 80 else f"{text[:79]}…"


def file_of(name: str, version: Version) -> str:
    """The path below the target folder for a prompt's name; what no path can hold becomes a hyphen, and is told."""
    parts = [re.sub(r"[\\:*?\"<>|\x00-\x1f\x7f]", "-", part).strip(" .") for part in name.strip("/").split("/")]
    parts = [part for part in parts if part and part != ".."] or ["prompt"]
    if parts[-1].startswith("_"):
        parts[-1] = parts[-1].lstrip("_") or "prompt"
    path = "/".join(parts)
    if path != name:
        version.lose("name", name, f"cannot name a file: imported as {path}")
    return f"{path}.prompt"
