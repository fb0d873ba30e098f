"""Rollouts: started through the gates, taken step by step exactly once, and stopped from every state."""

import logging
import threading
import time
from datetime import timedelta
from typing import Any

import httpx
import pytest
from django.db import connection
from django.utils import timezone

from variorum.accounts.access import Actor
from variorum.deployments import environments, queries, rollouts, services, serving
from variorum.deployments.models import Deployment, Rollout, RuleSet
from variorum.deployments.plans import Counts
from variorum.events.models import Event
from variorum.lib.errors import Conflict, Invalid
from variorum_client.delivery import load_delivery

log = logging.getLogger(__name__)
PLAN: list[dict[str, Any]] = [
    {"percent": 10, "hold": {"scored": 100}},
    {"percent": 50, "hold": {"seconds": 60, "approval": True}},
    {"percent": 100, "hold": {}},
]


@pytest.fixture
def start(save, dev, actor):
    """start() -> a rollout in dev, from commit 1 to commit 2."""

    def make(plan: list[dict[str, Any]] = PLAN, **extra: Any) -> Rollout:
        if queries.current(dev) is None:
            services.deploy(environment=dev, commit=save("1"), actor=actor)
        prepared = rollouts.prepare(environment=dev, commit=save("2"), plan=plan, **extra)
        return rollouts.start(prepared, actor=actor)

    return make


def _again(rollout: Rollout) -> Rollout:
    return Rollout.objects.select_related("environment", "project", "baseline").get(pk=rollout.pk)


def _code(call) -> str:
    with pytest.raises(Conflict) as caught:
        call()
    return caught.value.stable_code


def test_a_rollout_goes_to_its_end_and_deploys(start, dev, actor, project):
    rollout = start()
    assert (rollout.number, rollout.state, rollout.step) == (1, "running", 0)
    assert not rollouts.step_on(rollout, Counts(scored=99, requests=1000))
    assert rollouts.step_on(rollout, Counts(scored=100))
    second = _again(rollout)
    assert (second.step, second.state) == (1, "running")
    assert not rollouts.step_on(second, Counts())
    Rollout.objects.update(step_since=timezone.now() - timedelta(seconds=61))
    assert rollouts.step_on(_again(rollout), Counts())
    assert _again(rollout).state == "waiting"
    assert not rollouts.step_on(_again(rollout), Counts())
    rollouts.advance(rollout=_again(rollout), actor=actor)
    assert rollouts.step_on(_again(rollout), Counts())
    done, live = _again(rollout), queries.current(dev)
    assert live is not None
    assert (done.state, done.deployment_id, live.commit, live.kind) == ("completed", live.pk, rollout.commit, "deploy")
    kinds = (
        Event.objects.filter(project=project, kind__startswith="rollout.").order_by("pk").values_list("kind", flat=True)
    )
    assert [kind.removeprefix("rollout.") for kind in kinds] == [
        "started",
        "advanced",
        "waiting",
        "advanced",
        "completed",
    ]
    assert serving.rules_in_force(dev) == {}


def test_callers_are_served_by_share(start, dev):
    rollout = start()
    delivery = serving.delivery(dev)
    assert delivery is not None
    got = [delivery.choose("prompts", "triage", {"targetingKey": f"u{n}"}) for n in range(500)]
    new = [choice for choice in got if choice.variant == "rollout-1/candidate"]
    assert {choice.commit for choice in new} == {rollout.commit}
    assert 25 < len(new) < 85
    assert {choice.variant for choice in got} == {"rollout-1/candidate", "rollout-1/control"}
    assert {choice.commit for choice in got if choice not in new} == {rollout.baseline.commit}


def test_what_is_refused_beside_one(start, dev, actor, save):
    rollout = start()
    assert _code(lambda: services.deploy(environment=dev, commit=save("3"), actor=actor)) == "rollout_under_way"
    assert _code(start) == "rollout_under_way"
    assert {o["code"] for o in queries.preview(dev, rollout.commit)["obstacles"]} == {"rollout_under_way"}
    assert _code(lambda: rollouts.resume(rollout=rollout, actor=actor)) == "rollout_running"
    rollouts.pause(rollout=_again(rollout), actor=actor)
    assert _code(lambda: rollouts.advance(rollout=_again(rollout), actor=actor)) == "rollout_paused"
    assert not rollouts.step_on(_again(rollout), Counts(scored=1000))
    assert _code(lambda: rollouts.pause(rollout=rollout, actor=actor)) == "rollout_stale"
    Rollout.objects.update(paused_at=timezone.now() - timedelta(hours=1))
    resumed = rollouts.resume(rollout=_again(rollout), actor=actor)
    assert resumed.step_since > timezone.now() + timedelta(minutes=59)
    rollouts.abort(rollout=_again(rollout), actor=actor)
    assert _code(lambda: rollouts.abort(rollout=_again(rollout), actor=actor)) == "rollout_ended"
    assert serving.rules_in_force(dev) == {}
    services.deploy(environment=dev, commit="main", actor=actor)


def test_a_roll_back_of_the_environment_ends_it(start, dev, actor, save):
    services.deploy(environment=dev, commit=save("0"), actor=actor)
    services.deploy(environment=dev, commit=save("1"), actor=actor)
    rollout = start()
    services.roll_back(environment=dev, actor=actor)
    assert _again(rollout).state == "rolled_back"


def test_a_completed_one_is_rolled_back_to_what_it_replaced(start, dev, actor):
    rollout = start([{"percent": 100}])
    rollouts.advance(rollout=rollout, actor=actor)
    rollouts.roll_back(rollout=_again(rollout), actor=actor)
    live = queries.current(dev)
    assert live is not None
    assert (live.commit, live.kind, _again(rollout).state) == (rollout.baseline.commit, "rollback", "rolled_back")


