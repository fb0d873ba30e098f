"""Chat completions through the gateway, over HTTP, with OpenAI's own client where it matters."""

import json
import time
from decimal import Decimal
from typing import Any

import httpx
import openai as openai_package
import pytest
from openai import OpenAI

from tests.fakes.openai_server import FakeOpenAI, Fault
from tests.monitoring.gateway.conftest import SECRET, chat, log_of
from variorum.accounts.models import Project


def events(answer: httpx.Response) -> list[Any]:
    """The data of a stream's events; texts where they are no JSON."""
    found = [line[6:] for line in answer.text.split("\n") if line.startswith("data: ")]
    return [json.loads(one) if one.startswith("{") else one for one in found]


def test_a_whole_answer_and_its_log(ask, acme: FakeOpenAI, project: Project) -> None:
    acme.answer = "well met"
    body = chat("hello there", seed=7, logprobs=True, n=2, strange={"deep": [1, 2.5, None]}, user="u-1")
    answer = ask(body, x_variorum_environment="dev", x_variorum_session="s-1")
    assert answer.status_code == 200, answer.text
    sent = acme.calls[0]
    assert sent.body == {**body, "model": "good"}
    assert sent.headers["authorization"] == f"Bearer {SECRET}"
    assert answer.json()["choices"][0]["message"]["content"] == "well met"
    assert answer.json()["model"] == "good"
    log = log_of(project, answer.headers["x-variorum-log-id"])
    assert (log["model"], log["environment"], log["end_user"], log["session"]) == ("acme/good", "dev", "u-1", "s-1")
    assert (log["input_tokens"], log["output_tokens"], log["cost"]) == (2, 2, Decimal("0.000024"))
    assert (log["output"], log["input"]["messages"], log["failed"]) == ("well met", body["messages"], False)
    assert log["metadata"]["ended"] == "done"


@pytest.mark.parametrize("wants_usage", [True, False])
def test_a_stream_ends_with_done_and_shows_usage_only_when_asked(ask, acme, project, wants_usage: bool) -> None:
    acme.answer = "one two three"
    options = {"stream_options": {"include_usage": True}} if wants_usage else {}
    answer = ask(chat(stream=True, **options))
    found = events(answer)
    assert answer.headers["content-type"] == "text/event-stream"
    assert acme.calls[0].body["stream_options"] == {"include_usage": True}
    assert found[-1] == "[DONE]"
    chunks = found[:-1]
    assert "".join(c["choices"][0]["delta"].get("content", "") for c in chunks if c["choices"]) == "one two three"
    assert [c["usage"] is not None for c in chunks if "usage" in c] == ([False] * 5 + [True] if wants_usage else [])
    log = log_of(project, answer.headers["x-variorum-log-id"])
    assert (log["output"], log["output_tokens"]) == ("one two three", 3)


def test_a_prompt_is_filled_and_its_commit_is_said(openai: OpenAI, acme, project, deploy) -> None:
    commit = deploy()
    acme.answer = "card"
    raw = openai.chat.completions.with_raw_response.create(
        model="prompts/triage",
        messages=[{"role": "assistant", "content": "Hello?"}],
        max_completion_tokens=5,
        extra_body={"variorum": {"variables": {"message": "my card"}, "environment": "dev", "tags": ["web"]}},
    )
    assert raw.parse().choices[0].message.content == "card"
    assert raw.headers["x-variorum-commit"] == commit
    sent = acme.calls[0].body
    assert sent["messages"] == [
        {"role": "system", "content": "Sort politely."},
        {"role": "assistant", "content": "Hello?"},
        {"role": "user", "content": "Sort my card."},
    ]
    assert {name: sent.get(name) for name in ("temperature", "max_tokens", "max_completion_tokens", "variorum")} == {
        "temperature": 0.3,
        "max_tokens": None,
        "max_completion_tokens": 5,
        "variorum": None,
    }
    log = log_of(project, raw.headers["x-variorum-log-id"])
    assert (log["prompt"], log["commit"], log["tags"]) == ("triage", commit, ["gateway", "web"])
    assert log["input"]["variables"] == {"message": "my card"}


def test_a_wrong_variable_is_named(ask, acme, deploy) -> None:
    deploy()
    answer = ask({"model": "prompts/triage", "variorum": {"variables": {"message": 5}, "environment": "dev"}})
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert (error["type"], error["param"]) == ("invalid_request_error", "variorum.variables.message")
    assert acme.calls == []


@pytest.mark.parametrize(
    ("change", "status", "code", "param"),
    [
        ({"model": "nobody/x"}, 404, "model_not_found", "model"),
        ({"model": "prompts/none"}, 404, "model_not_found", "model"),
        ({"model": 5}, 400, "missing_required_parameter", "model"),
        ({"variorum": {"environment": "moon"}}, 400, "unknown_environment", "variorum.environment"),
        ({"variorum": {"what": 1}}, 400, "unknown_parameter", "variorum.what"),
        ({"variorum": []}, 400, "invalid_type", "variorum"),
    ],
)
def test_refusals_have_openais_shape(ask, acme, change, status, code, param) -> None:
    answer = ask({**chat(), **change})
    assert answer.status_code == status
    error = answer.json()["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert (error["code"], error["param"], error["type"]) == (code, param, "invalid_request_error")
    assert acme.calls == []


def test_a_number_that_is_none_goes_nowhere(ask, acme) -> None:
    answer = ask(json.dumps({**chat(), "n": 1}).replace('"n": 1', '"n": 1e400').encode())
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_json")
    assert "1e400" in answer.json()["error"]["message"]
    assert acme.calls == []


def test_only_keys_made_for_it_open_the_door(ask, make_key, web: str) -> None:
    assert ask(chat(), key="vk_nothing").json()["error"]["code"] == "invalid_api_key"
    assert ask(chat(), key=make_key("runtime", "admin")).status_code == 403
    bound = make_key("gateway", environments=["staging"])
    refused = ask(chat(variorum={"environment": "dev"}), key=bound)
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "wrong_environment")
    nobody = httpx.post(f"{web}/v1/chat/completions", json=chat())
    assert (nobody.status_code, nobody.json()["error"]["code"]) == (401, "invalid_api_key")
    assert ask(chat(), "chat/nothing").json()["error"]["code"] == "unknown_url"
    assert ask(b"{").status_code == 400


