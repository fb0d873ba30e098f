"""What neither a caller nor an upstream can do to the gateway."""

import json
import time
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from monitoring.gateway import plans
from monitoring.gateway.asked import CHAT
from monitoring.gateway.models import KeySpend
from monitoring.gateway.plans import UNSAID_TOKENS
from monitoring.gateway.relay import MOST_EVENT, Relay, TooLong
from monitoring.gateway.secret import Veil
from monitoring.gateway.tally import MOST_NAME, MOST_PARTS, Tally
from tests.fakes.openai_server import Fault
from tests.monitoring.gateway.conftest import chat, log_of
from variorum.accounts.access import Actor
from variorum.accounts.models import ApiKey, Membership
from variorum.accounts.roles import Role
from variorum.accounts.services import remove_member, set_member
from variorum.inference.shapes import Target

API = "/api/v1/projects/support-desk/gateway"


def relay(tally: Tally | None = None) -> Relay:
    return Relay(tally or Tally(CHAT), Veil(""), wants_usage=True)


def chunk(*choices: dict[str, Any]) -> bytes:
    return json.dumps({"choices": choices}).encode()


@pytest.mark.parametrize("end", [b"\r\n\r\n", b"\n\n", b"\r\r"])
def test_an_event_is_found_however_its_end_is_cut(end: bytes) -> None:
    events = [b'data: {"a": 1}' + end, b": comment" + end, b"data: [DONE]" + end]
    for size in (1, 2, 3, 5, 100):
        text, tally = b"".join(events), Tally(CHAT)
        cutter = relay(tally)
        said = [cutter.feed(text[at : at + size]) for at in range(0, len(text), size)]
        assert (b"".join(said), tally.whole) == (text, True)
        if size == 1:
            assert [one for one in said if one] == events


def test_an_event_in_small_pieces_costs_no_more_the_longer_it_is() -> None:
    def seconds(waiting: int) -> float:
        cutter = relay()
        cutter.feed(b"data: " + b"x" * waiting)
        began = time.process_time()
        for _ in range(2000):
            cutter.feed(b"x" * 16)
        return time.process_time() - began

    assert seconds(3_000_000) < 20 * min(seconds(1000) for _ in range(3)) + 0.1  # it was above a thousand times


def test_an_event_without_an_end_is_cut_off() -> None:
    cutter = relay()
    cutter.feed(b"x" * MOST_EVENT)
    with pytest.raises(TooLong):
        cutter.feed(b"x")


def test_what_is_gathered_of_a_stream_is_bounded() -> None:
    tally = Tally(CHAT)
    for at in (-1, *range(1000), 10**30):
        call = {"index": at, "id": "i" * 10_000, "function": {"name": "n" * 10_000, "arguments": ""}}
        tally.take_event(chunk({"index": at, "delta": {"content": ""}}, {"index": 0, "delta": {"tool_calls": [call]}}))
    assert sorted(tally.choices) == list(range(MOST_PARTS))
    calls = tally.choices[0]["tool_calls"]
    assert sorted(calls) == list(range(MOST_PARTS))
    assert {(len(one["id"]), len(one["name"]), *one["arguments"]) for one in calls.values()} == {(MOST_NAME, MOST_NAME)}


def test_a_whole_answer_counts_in_the_bytes_that_wait_to_be_logged() -> None:
    tally = Tally(CHAT)
    tally.take_document({"choices": [{"message": {"role": "assistant", "content": "wörd"}}]}, 5000)
    assert (tally.size, tally.said) == (5000, 5)


