"""The other endpoints, what routes do, and kept answers."""

import time

import pytest
from openai import OpenAI

from monitoring.gateway.models import KeptAnswer
from tests.fakes.openai_server import FakeOpenAI, Fault
from tests.monitoring.gateway.conftest import chat, log_of

P = "/api/v1/projects/support-desk/gateway"


@pytest.fixture
def route(api, owner, acme):
    """route(fallbacks=["acme/spare"]) -> said of acme/good."""

    def put(model: str = "acme/good", **values):
        answer = api(owner).post(f"{P}/routes", {"model": model, **values})
        assert answer.status_code == 200, answer.content

    return put


def test_responses_whole_and_streamed(openai: OpenAI, acme: FakeOpenAI, project, deploy) -> None:
    commit = deploy()
    acme.answer = "one two"
    ours = {"variorum": {"variables": {"message": "it"}, "environment": "dev"}}
    raw = openai.responses.with_raw_response.create(model="prompts/triage", input="Hi", extra_body=ours)
    assert raw.parse().output_text == "one two"
    sent = acme.calls[0].body
    assert sent["input"] == [
        {"role": "system", "content": "Sort politely."},
        {"role": "user", "content": "Hi"},
        {"role": "user", "content": "Sort it."},
    ]
    assert (sent["max_output_tokens"], sent["temperature"], "messages" in sent) == (40, 0.3, False)
    log = log_of(project, raw.headers["x-variorum-log-id"])
    assert (log["output"], log["commit"], log["output_tokens"]) == ("one two", commit, 2)
    events = list(openai.responses.create(model="acme/good", input="Hi", stream=True))
    assert [event.type for event in events] == [
        "response.created",
        "response.output_text.delta",
        "response.output_text.delta",
        "response.completed",
    ]


def test_embeddings_are_numbers_and_the_log_holds_none(openai: OpenAI, ask, acme, project) -> None:
    made = openai.embeddings.create(model="acme/good", input=["a b", "c"])
    assert [row.embedding for row in made.data] == [[2.0, 0.5, -1.0], [1.0, 0.5, -1.0]]
    answer = ask({"model": "acme/good", "input": "a b c"}, "embeddings")
    log = log_of(project, answer.headers["x-variorum-log-id"])
    assert (log["output"], log["input"]) == ({"embeddings": 1, "dimensions": 3}, {"text": "a b c"})
    assert (log["input_tokens"], float(log["cost"])) == (3, 0.000006)
    assert ask({"model": "prompts/x", "input": "a"}, "embeddings").status_code == 404


def test_models_and_prompts_are_listed(openai: OpenAI, acme, deploy) -> None:
    deploy()
    listed = openai.models.list(extra_headers={"x-variorum-environment": "dev"})
    assert {"acme/good": "acme", "prompts/triage": "variorum"}.items() <= {m.id: m.owned_by for m in listed}.items()
    assert openai.models.retrieve("acme/good").id == "acme/good"


def test_tools_and_their_calls_pass(openai: OpenAI, ask, acme, project) -> None:
    piece = (
        b'data: {"id":"1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"tool'
        b'_calls":[{"index":0,"id":"call_1","type":"function","function":{"name":"find","arguments":"{\\"q\\":"}}]}}]}\n\n'
    )
    rest = piece.replace(b'"id":"call_1","type":"function",', b"").replace(b'"name":"find",', b"")
    rest = rest.replace(b'{\\"q\\":', b"1}")
    acme.script(Fault.raw(piece, rest, b"data: [DONE]\n\n"))
    tools = [{"type": "function", "function": {"name": "find", "parameters": {"type": "object"}}}]
    answer = ask(chat(stream=True, tools=tools))
    assert answer.content == piece + rest + b"data: [DONE]\n\n"
    assert acme.calls[0].body["tools"] == tools
    log = log_of(project, answer.headers["x-variorum-log-id"])
    assert log["output"] == {"tool_calls": [{"id": "call_1", "name": "find", "arguments": '{"q":1}'}]}


def test_another_model_stands_in(ask, acme, route, project) -> None:
    route(fallbacks=["acme/spare"])
    acme.answer = lambda call: "spare" if call.body["model"] == "spare" else Fault.status(503)
    answer = ask(chat())
    assert answer.json()["choices"][0]["message"]["content"] == "spare"
    assert answer.headers["x-variorum-model"] == "acme/spare"
    log = log_of(project, answer.headers["x-variorum-log-id"])
    assert log["model"] == "acme/spare"
    assert [(one["model"], one["status"]) for one in log["metadata"]["tries"]] == [
        *[("acme/good", 503)] * 3,
        ("acme/spare", 200),
    ]


@pytest.mark.parametrize("stream", [False, True])
def test_kept_answers(ask, acme, route, project, stream: bool) -> None:
    route(cache_seconds=60)
    acme.answer = "kept words"
    first = ask(chat(stream=stream))
    assert first.headers["x-variorum-cache"] == "miss"
    wait_for_kept(project)
    acme.answer = "new words"
    again = ask({**dict(reversed(chat(stream=stream).items()))})
    assert (again.headers["x-variorum-cache"], again.content) == ("hit", first.content)
    assert len(acme.calls) == 1
    log = log_of(project, again.headers["x-variorum-log-id"])
    assert (log["metadata"]["cache"], log["cost"], log["output"]) == ("hit", 0, "kept words")
    assert ask(chat(stream=stream, variorum={"cache": 0})).content != first.content
    assert ask(chat(stream=stream, seed=1)).headers["x-variorum-cache"] == "miss"
    wait_for_kept(project, 2)


def test_bad_answers_are_not_kept(ask, acme, route, project, api, owner) -> None:
    route(cache_seconds=60)
    half = b'data: {"choices":[{"index":0,"delta":{"content":"half"}}]}\n\n'
    acme.script(Fault.status(400), Fault.raw(half), Fault.raw(b'data: {"error":{"message":"x"}}\n\ndata: [DONE]\n\n'))
    for body in (chat(), chat(stream=True), chat(stream=True)):
        ask(body)
    assert not KeptAnswer.objects.filter(project=project).exists()
    assert "x-variorum-cache" not in ask(chat(model="acme/other")).headers


def test_routes_name_models_that_there_are(api, owner, member, acme) -> None:
    answer = api(owner).post(f"{P}/routes", {"model": "acme/good", "fallbacks": ["nobody/x"]})
    assert (answer.status_code, answer.json()["errors"][0]["where"]) == (400, "fallbacks.0")
    assert api(owner).post(f"{P}/routes", {"model": "acme/good", "fallbacks": ["acme/good"]}).status_code == 400
    made = api(owner).post(f"{P}/routes", {"model": "prompts/triage", "fallbacks": ["acme/spare"]}).json()
    assert api(owner).get(P).json()["routes"] == [made]
    assert api(member("editor")).delete(f"{P}/routes/{made['id']}").status_code == 403
    assert api(owner).delete(f"{P}/routes/{made['id']}").status_code == 204
    assert api(owner).patch(P, {"total_seconds": 5}).json()["errors"][0]["where"] == "total_seconds"
    assert api(owner).patch(P, {"retries": 0, "first_byte_seconds": 30}).json()["retries"] == 0


def wait_for_kept(project, count: int = 1) -> None:
    """Until so many answers are in the table."""
    deadline = time.monotonic() + 20
    while KeptAnswer.objects.filter(project=project).count() < count:
        assert time.monotonic() < deadline
        time.sleep(0.02)
