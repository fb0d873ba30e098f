"""A prompt as a request of the chat completions API, and as arguments of the `openai` client."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from variorum_client.formats.picoschema import PicoschemaError, to_json_schema
from variorum_client.formats.problems import RenderError
from variorum_client.formats.prompt import Prompt

# Dotprompt's names of settings -> the names of the chat completions API; others pass as they are.
RENAMED = {
    "maxOutputTokens": "max_tokens",
    "max_output_tokens": "max_tokens",
    "topP": "top_p",
    "topK": "top_k",
    "stopSequences": "stop",
    "stop_sequences": "stop",
    "frequencyPenalty": "frequency_penalty",
    "presencePenalty": "presence_penalty",
}
_OURS = frozenset({"model", "messages", "stream", "n", "version"})
# What `openai.chat.completions.create` has a name for; everything else travels in its extra_body.
KNOWN = frozenset(
    {
        *("messages", "model", "audio", "frequency_penalty", "function_call", "functions", "logit_bias", "logprobs"),
        *("max_completion_tokens", "max_tokens", "metadata", "modalities", "parallel_tool_calls", "prediction"),
        *("presence_penalty", "prompt_cache_key", "reasoning_effort", "response_format", "safety_identifier", "seed"),
        *("service_tier", "stop", "store", "stream_options", "temperature", "tool_choice", "tools", "top_logprobs"),
        *("top_p", "user", "verbosity", "web_search_options"),
    }
)
Tools = Mapping[str, Any] | Sequence[Mapping[str, Any]]


def settings_of(config: Mapping[str, Any]) -> dict[str, Any]:
    """A prompt's `config` under the names of the API; what the request itself decides is left out."""
    return {RENAMED.get(name, name): value for name, value in config.items() if name not in _OURS}


def request_of(
    prompt: Prompt, messages: list[dict[str, Any]], *, model: str | None = None, tools: Tools = ()
) -> dict[str, Any]:
    """The body of a chat completion: model without its provider, messages, settings, tools, response format.

    `tools` are definitions that the app has for names under the prompt's `tools`. Raises RenderError when a named
    tool has none.
    """
    name = model or (prompt.model or "").partition("/")[2] or prompt.model
    body: dict[str, Any] = {**settings_of(prompt.config), "messages": messages}
    if name:
        body["model"] = name
    if found := _tools(prompt, tools):
        body["tools"] = [*body.get("tools", ()), *found]
    if "response_format" not in body and (shape := _response_format(prompt)):
        body["response_format"] = shape
    return body


def arguments_of(body: Mapping[str, Any]) -> dict[str, Any]:
    """A body as keyword arguments of the `openai` client: what that has no name for goes into extra_body."""
    named = {name: value for name, value in body.items() if name in KNOWN}
    others = {name: value for name, value in body.items() if name not in KNOWN and name != "extra_body"}
    extra = {**others, **(body.get("extra_body") or {})}
    return {**named, "extra_body": extra} if extra else named


def _response_format(prompt: Prompt) -> dict[str, Any] | None:
    if prompt.output_schema is not None:
        name = re.sub(r"[^a-zA-Z0-9_-]", "_", prompt.name or "answer")[:64]
        return {"type": "json_schema", "json_schema": {"name": name, "schema": prompt.output_schema}}
    return {"type": "json_object"} if prompt.output_format == "json" else None


def _tools(prompt: Prompt, given: Tools) -> list[dict[str, Any]]:
    """What the prompt defines itself, and the definitions of the names that it lists, in its order."""
    named = prompt.front.get("tools") or []
    defined = prompt.front.get("toolDefs") or []
    if not isinstance(named, list) or not isinstance(defined, list):
        raise RenderError("bad_tools", "'tools' and 'toolDefs' must be lists.")
    own = [_tool(one) for one in [*defined, *(one for one in named if not isinstance(one, str))]]
    theirs = _by_name(given) if given else {}
    known = {one["function"]["name"]: one for one in own if "function" in one} | theirs
    listed = [name for name in named if isinstance(name, str)]
    if missing := [name for name in listed if name not in known]:
        raise RenderError("unknown_tool", f"The prompt names the tool {missing[0]!r}: give its definition with tools=.")
    names = [one.get("function", {}).get("name") for one in own]
    return [*own, *(known[name] for name in listed if name not in names)]


def _by_name(given: Tools) -> dict[str, dict[str, Any]]:
    if isinstance(given, Mapping):
        found = [_tool(one if _whole(one) else {"name": name, "inputSchema": one}) for name, one in given.items()]
    else:
        found = [_tool(one) for one in given]
    return {one["function"]["name"]: one for one in found if "function" in one}


def _whole(one: object) -> bool:
    return isinstance(one, Mapping) and ("function" in one or isinstance(one.get("name"), str))


def _tool(one: object) -> dict[str, Any]:
    """A tool in the API's shape, from that shape or from Dotprompt's {name, description, inputSchema}."""
    if isinstance(one, Mapping) and isinstance(one.get("type"), str) and one["type"] in one:
        return dict(one)
    if not isinstance(one, Mapping) or not isinstance(one.get("name"), str):
        raise RenderError("bad_tools", "A tool needs a name, or the shape {type: function, function: {...}}.")
    function = {"name": one["name"], "description": one.get("description")}
    try:
        function["parameters"] = to_json_schema(one.get("inputSchema", one.get("parameters")))
    except PicoschemaError as error:
        raise RenderError("bad_tools", f"The tool {one['name']!r}: {error.message}") from None
    return {"type": "function", "function": {key: value for key, value in function.items() if value is not None}}