def test_who_leaves_early_pays_for_what_came(web, token, acme, api, owner, project) -> None:
    key = ApiKey.objects.get(project=project, scopes__contains=["gateway"])
    assert api(owner).put(f"{API}/keys/{key.pk}", {"tokens_per_day": 100_000, "dollars_per_day": 5}).status_code == 200
    big = b"data: " + chunk({"index": 0, "delta": {"content": "word " * 12_000}}) + b"\n\n"
    small = b"data: " + chunk({"index": 0, "delta": {"content": "word "}}) + b"\n\n"
    acme.script(Fault.raw(big, *[small] * 2000, gap=0.05))
    headers = {"authorization": f"Bearer {token}"}
    with httpx.stream("POST", f"{web}/v1/chat/completions", json=chat(stream=True), headers=headers) as answer:
        id_, got = answer.headers["x-variorum-log-id"], 0
        for piece in answer.iter_bytes():
            if (got := got + len(piece)) >= len(big):
                break
    assert log_of(project, id_)["metadata"]["ended"] == "caller_gone"
    deadline = time.monotonic() + 20
    while (spent := KeySpend.objects.get(key=key, span="day")).tokens < 20_000 and time.monotonic() < deadline:
        time.sleep(0.02)
    assert 20_000 <= spent.tokens < 25_000  # 60,000 bytes of words, at three a token
    assert float(spent.cost) >= 20_000 * 10 / 1e6


@pytest.mark.parametrize(
    ("lengths", "answer"),
    [
        ({"max_completion_tokens": 1, "max_tokens": 9000}, 9000),
        ({"max_tokens": -1}, UNSAID_TOKENS),
        ({"max_tokens": 700.0, "n": 2}, 1400),
    ],
)
def test_the_longest_answer_that_was_asked_for_is_reserved(lengths: dict[str, Any], answer: int) -> None:
    attempt: Any = SimpleNamespace(body=b"x" * 400, target=Target("a", "b", "c"))
    assert plans._estimate(SimpleNamespace(endpoint=CHAT), lengths, [attempt]) == (100, 100 + answer, None)  # type: ignore[arg-type]


@pytest.mark.parametrize("model", ["acme/good\n", "acme/\x00", "ac\x00me/good", "acme/a\r\nx-evil: 1", "prompts/\x7f"])
def test_a_model_of_no_plain_letters_is_refused(ask, acme, model: str) -> None:
    answer = ask(chat(model=model))
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "model")
    assert acme.calls == []


def test_a_header_of_no_plain_letters_is_refused(ask, acme) -> None:
    for name in ("openai-beta", "x-variorum-session"):
        answer = ask(chat(), **{name: "a\tb"})
        assert (answer.status_code, answer.json()["error"]["param"]) == (400, name)
    assert acme.calls == []


def test_a_key_ends_when_its_maker_leaves(ask, acme, project, owner, member, token) -> None:
    assert ask(chat()).status_code == 200
    set_member(project=project, actor=Actor.system(), user=member("maintainer"), role=Role.OWNER)
    for role, code in ((Role.EDITOR, 200), (Role.VIEWER, "role_too_low"), (None, "maker_gone")):
        if role is None:
            remove_member(membership=Membership.objects.get(project=project, user=owner), actor=Actor.system())
        else:
            set_member(project=project, actor=Actor.system(), user=owner, role=role)
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            answer = ask(chat())
            found = 200 if answer.status_code == 200 else answer.json()["error"]["code"]
            if found == code:
                break
            time.sleep(0.05)
        assert found == code
        assert answer.status_code == (200 if code == 200 else 403)


def test_answers_are_kept_apart_by_what_goes_upstream(ask, acme, api, owner) -> None:
    body = chat(variorum={"cache": 60})
    for value in ("one", "two"):
        answer = ask(body, **{"openai-beta": value})
        assert (answer.status_code, answer.headers["x-variorum-cache"]) == (200, "miss")
    assert [call.headers["openai-beta"] for call in acme.calls] == ["one", "two"]


def test_another_projects_adapter_cannot_be_named(ask, settings) -> None:
    settings.MODEL_SERVER_URL = "http://127.0.0.1:9"
    answer = ask(chat(model=f"local/smollm2-135m+{'a' * 64}"))
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "model_not_found")
