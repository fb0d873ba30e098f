"""The fake endpoint itself: what other tests lean on."""

import httpx
import pytest

from tests.fakes.openai_server import Fault

CHAT = {
    "model": "m",
    "messages": [{"role": "system", "content": "be brief"}, {"role": "user", "content": "hello there"}],
}


def ask(fake, **extra):
    with httpx.Client(trust_env=False, timeout=5) as client:
        return client.post(f"{fake.base_url}/chat/completions", json={**CHAT, **extra})


def test_answers_script_and_memory(fake_openai):
    fake_openai.answer = lambda call: call.user.upper()
    fake_openai.script("first")
    answers = [ask(fake_openai).json()["choices"][0]["message"]["content"] for _ in range(2)]
    assert answers == ["first", "HELLO THERE"]
    assert [(c.system, c.user) for c in fake_openai.chats] == [("be brief", "hello there")] * 2
    assert ask(fake_openai).json()["usage"] == {"prompt_tokens": 4, "completion_tokens": 2, "total_tokens": 6}


def test_models_and_keys(fake_openai):
    fake_openai.models = ["a", "b"]
    listed = httpx.get(f"{fake_openai.base_url}/models", trust_env=False).json()
    assert [m["id"] for m in listed["data"]] == ["a", "b"]
    fake_openai.api_key = "sk-1"
    assert ask(fake_openai).status_code == 401


def test_faults(fake_openai):
    fake_openai.script(
        Fault.status(500),
        Fault.rate_limited("3"),
        Fault.garbage(),
        Fault.wrong_shape(),
        Fault.slow(0.05, "slow"),
    )
    assert ask(fake_openai).status_code == 500
    limited = ask(fake_openai)
    assert (limited.status_code, limited.headers["retry-after"]) == (429, "3")
    assert not ask(fake_openai).text.startswith("{")
    assert ask(fake_openai).json()["choices"] == []
    assert ask(fake_openai).json()["choices"][0]["message"]["content"] == "slow"
    fake_openai.script(Fault.cut())
    with pytest.raises(httpx.RemoteProtocolError):
        ask(fake_openai)
    assert ask(fake_openai).status_code == 200


def test_streams(fake_openai):
    fake_openai.answer = "one two three"
    events = ask(fake_openai, stream=True, stream_options={"include_usage": True}).text.split("\n\n")
    assert events[-2] == "data: [DONE]"
    assert '"completion_tokens": 3' in events[-3]
