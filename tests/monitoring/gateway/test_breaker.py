"""Circuits: when they open, who tries first, what a call gets meanwhile, and that a page can tell."""

import time
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.gateway import breaker
from monitoring.gateway.breaker import FAILURES, LONGEST_OPEN, OPEN_SECONDS, WINDOW, Breakers, Outcome, Pass
from monitoring.gateway.plans import Attempt
from tests.fakes.openai_server import Fault
from tests.monitoring.gateway.conftest import chat, log_of
from variorum.inference.models import Provider
from variorum.inference.shapes import Target

P = "/api/v1/projects/support-desk/gateway"


class Clock:
    """A clock that is set by hand."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def attempt(model: str = "good", provider: str = "acme", project: int = 7) -> Attempt:
    target = Target(provider, model, "https://acme.example/v1", project_id=None if provider == "local" else project)
    return Attempt(f"{provider}/{model}", target, "chat/completions", {}, b"{}", project_id=project)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def told() -> list[tuple[int, str, str, bool]]:
    return []


@pytest.fixture
def breakers(clock: Clock, told: list[Any]) -> Breakers:
    return Breakers(lambda project, one: told.append((project, one["name"], one["reason"], bool(one["until"]))), clock)


def end(breakers: Breakers, outcome: Outcome, asked: Attempt, times: int = 1) -> None:
    for _ in range(times):
        leave = breakers.enter(asked)
        assert isinstance(leave, Pass)
        leave.ended(outcome)


def test_one_projects_failures_shut_nobody_else_out_of_our_own_server(breakers) -> None:
    end(breakers, Outcome.UNREACHABLE, attempt(provider="local"), FAILURES)
    assert breakers.enter(attempt(provider="local")) == OPEN_SECONDS
    assert isinstance(breakers.enter(attempt(provider="local", project=8)), Pass)


def test_a_model_that_fails_is_left_alone_and_tried_by_one_call(breakers, clock, told) -> None:
    end(breakers, Outcome.FAILED, attempt(), FAILURES)
    assert breakers.enter(attempt()) == OPEN_SECONDS
    assert isinstance(breakers.enter(attempt("spare")), Pass)  # another model of the same provider
    assert isinstance(breakers.enter(attempt(project=8)), Pass)
    clock.now += OPEN_SECONDS
    probe = breakers.enter(attempt())
    assert isinstance(probe, Pass)
    assert breakers.enter(attempt()) == 1.0  # one at a time
    probe.ended(Outcome.FAILED)
    assert breakers.enter(attempt()) == 2 * OPEN_SECONDS
    clock.now += 2 * OPEN_SECONDS
    end(breakers, Outcome.NOTHING, attempt())  # its caller left: the next one tries
    end(breakers, Outcome.GOOD, attempt())
    end(breakers, Outcome.FAILED, attempt(), FAILURES - 1)
    assert isinstance(breakers.enter(attempt()), Pass)
    opened, closed = (7, "acme/good", "failed", True), (7, "acme/good", "failed", False)
    assert told == [opened, opened, closed]


def test_a_provider_that_cannot_be_reached_is_left_alone_with_all_its_models(breakers, clock, told) -> None:
    for model in "abcde":
        end(breakers, Outcome.UNREACHABLE, attempt(model))
    assert [breakers.enter(attempt(model)) for model in ("a", "new")] == [OPEN_SECONDS] * 2
    assert isinstance(breakers.enter(attempt(provider="other")), Pass)
    clock.now += OPEN_SECONDS
    end(breakers, Outcome.FAILED, attempt("a"))  # it answers 500, so it can be reached
    assert isinstance(breakers.enter(attempt("b")), Pass)
    assert told == [(7, "acme", "unreachable", True), (7, "acme", "unreachable", False)]


def test_failures_count_while_they_are_recent_and_half_of_all(breakers, clock) -> None:
    for _ in range(FAILURES * 3):
        end(breakers, Outcome.FAILED, attempt())
        clock.now += WINDOW / (FAILURES - 2)
    assert isinstance(breakers.enter(attempt()), Pass)
    clock.now += 2 * WINDOW
    end(breakers, Outcome.FAILED, attempt())
    end(breakers, Outcome.GOOD, attempt(), 2 * FAILURES)
    end(breakers, Outcome.FAILED, attempt(), 2 * FAILURES - 2)
    assert isinstance(breakers.enter(attempt()), Pass)


@given(st.lists(st.sampled_from(list(Outcome)), max_size=60), st.floats(0, 40))
def test_nobody_is_shut_out_for_ever(outcomes: list[Outcome], gap: float) -> None:
    clock = Clock()
    breakers = Breakers(lambda project, one: None, clock)
    for outcome in outcomes:
        clock.now += gap
        leave = breakers.enter(attempt())
        if isinstance(leave, Pass):
            leave.ended(outcome)
        else:
            assert 0 < leave <= LONGEST_OPEN
    clock.now += LONGEST_OPEN
    leave = breakers.enter(attempt())
    assert isinstance(leave, Pass)
    leave.ended(Outcome.GOOD)
    assert isinstance(breakers.enter(attempt()), Pass)


def test_what_pages_are_told_ends_with_the_circuit() -> None:
    breaker.hear(-1, {"name": "acme", "until": time.time() + 5, "reason": "unreachable"})
    breaker.hear(-1, {"name": "acme/good", "until": time.time() - 5, "reason": "failed"})
    assert [(one["name"], one["state"]) for one in breaker.shown(-1)] == [("acme", "open"), ("acme/good", "half_open")]
    for name in ("acme", "acme/good"):
        breaker.hear(-1, {"name": name, "until": None, "reason": "failed"})
    assert breaker.shown(-1) == []


def test_an_open_circuit_answers_at_once_or_the_stand_in_does(ask, acme, web, make_key, project, api, owner) -> None:
    acme.answer = lambda call: "spare" if call.body["model"] == "spare" else Fault.status(503)
    for _ in range(2):
        assert ask(chat()).status_code == 503  # three tries each: the fifth opens it
    asked = len(acme.calls)
    assert asked == FAILURES
    refused = ask(chat())
    assert (refused.status_code, len(acme.calls)) == (503, asked)
    error = refused.json()["error"]
    assert (set(error), error["code"], error["type"]) == (
        {"message", "type", "param", "code"},
        "circuit_open",
        "upstream_error",
    )
    assert 1 <= int(refused.headers["retry-after"]) <= OPEN_SECONDS
    assert log_of(project, refused.headers["x-variorum-log-id"])["failed"]
    assert api(owner).post(f"{P}/routes", {"model": "acme/good", "fallbacks": ["acme/spare"]}).status_code == 200
    deadline = time.monotonic() + 20
    while (answer := ask(chat())).status_code == 503 and time.monotonic() < deadline:
        time.sleep(0.05)  # until the news of the route came
    assert answer.headers["x-variorum-model"] == "acme/spare"
    shown: list[Any] = []
    headers = {"authorization": f"Bearer {make_key('read')}"}
    while not shown and time.monotonic() < deadline:
        shown = httpx.get(f"{web}{P}", headers=headers, timeout=30).json()["circuits"]
    assert [(one["name"], one["reason"]) for one in shown] == [("acme/good", "failed")]


def test_who_cannot_be_reached_costs_no_more_tries(ask, acme, project, monkeypatch) -> None:
    Provider.objects.create(project=project, slug="gone", name="Gone", base_url="http://127.0.0.1:1/v1")
    codes = [ask(chat(model="gone/x")).json()["error"]["code"] for _ in range(3)]
    assert codes == ["unavailable", "unavailable", "circuit_open"]
    assert ask(chat(model="gone/other")).json()["error"]["code"] == "circuit_open"
    assert ask(chat()).status_code == 200
