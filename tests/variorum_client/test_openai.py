"""Prompts as arguments of the real `openai` client, and its answers as logs."""

import inspect
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pytest

from tests.fakes.openai_server import FakeOpenAI, Fault, fake_openai
from tests.fakes.variorum_server import KEY, FakeVariorum
from variorum_client import AsyncClient, Client, LivePrompt, RenderError
from variorum_client.bundle import build_bundle, canonical_bytes
from variorum_client.chat import KNOWN

__all__ = ["fake_openai"]

PROMPT = """---
model: openai/gpt-9
config:
  temperature: 0.5
  maxOutputTokens: 40
  topK: 7
  stop: ["END"]
input:
  schema:
    name: string
output:
  format: json
  schema:
    mood(enum): [good, bad]
toolDefs:
  - name: parcel
    description: Where a parcel is
    inputSchema:
      number: string
tools: [weather]
---
{{role "system"}}Be kind.
{{role "user"}}I am {{name}}.
"""
WEATHER = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {}}}}
FILES = {
    "prompts/hello.prompt": PROMPT.encode(),
    "prompts/plain.prompt": b"---\nmodel: local/base\noutput: {format: json}\n---\nHi {{name}}",
}


@pytest.fixture
def server() -> Iterator[FakeVariorum]:
    with FakeVariorum() as fake:
        fake.body = canonical_bytes(
            build_bundle(project="desk", environment="production", commit="a" * 40, files=FILES)
        )
        yield fake


@pytest.fixture
def sdk(server: FakeVariorum, tmp_path: Path) -> Iterator[Client]:
    with Client(server.url, KEY, cache_dir=tmp_path, refresh=60, timeout=2.0) as client:
        yield client


@pytest.fixture
def models(fake_openai: FakeOpenAI) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=fake_openai.base_url, api_key="x", max_retries=0) as client:
        yield client


def logged(server: FakeVariorum, sdk: Client) -> dict[str, Any]:
    assert sdk.flush()
    (entry,) = server.logs.values()
    return entry


def test_a_prompt_is_a_whole_request(sdk: Client, fake_openai: FakeOpenAI, models: openai.OpenAI) -> None:
    arguments = sdk.prompt("hello").openai({"name": "Ada"}, tools=[WEATHER])
    assert models.chat.completions.create(**arguments).choices[0].message.content == "ok"
    schema = {
        "type": "object",
        "properties": {"mood": {"enum": ["good", "bad"]}},
        "required": ["mood"],
        "additionalProperties": False,
    }
    number = {"type": "object", "properties": {"number": {"type": "string"}}, "required": ["number"]}
    parcel = {
        "name": "parcel",
        "description": "Where a parcel is",
        "parameters": {**number, "additionalProperties": False},
    }
    assert fake_openai.chats[0].body == {
        "model": "gpt-9",
        "messages": [{"role": "system", "content": "Be kind.\n"}, {"role": "user", "content": "I am Ada."}],
        "temperature": 0.5,
        "max_tokens": 40,
        "top_k": 7,
        "stop": ["END"],
        "tools": [{"type": "function", "function": parcel}, WEATHER],
        "response_format": {"type": "json_schema", "json_schema": {"name": "hello", "schema": schema}},
    }


def test_model_history_and_tools_by_name(sdk: Client) -> None:
    history = [{"role": "user", "content": "Earlier"}]
    arguments = sdk.prompt("plain").openai({"name": "Ada"}, history=history, model="mine")
    assert arguments == {
        "model": "mine",
        "messages": [*history, {"role": "user", "content": "Hi Ada"}],
        "response_format": {"type": "json_object"},
    }
    given = sdk.prompt("hello").openai({"name": "A"}, tools={"weather": {"place": "string"}, "other": {"x": "string"}})
    assert [one["function"]["name"] for one in given["tools"]] == ["parcel", "weather"]
    with pytest.raises(RenderError) as caught:
        sdk.prompt("hello").openai({"name": "Ada"})
    assert caught.value.code == "unknown_tool"


def test_every_argument_has_its_name_in_the_openai_client() -> None:
    theirs = set(inspect.signature(openai.resources.chat.completions.Completions.create).parameters)
    assert theirs >= KNOWN
    assert theirs - KNOWN <= {
        *("self", "stream", "n", "extra_headers", "extra_query", "extra_body", "timeout"),
        *("moderation", "prompt_cache_options", "prompt_cache_retention"),  # newer than the oldest client we know
    }


def test_an_answer_is_logged_with_one_call(server: FakeVariorum, sdk: Client, models: openai.OpenAI) -> None:
    prompt = sdk.prompt("plain")
    response = models.chat.completions.create(**prompt.openai({"name": "Ada"}))
    number = sdk.log_openai(prompt, {"name": "Ada"}, response, user="u7")
    entry = logged(server, sdk)
    assert {name: entry[name] for name in entry if name != "started_at"} == {
        "id": number,
        "prompt": "plain",
        "environment": "production",
        "commit": "a" * 40,
        "model": "local/base",
        "input": {"variables": {"name": "Ada"}},
        "output": "ok",
        "input_tokens": 2,
        "output_tokens": 1,
        "user": "u7",
    }