def test_the_gates_are_asked(save, dev, production, actor):
    save("1")
    assert _code(lambda: rollouts.prepare(environment=dev, commit="main", plan=PLAN)) == "nothing_deployed"
    services.deploy(environment=dev, commit="main", actor=actor)
    assert _code(lambda: rollouts.prepare(environment=dev, commit="main", plan=PLAN)) == "already_live"
    off = save("9", ref="draft")
    assert _code(lambda: rollouts.prepare(environment=dev, commit=off, plan=PLAN)) == "not_on_main"


def test_audiences_are_frozen_and_checked(start, dev, actor):
    RuleSet.objects.create(
        environment=dev, number=1, actor_name="x", document={"flags": {}, "$evaluators": {"beta": {"var": "beta"}}}
    )
    plan = [{"percent": 100, "segment": "beta", "hold": {"approval": True}}, {"percent": 100}]
    rollout = start(plan)
    assert rollout.plan[0]["condition"] == {"var": "beta"}
    delivery = serving.delivery(dev)
    assert delivery is not None
    chosen = [delivery.choose("prompts", "triage", {"targetingKey": "u", "beta": beta}) for beta in (True, False)]
    assert [choice.variant for choice in chosen] == ["rollout-1/candidate", ""]
    for wrong in (
        [{"percent": 5, "segment": "nobody"}],
        [{"percent": 5, "condition": {"no such": 1}}],
        [{"percent": 50}, {"percent": 50}],
        [{"percent": 5}, {"percent": 50, "condition": {"var": "beta"}}],
        [{"percent": 0}],  # the end of a plan is everybody: not by itself from a part of them
        [{"percent": 5, "hold": {"seconds": 3}}],
        [{"percent": 100, "segment": "beta"}],
    ):
        with pytest.raises(Invalid):
            rollouts.prepare(environment=dev, commit=rollout.commit, plan=wrong)


@pytest.mark.django_db(transaction=True)
def test_two_clocks_take_one_step(start):
    rollout = start([{"percent": percent, "hold": {}} for percent in (1, 5, 100)])
    barrier, results = threading.Barrier(2), []

    def clock() -> None:
        seen = _again(rollout)
        barrier.wait()
        results.append(rollouts.step_on(seen, Counts()))
        connection.close()

    threads = [threading.Thread(target=clock) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (sorted(results), _again(rollout).step) == ([False, True], 1)
    assert Actor.system().name in set(
        Event.objects.filter(kind="rollout.advanced").values_list("actor_name", flat=True)
    )
    assert Event.objects.filter(kind="rollout.advanced").count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("last", [False, True])
def test_two_people_go_on_at_once_and_it_goes_one_step(start, dev, actor, last):
    rollout = start([{"percent": 100}] if last else [{"percent": 5}, {"percent": 50}, {"percent": 100}])
    barrier, results = threading.Barrier(2), []

    def person() -> None:
        seen = _again(rollout)
        barrier.wait()
        try:
            results.append(rollouts.advance(rollout=seen, actor=actor).state)
        except Conflict as conflict:
            results.append(conflict.stable_code)
        connection.close()

    threads = [threading.Thread(target=person) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    done = _again(rollout)
    state, step = ("completed", 0) if last else ("running", 1)
    assert (sorted(results), done.state, done.step) == (sorted([state, "rollout_stale"]), state, step)
    assert Deployment.objects.filter(environment=dev).count() == (2 if last else 1)


def test_with_its_environment_a_rollout_goes_and_its_number_never_returns(start, dev, actor, project, save, production):
    rollout = start()
    assert f"rollout #1 of “{rollout.subject}”, which is under way" in environments.takes(dev)
    seen = _again(rollout)
    environments.remove(environment=dev, actor=actor, confirm="dev")
    assert not Rollout.objects.exists()
    assert _code(lambda: rollouts.advance(rollout=seen, actor=actor)) == "rollout_stale"
    assert not rollouts.step_on(seen, Counts(scored=100))
    services.deploy(environment=production, commit=save("3"), actor=actor)
    prepared = rollouts.prepare(environment=production, commit=save("4"), plan=PLAN)
    assert rollouts.start(prepared, actor=actor).number == 2
    told = Event.objects.filter(project=project, kind__startswith="rollout.").order_by("pk")
    assert list(told.values_list("kind", "subject_id")) == [
        ("rollout.started", "1"), ("rollout.rolled_back", "1"), ("rollout.started", "2"),
    ]  # fmt: skip


def test_every_act_is_served_within_a_second(transactional_db, web, start, actor, make_key):
    """A real web process: what its fast lane serves after an act, by the SDK's own reading."""
    rollout = start([{"percent": 0, "hold": {"approval": True}}, {"percent": 100, "hold": {"approval": True}}])
    headers = {"Authorization": f"Bearer {make_key('runtime')}"}

    def served() -> str:
        answer = httpx.get(f"{web}/api/v1/runtime/dev/bundle", headers=headers, timeout=30)
        return load_delivery(answer.content).choose("prompts", "triage", {"targetingKey": "u1"}).commit

    def seconds_until(commit: str) -> float:
        began = time.monotonic()
        while served() != commit:
            assert time.monotonic() - began < 30
        return time.monotonic() - began

    assert served() == rollout.baseline.commit
    rollouts.advance(rollout=_again(rollout), actor=actor)
    forward = seconds_until(rollout.commit)
    rollouts.roll_back(rollout=_again(rollout), actor=actor)
    back = seconds_until(rollout.baseline.commit)
    log.info("Served after advance %.0f ms, after roll back %.0f ms", forward * 1000, back * 1000)
    assert max(forward, back) < 4  # a second on a quiet machine; below the lane's TTL, so that it was the news
