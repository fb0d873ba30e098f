"""What keys may use: exact across callers, refused in OpenAI's words, given back when less was used."""

import time
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
from django.utils import timezone

from monitoring.gateway import facts
from monitoring.gateway.models import KeySpend
from tests.fakes.openai_server import Fault
from tests.monitoring.gateway.conftest import chat, log_of
from variorum.accounts import authentication
from variorum.accounts.models import ApiKey
from variorum.inference.models import Provider
from variorum.lib.crypto import new_token
from variorum.lib.errors import Unauthenticated

P = "/api/v1/projects/support-desk/gateway"


@pytest.fixture
def limit(api, owner, token, project):
    """limit(requests_per_minute=3) -> the key `token` may use no more."""
    key = ApiKey.objects.get(project=project, scopes__contains=["gateway"])

    def put(**limits):
        answer = api(owner).put(f"{P}/keys/{key.pk}", limits)
        assert answer.status_code == 200, answer.content
        return key

    return put


def test_no_more_requests_than_allowed_however_many_come_at_once(ask, acme, limit) -> None:
    limit(requests_per_minute=5)
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda _: ask(chat()), range(12)))
    good = [answer for answer in answers if answer.status_code == 200]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert len(good) + len(refused) == 12
    assert 5 <= len(good) == len(acme.calls) <= 10  # above five only when a minute ended meanwhile
    error = refused[0].json()["error"]
    assert (error["code"], error["type"], set(error)) == (
        "rate_limit_exceeded",
        "requests",
        {"message", "type", "param", "code"},
    )
    assert 0 < int(refused[0].headers["retry-after"]) <= 61


def test_a_budget_counts_what_was_used_and_ends(ask, acme, limit, project) -> None:
    key = limit(dollars_per_month="0.0066")
    acme.answer = "two words"
    first = ask(chat(max_tokens=100))  # it may cost $0.00105, it costs $0.000024
    log_of(project, first.headers["x-variorum-log-id"])
    assert ask(chat(max_tokens=600)).status_code == 200
    refused = ask(chat(max_tokens=700))
    assert (refused.status_code, refused.json()["error"]["code"]) == (429, "insufficient_quota")
    assert refused.headers["x-should-retry"] == "false"
    assert int(refused.headers["retry-after"]) > 0
    month = KeySpend.objects.get(key=key, span="month")
    assert month.requests == 2
    assert month.cost < Decimal("0.0066")


def test_a_call_that_reached_nobody_or_was_refused_uses_no_tokens(ask, acme, limit, project) -> None:
    key = limit(tokens_per_day=5000)
    Provider.objects.create(project=project, slug="gone", name="Gone", base_url="http://127.0.0.1:1/v1")
    acme.answer = Fault.status(400)
    for model, status in (("acme/good", 400), ("gone/x", 502)):
        answer = ask(chat(model=model, max_tokens=2000))
        assert answer.status_code == status
        log_of(project, answer.headers["x-variorum-log-id"])
    deadline = time.monotonic() + 20
    while (day := KeySpend.objects.get(key=key, span="day")).tokens and time.monotonic() < deadline:
        time.sleep(0.02)
    assert (day.requests, day.tokens) == (2, 0)


def test_tokens_too_many_for_a_minute_are_never_right(ask, acme, limit) -> None:
    limit(tokens_per_minute=100)
    refused = ask(chat(max_tokens=500))
    assert (refused.status_code, refused.json()["error"]["type"]) == (429, "tokens")
    assert refused.headers["x-should-retry"] == "false"
    assert acme.calls == []


def test_without_a_price_there_is_no_budget_in_dollars(ask, acme, limit) -> None:
    limit(dollars_per_day=1)
    assert ask(chat(model="acme/other")).json()["error"]["code"] == "price_unknown"
    assert acme.calls == []


def test_the_page_shows_limits_and_use_to_those_who_may(ask, acme, limit, api, owner, member, project) -> None:
    key = limit(requests_per_minute=9, dollars_per_day="2.5")
    log_of(project, ask(chat()).headers["x-variorum-log-id"])
    shown = api(member("maintainer")).get(f"{P}/keys").json()["items"]
    assert [(one["id"], one["limits"]["requests_per_minute"], one["limits"]["dollars_per_day"]) for one in shown] == [
        (key.pk, 9, "2.5000")
    ]
    assert shown[0]["used"]["month"]["requests"] == 1
    assert api(member("viewer")).get(f"{P}/keys").status_code == 403
    other = api(owner).post("/api/v1/projects/support-desk/keys", {"name": "logs", "scopes": ["logs"]}).json()["id"]
    assert api(owner).put(f"{P}/keys/{other}", {}).json()["code"] == "scope_missing"


def test_a_revoked_key_is_out_within_a_second(ask, acme, token, api, owner, project) -> None:
    assert ask(chat()).status_code == 200
    key = ApiKey.objects.get(project=project, scopes__contains=["gateway"])
    key.revoked_at = timezone.now()
    key.save()  # no news are sent
    began = time.monotonic()
    while (answer := ask(chat())).status_code == 200:
        assert time.monotonic() - began < 20  # it is kept for 0.8 s
        time.sleep(0.05)
    assert answer.json()["error"]["code"] == "invalid_api_key"


def test_a_bad_key_costs_one_look_up_and_a_new_key_works_at_once(
    ask, acme, make_key, monkeypatch, django_assert_num_queries
) -> None:
    guessed = new_token("vk")
    with django_assert_num_queries(1):
        for _ in range(50):
            for token in (guessed, "vk_short", "sk-another"):
                with pytest.raises(Unauthenticated) as refused:
                    facts.key_of(token)
                assert refused.value.stable_code == "unknown_key"
    assert ask(chat(), key=guessed).status_code == 401
    monkeypatch.setattr("variorum.lib.crypto.new_token", lambda prefix: guessed)
    assert make_key("gateway") == guessed
    deadline = time.monotonic() + 20
    while (answer := ask(chat(), key=guessed)).status_code == 401 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert answer.status_code == 200
    authentication.hear({"kind": "api_key.created"})  # as it is told to every web process
    assert facts.key_of(guessed).name == "test key"
