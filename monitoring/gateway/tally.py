"""What an answer said and used, gathered as it passes by: for the log, never changing it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import orjson

from monitoring.gateway.asked import CHAT, EMBEDDINGS

MOST_TEXT = 1_000_000  # characters of an answer that its log keeps
MOST_PARTS = 128  # choices of a streamed answer, and tool calls of a choice, that are gathered
MOST_NAME = 500  # characters of an id or a name
NAMES = frozenset({"id", "role", "type", "call_id", "item_id", "finish_reason", "status"})
ENDS = {"response.completed", "response.incomplete", "response.failed"}


@dataclass
class Tally:
    """One answer. `whole` is whether it came to its own end."""

    endpoint: str
    whole: bool = False
    model: str = ""
    error: str = ""
    given: int | None = None  # tokens
    made: int | None = None
    finish: str = ""
    document: dict[str, Any] | None = None
    embeddings: tuple[int, int] = (0, 0)
    choices: dict[int, dict[str, Any]] = field(default_factory=dict)
    size: int = 0  # what is held of it
    said: int = 0  # bytes of text that were answered, kept or not

    def take_document(self, document: dict[str, Any], size: int) -> None:
        """A whole answer; `size` in bytes."""
        self.whole = True
        self._usage(document.get("usage"))
        self.model = str(document.get("model") or "")
        if self.endpoint != EMBEDDINGS:
            self.size += size
            self.said = max(self.said, _letters(document.get("choices" if self.endpoint == CHAT else "output")))
        if self.endpoint == CHAT:
            for at, choice in enumerate(_dicts(document.get("choices"))):
                self.choices[at] = _dict(choice.get("message"))
                self.finish = self.finish or str(choice.get("finish_reason") or "")
        elif self.endpoint == EMBEDDINGS:
            data = _dicts(document.get("data"))
            first = data[0].get("embedding") if data else None
            self.embeddings = (len(data), len(first) if isinstance(first, list) else 0)
            self.made = 0 if self.given is not None else None
        else:
            self.document = document
            self.finish = str(document.get("status") or "")
            self.error = _said(document.get("error"))

    def take_event(self, data: bytes) -> Any:
        """One event's data; gives it parsed, None when it is no JSON object."""
        if data == b"[DONE]":
            self.whole = True
            return None
        try:
            event = orjson.loads(data)
        except orjson.JSONDecodeError:
            return None
        if not isinstance(event, dict):
            return None
        if "error" in event and event["error"] and self.endpoint == CHAT:
            self.error = _said(event["error"])
        elif self.endpoint == CHAT:
            self._chunk(event)
        else:
            self._event(event, len(data))
        return event

    def _chunk(self, event: dict[str, Any]) -> None:
        self._usage(event.get("usage"))
        self.model = self.model or str(event.get("model") or "")[:MOST_NAME]
        for choice in _dicts(event.get("choices")):
            delta = _dict(choice.get("delta"))
            self.said += _letters(delta)
            if (message := _part(self.choices, choice.get("index"), dict)) is not None:
                self._delta(message, delta)
            self.finish = self.finish or str(choice.get("finish_reason") or "")[:MOST_NAME]

    def _delta(self, message: dict[str, Any], delta: dict[str, Any]) -> None:
        for name in ("content", "refusal"):
            text = delta.get(name)
            if isinstance(text, str) and text and self.size < MOST_TEXT:
                message.setdefault(name, []).append(text)
                self.size += len(text)
        for call in _dicts(delta.get("tool_calls")):
            made = _part(message.setdefault("tool_calls", {}), call.get("index"), _no_call)
            if made is None:
                continue
            function = _dict(call.get("function"))
            made["id"] = made["id"] or str(call.get("id") or "")[:MOST_NAME]
            made["name"] = made["name"] or str(function.get("name") or "")[:MOST_NAME]
            if isinstance(function.get("arguments"), str) and function["arguments"] and self.size < MOST_TEXT:
                made["arguments"].append(function["arguments"])
                self.size += len(function["arguments"])

    def _event(self, event: dict[str, Any], size: int) -> None:
        """One event of the Responses API."""
        kind, response = event.get("type"), _dict(event.get("response"))
        if isinstance(event.get("delta"), str):
            self.said += _letters(event["delta"])
        if kind in ENDS:
            self.take_document(response, size)
        elif kind == "error":
            self.whole, self.error = True, _said(event.get("error") or event)
        elif kind == "response.output_text.delta":
            self._delta(self.choices.setdefault(0, {}), {"content": event.get("delta")})
        elif response:
            self.model = self.model or str(response.get("model") or "")[:MOST_NAME]

    def _usage(self, usage: Any) -> None:
        if not isinstance(usage, dict):
            return
        self.given = _count(usage, "prompt_tokens", "input_tokens")
        self.made = _count(usage, "completion_tokens", "output_tokens")

    def output(self) -> Any:
        """What the log keeps: a text where it is only text; None when nothing was said."""
        if self.endpoint == EMBEDDINGS:
            count, size = self.embeddings
            return {"embeddings": count, **({"dimensions": size} if size else {})} if count else None
        if self.document is not None:
            return _items(self.document.get("output"))
        said = [_message(message) for _, message in sorted(self.choices.items())]
        return said[0] if len(said) == 1 else said or None


def _message(message: dict[str, Any]) -> Any:
    """A message of a whole answer, or one gathered from pieces."""
    found = {name: "".join(text) if isinstance(text, list) else text for name, text in message.items() if text}
    calls = found.get("tool_calls")
    if isinstance(calls, dict):
        found["tool_calls"] = [
            {"id": call["id"], "name": call["name"], "arguments": "".join(call["arguments"])}
            for _, call in sorted(calls.items())
        ]
    found.pop("role", None)
    audio = found.get("audio")
    if isinstance(audio, dict):
        found["audio"] = {name: value for name, value in audio.items() if name != "data"}
    kept = {name: value for name, value in found.items() if value not in (None, [], "")}
    return kept.get("content", "") if kept.keys() <= {"content"} else kept


def _items(output: Any) -> Any:
    """The output of the Responses API: its text when that is all there is."""
    items = _dicts(output)
    parts = [part for item in items if item.get("type") == "message" for part in _dicts(item.get("content"))]
    if all(item.get("type") in {"message", "reasoning"} for item in items):
        return "".join(str(part.get("text") or part.get("refusal") or "") for part in parts)
    return items


def _count(usage: dict[str, Any], *names: str) -> int | None:
    found = next((usage[name] for name in names if type(usage.get(name)) is int), None)
    return found if found is not None and 0 <= found < 2**31 else None


def _part(parts: dict[int, dict[str, Any]], at: Any, new: Callable[[], dict[str, Any]]) -> dict[str, Any] | None:
    """The part of an index, which is 0 when there is none; None beyond MOST_PARTS."""
    at = at if isinstance(at, int) else 0
    return parts.setdefault(at, new()) if 0 <= at < MOST_PARTS else None


def _no_call() -> dict[str, Any]:
    return {"id": "", "name": "", "arguments": []}


def _letters(value: Any) -> int:
    """Bytes of all the texts in a value, less what only names its parts."""
    found, left = 0, [value]
    while left:
        one = left.pop()
        if isinstance(one, str):
            found += len(one.encode())
        elif isinstance(one, dict | list):
            left.extend([one[name] for name in one if name not in NAMES] if isinstance(one, dict) else one)
    return found


def _said(error: Any) -> str:
    if isinstance(error, dict):
        return str(error.get("message") or error.get("code") or "error")[:1000]
    return str(error)[:1000] if error else ""


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
