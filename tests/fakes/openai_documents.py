"""The documents and events in which an OpenAI-compatible endpoint answers."""

import base64
import hashlib
import json
import struct
import time
from collections.abc import Callable
from typing import Any

from tests.fakes.openai_script import Call


def tokens(text: str) -> int:
    """A stand-in for a tokenizer: whole words."""
    return len(text.split())


def completion(call: Call, text: str) -> dict[str, Any]:
    """A chat.completion document."""
    prompt = sum(tokens(str(m.get("content", ""))) for m in call.messages)
    usage = {
        "prompt_tokens": prompt,
        "completion_tokens": tokens(text),
        "total_tokens": prompt + tokens(text),
    }
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": text},
        "finish_reason": "stop",
        "logprobs": None,
    }
    digest = hashlib.sha256(text.encode()).hexdigest()[:24]
    return {
        "id": f"chatcmpl-{digest}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": call.body.get("model", ""),
        "choices": [choice],
        "usage": usage,
    }


def chunks(call: Call, text: str) -> list[bytes]:
    """The same answer as server-sent events, a word at a time; usage comes last when asked for."""
    whole = completion(call, text)
    base = {**whole, "object": "chat.completion.chunk", "usage": None}
    words = [word + " " for word in text.split(" ")]
    words[-1] = words[-1][:-1]
    deltas: list[dict[str, Any]] = [
        {"role": "assistant", "content": ""},
        *({"content": word} for word in words),
    ]
    events = [{**base, "choices": [{"index": 0, "delta": d, "finish_reason": None}]} for d in deltas]
    events.append({**base, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
    if call.body.get("stream_options", {}).get("include_usage"):
        events.append({**base, "choices": [], "usage": whole["usage"]})
    return [f"data: {json.dumps(event)}\n\n".encode() for event in events] + [b"data: [DONE]\n\n"]


def response(call: Call, text: str) -> dict[str, Any]:
    """A document of the Responses API."""
    said = {"type": "output_text", "text": text, "annotations": []}
    item = {"id": "msg_1", "type": "message", "role": "assistant", "status": "completed", "content": [said]}
    given, made = tokens(json.dumps(call.body.get("input"))), tokens(text)
    usage = {
        "input_tokens": given,
        "output_tokens": made,
        "total_tokens": given + made,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens_details": {"reasoning_tokens": 0},
    }
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": int(time.time()),
        "status": "completed",
        "error": None,
        "model": call.body.get("model", ""),
        "output": [item],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "usage": usage,
    }


def response_events(call: Call, text: str) -> list[bytes]:
    """The same as typed events; this API has no [DONE]."""
    whole = response(call, text)
    begun = {**whole, "status": "in_progress", "output": [], "usage": None}
    place = {"item_id": "msg_1", "output_index": 0, "content_index": 0, "logprobs": []}
    events: list[dict[str, Any]] = [{"type": "response.created", "response": begun}]
    events += [{"type": "response.output_text.delta", "delta": word, **place} for word in text.split()]
    events.append({"type": "response.completed", "response": whole})
    return [
        f"event: {event['type']}\ndata: {json.dumps({**event, 'sequence_number': at})}\n\n".encode()
        for at, event in enumerate(events)
    ]


def embeddings(call: Call, text: str) -> dict[str, Any]:
    """Three numbers for each input, the number of its words first; as base64 when that is asked for."""
    given = call.body.get("input")
    inputs = given if isinstance(given, list) else [given]
    rows = [[float(tokens(str(one))), 0.5, -1.0] for one in inputs]
    packed = call.body.get("encoding_format") == "base64"
    shown: list[Any] = [base64.b64encode(struct.pack("<3f", *row)).decode() if packed else row for row in rows]
    data = [{"object": "embedding", "index": at, "embedding": row} for at, row in enumerate(shown)]
    used = sum(tokens(str(one)) for one in inputs)
    usage = {"prompt_tokens": used, "total_tokens": used}
    return {"object": "list", "data": data, "model": call.body.get("model", ""), "usage": usage}


MAKERS: dict[str, tuple[Callable[[Call, str], dict[str, Any]], Callable[[Call, str], list[bytes]]]] = {
    "chat/completions": (completion, chunks),
    "responses": (response, response_events),
    "embeddings": (embeddings, lambda call, text: []),
}


def error_document(code: int) -> dict[str, Any]:
    """An error in OpenAI's shape."""
    kinds = {
        400: "invalid_request_error",
        401: "authentication_error",
        404: "not_found_error",
        429: "rate_limit_error",
    }
    kind = kinds.get(code, "server_error")
    return {"error": {"message": f"scripted {code}", "type": kind, "param": None, "code": None}}