def test_a_cut_stream_never_looks_whole(ask, openai: OpenAI, acme, project) -> None:
    piece = b'data: {"id":"1","choices":[{"index":0,"delta":{"content":"half"}}]}\n\n'
    for whole in (True, False):
        acme.script(Fault.raw(piece, whole=whole))
        answer = ask(chat(stream=True))
        found = events(answer)
        assert found[0]["choices"][0]["delta"] == {"content": "half"}
        assert (found[-1]["error"]["code"], "[DONE]" in found) == ("upstream_cut", False)
        log = log_of(project, answer.headers["x-variorum-log-id"])
        assert (log["failed"], log["output"], log["metadata"]["ended"]) == (True, "half", "cut")
    acme.script(Fault.raw(piece, whole=False))
    with pytest.raises(openai_package.APIError):
        list(openai.chat.completions.create(**chat(stream=True)))
    acme.script(Fault.cut())
    cut = ask(chat())
    assert (cut.status_code, cut.json()["error"]["code"]) == (502, "upstream_cut")


def test_characters_split_between_pieces_arrive_whole(ask, acme) -> None:
    text = (
        'data: {"choices":[{"index":0,"delta":{"content":"Grüße 🎉 日本"}}],"x":1}\r\n\r\ndata: [DONE]\r\n\r\n'.encode()
    )
    acme.script(Fault.raw(*(text[at : at + 1] for at in range(len(text)))))
    assert ask(chat(stream=True)).content == text


def test_a_caller_who_leaves_closes_the_upstream(web, token, acme, project) -> None:
    piece = b'data: {"choices":[{"index":0,"delta":{"content":"word "}}]}\n\n'
    acme.script(Fault.raw(*[piece] * 2000, gap=0.05))
    headers = {"authorization": f"Bearer {token}"}
    with httpx.stream("POST", f"{web}/v1/chat/completions", json=chat(stream=True), headers=headers) as answer:
        id_ = answer.headers["x-variorum-log-id"]
        next(answer.iter_bytes())
    deadline = time.monotonic() + 20
    while not acme.hung_up and time.monotonic() < deadline:
        time.sleep(0.02)
    assert acme.hung_up == 1
    log = log_of(project, id_)
    assert (log["metadata"]["ended"], log["failed"]) == ("caller_gone", False)


def test_the_providers_key_never_leaves(ask, acme, project) -> None:
    said = json.dumps({"error": {"message": f"bad key {SECRET}", "type": "x", "param": None, "code": None}}).encode()
    for code, status in ((401, 502), (400, 400)):
        echo = {"Set-Cookie": f"k={SECRET}", "X-Request-Id": SECRET}
        acme.script(Fault.raw(said, code=code, kind="application/json", headers=echo))
        answer = ask(chat())
        assert answer.status_code == status
        assert SECRET not in answer.text + str(answer.headers)
        assert "set-cookie" not in answer.headers
        assert SECRET not in json.dumps(log_of(project, answer.headers["x-variorum-log-id"]), default=str)
    acme.script(Fault.raw(f'data: {{"error": {{"message": "{SECRET}"}}}}\n\ndata: [DONE]\n\n'.encode()))
    answer = ask(chat(stream=True))
    assert SECRET not in answer.text
    assert "[key]" in log_of(project, answer.headers["x-variorum-log-id"])["error"]


def test_an_upstreams_own_refusal_arrives_with_its_wait(ask, acme, project) -> None:
    acme.script(Fault.rate_limited("3600"))
    answer = ask(chat())
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "3600")
    assert answer.json()["error"]["message"] == "scripted 429"
    assert len(acme.calls) == 1
    assert log_of(project, answer.headers["x-variorum-log-id"])["failed"]
    acme.script(Fault.garbage())
    assert ask(chat()).json()["error"]["code"] == "bad_answer"


def test_what_may_be_tried_again_is(ask, acme, project) -> None:
    acme.script(Fault.status(500), Fault.rate_limited("0"), "third time")
    answer = ask(chat())
    assert answer.json()["choices"][0]["message"]["content"] == "third time"
    tries = log_of(project, answer.headers["x-variorum-log-id"])["metadata"]["tries"]
    assert [one["status"] for one in tries] == [500, 429, 200]
    acme.reset()
    acme.script(Fault.status(400), "never")
    assert ask(chat()).status_code == 400
    assert len(acme.calls) == 1


def test_a_private_address_is_refused_as_it_is_connected_to(ask, project, actor, monkeypatch) -> None:
    from variorum.inference.models import Provider

    Provider.objects.create(project=project, slug="inner", name="Inner", base_url="http://127.0.0.2:9/v1")
    answer = ask(chat(model="inner/x"))
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "private_address")
