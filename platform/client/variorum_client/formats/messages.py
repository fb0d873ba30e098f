"""From rendered chunks to messages: Dotprompt's own shape, and the one that OpenAI-compatible endpoints take.

A Dotprompt message is {"role", "content": [part, …], "metadata"?}; a part is {"text"}, {"media": {"url",
"contentType"?}} or {"metadata"}. Roles come from markers only, never from text.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from variorum_client.formats.handlebars.runtime import Chunk, Marker
from variorum_client.formats.problems import RenderError

Message = dict[str, Any]
_TO_CHAT = {"model": "assistant"}
_FROM_CHAT = {"assistant": "model", "developer": "system"}


def split_messages(chunks: Iterable[Chunk], history: Sequence[Message] = ()) -> list[Message]:
    """Messages in Dotprompt's shape, the conversation so far put where the template or the format wants it."""
    found: list[Message] = []
    role, parts, placed = "user", list[Chunk](), False
    for run in _pieces(chunks):
        if isinstance(run, list):
            parts.extend(run)
        elif run.kind == "role":
            if parts:
                found.append(_message(role, parts))
                parts = []
            role = run.value
        else:
            _close(found, role, parts)
            found.extend(_as_history(history))
            role, parts, placed = "model", [], placed or bool(history)
    _close(found, role, parts)
    return found if placed else _insert(found, history)


def _close(found: list[Message], role: str, parts: list[Chunk]) -> None:
    if parts:
        found.append(_message(role, parts))


def _pieces(chunks: Iterable[Chunk]) -> Iterable[list[Chunk] | Marker]:
    """Runs of text, media and sections between role and history markers; blank runs are left out."""
    run: list[Chunk] = []
    for chunk in chunks:
        if isinstance(chunk, Marker) and chunk.kind in ("role", "history"):
            if _matters(run):
                yield run
            run = []
            yield chunk
        else:
            run.append(chunk)
    if _matters(run):
        yield run


def _matters(run: list[Chunk]) -> bool:
    return any(isinstance(chunk, Marker) or not (chunk.isspace() or not chunk) for chunk in run)


def _message(role: str, chunks: list[Chunk]) -> Message:
    content: list[dict[str, Any]] = []
    text: list[str] = []
    for chunk in chunks:
        if isinstance(chunk, str):
            text.append(chunk)
            continue
        _add_text(content, text)
        text = []
        content.append(_part(chunk))
    _add_text(content, text)
    return {"role": role, "content": content}


def _add_text(content: list[dict[str, Any]], text: list[str]) -> None:
    joined = "".join(text)
    if joined and not joined.isspace():
        content.append({"text": joined})


def _part(marker: Marker) -> dict[str, Any]:
    if marker.kind == "section":
        return {"metadata": {"purpose": marker.value, "pending": True}}
    media = {"url": marker.value}
    if marker.content_type:
        media["contentType"] = marker.content_type
    return {"media": media}


def _as_history(history: Sequence[Message]) -> list[Message]:
    return [{**message, "metadata": {**message.get("metadata", {}), "purpose": "history"}} for message in history]


def _insert(messages: list[Message], history: Sequence[Message]) -> list[Message]:
    """Without {{history}} the conversation goes before the last message, when that is the user's, else last."""
    if messages and messages[-1]["role"] == "user":
        return [*messages[:-1], *history, messages[-1]]
    return [*messages, *history]


def to_chat(messages: Iterable[Message]) -> list[Message]:
    """OpenAI-compatible messages: plain text where it is only text, else a list of typed parts."""
    return [
        {"role": _TO_CHAT.get(message["role"], message["role"]), "content": _chat_content(message["content"])}
        for message in messages
    ]


def _chat_content(parts: list[dict[str, Any]]) -> str | list[dict[str, Any]]:
    if len(parts) == 1 and "text" in parts[0]:
        text: str = parts[0]["text"]
        return text
    if not any("media" in part for part in parts):
        return "".join(part.get("text", "") for part in parts)
    return [_chat_part(part) for part in parts if "text" in part or "media" in part]


def _chat_part(part: dict[str, Any]) -> dict[str, Any]:
    if "text" in part:
        return {"type": "text", "text": part["text"]}
    return {"type": "image_url", "image_url": {"url": part["media"]["url"]}}


def from_chat(messages: Iterable[Mapping[str, Any]]) -> list[Message]:
    """A conversation in the OpenAI shape as Dotprompt messages. Raises RenderError for another shape."""
    return [_from_chat(message) for message in messages]


def _from_chat(message: Mapping[str, Any]) -> Message:
    role, content = message.get("role"), message.get("content")
    if not isinstance(role, str) or not isinstance(content, str | list):
        raise RenderError("bad_history", "A message of the history needs a role and a content.")
    parts = [{"text": content}] if isinstance(content, str) else [_from_part(part) for part in content]
    return {"role": _FROM_CHAT.get(role, role), "content": parts}


def _from_part(part: object) -> dict[str, Any]:
    if isinstance(part, Mapping) and isinstance(part.get("text"), str):
        return {"text": part["text"]}
    image = part.get("image_url") if isinstance(part, Mapping) else None
    if isinstance(image, Mapping) and isinstance(image.get("url"), str):
        return {"media": {"url": image["url"]}}
    raise RenderError("bad_history", "A part of the history is neither text nor an image address.")