def test_a_measured_call_logs_itself(
    server: FakeVariorum, sdk: Client, models: openai.OpenAI, fake_openai: FakeOpenAI
) -> None:
    fake_openai.script(Fault.slow(0.2, "late"))
    with sdk.measure(sdk.prompt("plain"), {"name": "Ada"}, tags=["a"]) as call:
        response = call.answered(models.chat.completions.create(**call.arguments))
    entry = logged(server, sdk)
    assert (entry["output"], entry["tags"], entry["id"]) == (response.choices[0].message.content, ["a"], call.id)
    assert 200 <= entry["latency_ms"] < 20_000


def test_an_error_is_logged_and_goes_on(
    server: FakeVariorum, sdk: Client, models: openai.OpenAI, fake_openai: FakeOpenAI
) -> None:
    fake_openai.script(Fault.status(500))
    with pytest.raises(openai.InternalServerError), sdk.measure(sdk.prompt("plain"), {"name": "A"}) as call:
        call.answered(models.chat.completions.create(**call.arguments))
    entry = logged(server, sdk)
    assert entry["error"].startswith("InternalServerError: ")
    assert "output" not in entry


def test_a_stream_is_logged_as_it_passes(
    server: FakeVariorum, sdk: Client, models: openai.OpenAI, fake_openai: FakeOpenAI
) -> None:
    fake_openai.script("one two three")
    with sdk.measure(sdk.prompt("plain"), {"name": "Ada"}) as call:
        options = {"stream": True, "stream_options": {"include_usage": True}}
        chunks = list(call.chunks(models.chat.completions.create(**call.arguments, **options)))
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    entry = logged(server, sdk)
    assert text == entry["output"] == "one two three"
    assert (entry["input_tokens"], entry["output_tokens"]) == (2, 3)


async def test_the_async_clients_do_the_same(server: FakeVariorum, tmp_path: Path, fake_openai: FakeOpenAI) -> None:
    fake_openai.script("one two", "three")
    async with (
        AsyncClient(server.url, KEY, cache_dir=tmp_path, refresh=60) as sdk,
        openai.AsyncOpenAI(base_url=fake_openai.base_url, api_key="x") as models,
    ):
        prompt = await sdk.prompt("plain")
        async with sdk.measure(prompt, {"name": "Ada"}) as call:
            stream = await models.chat.completions.create(**call.arguments, stream=True)
            assert len([chunk async for chunk in call.achunks(stream)]) == 4
        sdk.log_openai(prompt, {}, await models.chat.completions.create(**prompt.openai({"name": "B"})))
        assert await sdk.flush()
    assert sorted(entry["output"] for entry in server.logs.values()) == ["one two", "three"]


def test_tool_calls_are_the_output(server: FakeVariorum, sdk: Client) -> None:
    """Whole and in pieces, as dicts; a refusal is a text."""
    function = {"name": "parcel", "arguments": '{"number": "7"}'}
    whole = [{"id": "c1", "type": "function", "function": function}]
    message = {"content": None, "tool_calls": whole}
    one = sdk.log_openai("plain", {}, {"choices": [{"message": message}], "model": "m"})
    two = sdk.log_openai("plain", {}, {"choices": [{"message": {"content": None, "refusal": "No."}}]})
    parts = [
        {"index": 0, "id": "c1", "type": "function", "function": {"name": "parcel", "arguments": ""}},
        *({"index": 0, "function": {"arguments": piece}} for piece in ('{"number"', ': "7"}')),
    ]
    with sdk.measure(sdk.prompt("plain"), {"name": "A"}) as call:
        list(call.chunks({"choices": [{"delta": {"tool_calls": [part]}}]} for part in parts))
    assert sdk.flush()
    assert call.id is not None
    expected = {"content": None, "tool_calls": whole}
    assert (server.logs[one]["output"], server.logs[call.id]["output"]) == (expected, expected)
    assert server.logs[two]["output"] == "No."
    assert json.loads(server.logs[call.id]["output"]["tool_calls"][0]["function"]["arguments"]) == {"number": "7"}


@pytest.mark.parametrize("odd", [None, 7, "text", {}, {"choices": []}, {"choices": [None]}, {"usage": 3, "model": 1}])
def test_what_is_no_answer_is_logged_without_one(server: FakeVariorum, sdk: Client, odd: Any) -> None:
    number = sdk.log_openai("plain", None, odd)
    assert sdk.flush()
    assert "output" not in server.logs[number]
    assert isinstance(sdk.prompt("plain"), LivePrompt)
