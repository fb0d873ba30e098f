"""Guards: what they find in logs and scores, that they stop a rollout exactly once, and what they say then."""

import os
import signal
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from evals.metrics.models import Metric
from evals.metrics.queries import find_metric
from evals.metrics.verdicts import Verdict
from monitoring.alerts import guard_news
from monitoring.alerts.models import Channel
from monitoring.logs import scores
from monitoring.logs.models import Log
from monitoring.quality import guarding, guards
from monitoring.quality import rollouts as guarded
from monitoring.quality.models import Guard
from variorum.accounts.access import Actor
from variorum.accounts.models import Project
from variorum.deployments import rollouts, services
from variorum.deployments.models import Rollout, RolloutStep
from variorum.deployments.queries import current, environments_of
from variorum.events.models import Delivery, Event, Notice
from variorum.lib.crypto import seal
from variorum.lib.errors import Conflict
from variorum.repos import queries
from variorum.repos import services as repos

Put = Callable[..., list[Log]]
ERRORS = {"measure": "errors", "higher_is_worse": True, "catch": 0.05, "action": "rollback"}
SCORE = {"measure": "score", "metric": "exact-match", "higher_is_worse": False, "catch": 0.05, "action": "pause"}
PLAN = [{"percent": 10, "hold": {"scored": 10_000}}, {"percent": 100}]
URL = "/api/v1/projects/support-desk"


@pytest.fixture
def begin(project: Project, actor: Actor) -> Callable[..., Rollout]:
    """begin(ERRORS, ..., plan=PLAN) -> a rollout in production that began an hour ago."""
    repos.ensure_repository(project)

    def commit(text: str) -> str:
        head = queries.head(project, "main")
        files = {"prompts/triage.prompt": f"---\nmodel: local/x\n---\n{text}\n".encode()}
        return repos.commit_files(
            project=project, ref="main", files=files, message=text, actor=actor, expected_head=head
        )

    def make(*watch: dict[str, Any], plan: Any = PLAN) -> Rollout:
        production = environments_of(project)[2]
        services.deploy(environment=production, commit=commit("One"), actor=actor)
        made = guarded.start(environment=production, commit=commit("Two"), plan=plan, watch=watch, actor=actor)
        early = timezone.now() - timedelta(hours=1)
        RolloutStep.objects.update(began_at=early)
        Rollout.objects.update(step_since=early)
        return made

    return make


@pytest.fixture
def arm(put_logs: Put) -> Callable[..., list[Log]]:
    """arm("candidate", 100, failed=20) -> logs of that arm of rollout 1."""

    def put(name: str, count: int, *, failed: int = 0, **extra: Any) -> list[Log]:
        errors = [{"error": "Timeout"}] * failed + [{}] * (count - failed)
        return put_logs(*({"prompt": "triage", "variant": f"rollout-1/{name}", **one, **extra} for one in errors))

    return put


def tick() -> Rollout:
    Rollout.objects.update(next_at=timezone.now())
    guarding.tick()
    return Rollout.objects.get()


def score(project: Project, logs: list[Log], value: float, metric: Metric | None = None) -> None:
    chosen = metric or find_metric(project, "exact-match")
    scores.record(project=project, scores=[scores.LogScore(log, chosen, Verdict(value=value)) for log in logs])


def test_a_worse_candidate_is_rolled_back_once_and_told(begin, arm, project, owner):
    begin(ERRORS)
    arm("control", 600, failed=6)
    assert tick().state == "running"
    guard = Guard.objects.get()
    assert guard.found == {
        "control": {"n": 600, "mean": 0.01}, "candidate": {"n": 0, "mean": None},
        "value": None, "low": None, "high": None,
        "problem": "Too few requests yet: 0 with the candidate, 600 without. Both need 30.",
    }  # fmt: skip
    arm("candidate", 100, failed=20)
    arm("early", 7)
    arm("candidate", 100, failed=100, environment="dev")  # another environment's
    assert tick().state == "rolled_back"
    tick()
    guard.refresh_from_db()
    assert guard.tripped_at is not None
    assert guard.exposed == 107
    assert guard.found["value"] == pytest.approx(0.19)
    assert [look[:3] for look in guard.looks] == [[guard.looks[0][0], 100, guard.found["value"]]]
    notice = Notice.objects.get(user=owner, title__startswith="Rollout")
    assert notice.title == "Rollout #1 in Production was rolled back"
    low, high = (f"{100 * guard.found[side]:.1f}" for side in ("low", "high"))
    rollout = Rollout.objects.get()
    assert notice.body == (
        f"Error rate is worse by 19.0 points (interval {low} to {high}) with the commit {rollout.commit[:10]} “Two” "
        "than without; n = 100 and 600. 107 requests had got it. Everybody is served what was live before."
    )
    assert notice.url == "/p/support-desk/rollouts/1"
    address = "http://127.0.0.1:9/hook"
    Channel.objects.create(project=project, kind="webhook", name="Hook", address=address, sealed_secret=seal("whsec_x"))
    assert (guard_news.tell_due(), guard_news.tell_due()) == (1, 0)
    message = Delivery.objects.get(project=project).payload
    assert (message["type"], message["data"]["text"]) == ("rollout.tripped", notice.body)
    kinds = Event.objects.filter(project=project, kind__startswith="rollout.").order_by("pk")
    assert [event.kind for event in kinds] == ["rollout.started", "rollout.tripped", "rollout.rolled_back"]
    assert kinds[1].data["exposed"] == 107


def test_scores_that_come_late_count_and_versions_are_not_pooled(begin, arm, project):
    begin(SCORE, plan=[{"percent": 10, "hold": {"scored": 60}}, {"percent": 100, "hold": {"scored": 1000}}])
    control, candidate = arm("control", 300), arm("candidate", 60)
    newer = Metric.objects.create(
        project=project, slug="exact-match", version=2, kind="human", name="Another", binary=True, current=False
    )
    score(project, control, 1.0)
    score(project, candidate, 0.0, newer)
    found = tick()
    assert (found.state, found.step) == ("running", 0)
    score(project, candidate[:20], 1.0)
    assert tick().step == 0
    assert Guard.objects.get().found["problem"].startswith("Too few scores yet: 20 with the candidate, 300 without.")
    score(project, candidate[20:], 1.0)
    assert tick().step == 1
    score(project, candidate, 0.0)  # the judge's word on requests of the step before
    stopped = tick()
    assert (stopped.state, stopped.step) == ("paused", 1)
    assert [e.data["action"] for e in Event.objects.filter(kind="rollout.tripped")] == ["pause"]


def test_latency_and_cost_are_shares_of_the_controls(begin, arm):
    latency = {"measure": "latency", "higher_is_worse": True, "catch": 0.2, "action": "pause"}
    slow = {"measure": "slow", "bound": 900.0, "higher_is_worse": True, "catch": 0.05, "action": "pause"}
    cost = {"measure": "cost", "higher_is_worse": True, "catch": 0.2, "tolerated": 0.5, "action": "pause"}
    begin(latency, slow, cost)
    for step in range(60):
        spread = 1 + step / 100
        arm("control", 3, latency_ms=500 * spread, cost=0.01 * spread)
        arm("candidate", 1, latency_ms=750 * spread, cost=0.012 * spread)
    assert tick().state == "paused"
    found = {guard.measure: guard for guard in Guard.objects.all()}
    assert found["latency"].found["value"] == pytest.approx(0.5)
    assert found["cost"].found["value"] == pytest.approx(0.2)
    assert found["slow"].found["candidate"]["mean"] == pytest.approx(39 / 60)
    assert {name: guard.tripped_at is not None for name, guard in found.items()} == {
        "latency": True, "slow": True, "cost": False,
    }  # fmt: skip
    assert {guard.rate for guard in found.values()} == {0.05 / 3}


def test_over_http_from_start_to_completion(begin, arm, api, owner, member, project, actor):
    begin()
    client, viewer = api(owner), api(member("viewer"))
    assert client.post(f"{URL}/rollouts/1/abort", {}, format="json").json()["state"] == "aborted"
    plan = [{"percent": 5, "hold": {"approval": True}}, {"percent": 100}]
    body = {"commit": "main", "plan": plan, "guards": [{"measure": "score", "metric": "exact-match"}], "note": "go"}
    start = f"{URL}/environments/production/rollouts"
    assert viewer.post(start, body, format="json").status_code == 403
    wrong = client.post(start, {**body, "guards": [{"measure": "score"}]}, format="json")
    assert (wrong.status_code, wrong.json()["code"]) == (400, "invalid")
    gone = client.post(start, {**body, "guards": [{"measure": "errors", "prompt": "gone"}]}, format="json").json()
    assert gone["errors"] == [
        {"where": "guards.0.prompt", "code": "unknown", "detail": "The commit has no prompt 'gone'; it has: triage."}
    ]
    made = client.post(start, body, format="json").json()
    assert (made["number"], made["state"], made["step"], made["lacks"]) == (
        2, "running", 0, {"seconds": 0, "requests": 0, "scored": 0, "approval": True},
    )  # fmt: skip
    assert made["guards"][0]["name"] == "Exact match (version 1)"
    again = client.post(start, body, format="json")
    assert (again.status_code, again.json()["code"], again.json()["rollout"]) == (409, "rollout_under_way", 2)
    act = f"{URL}/rollouts/2"
    assert client.post(f"{act}/pause", {}, format="json").json()["state"] == "paused"
    assert client.post(f"{act}/resume", {}, format="json").json()["state"] == "running"
    assert client.post(f"{act}/advance", {"step": 0}, format="json").json()["step"] == 1
    stale = client.post(f"{act}/advance", {"step": 0}, format="json")
    assert (stale.status_code, stale.json()["code"]) == (409, "rollout_stale")
    done = client.post(f"{act}/advance", {"step": 1}, format="json").json()
    assert (done["state"], done["deployment"], done["lacks"]) == ("completed", 2, None)
    assert client.post(f"{act}/rollback", {"note": "bad"}, format="json").json()["state"] == "rolled_back"
    listed = viewer.get(f"{URL}/rollouts").json()["items"]
    assert [(one["number"], one["state"]) for one in listed] == [(2, "rolled_back"), (1, "aborted")]
    story = [line["kind"].removeprefix("rollout.") for line in viewer.get(act).json()["story"]]
    assert story == ["started", "paused", "resumed", "advanced", "completed", "rolled_back"]
    assert client.post(f"{act}/jump", {}, format="json").status_code == 404


KILLS = {
    "computed, not recorded": (guards, "kept"),
    "recorded, not rolled back": (rollouts, "roll_back"),
    "rolled back, not committed": (guarding, "notify"),
}


@pytest.mark.django_db(transaction=True)
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")  # Python 3.12 on fork beside threads
@pytest.mark.parametrize("place", KILLS)
def test_a_look_that_is_killed_is_done_once_by_the_next(begin, arm, project, owner, place):
    """`kill -9` of the process that looks; the next one, as its lease has run out, goes on and does all of it once."""
    rollout = begin(ERRORS)
    arm("control", 300, failed=3)
    arm("candidate", 100, failed=40)
    Rollout.objects.update(next_at=timezone.now())
    child = os.fork()
    if child == 0:
        connection.connection = None  # the parent's
        setattr(*KILLS[place], lambda *_args, **_more: os.kill(os.getpid(), signal.SIGKILL))
        try:
            guarding.tick()
        finally:
            os._exit(1)
    assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL
    rollout.refresh_from_db()
    assert (rollout.state, Guard.objects.get().tripped_at, Notice.objects.count()) == ("running", None, 0)
    assert guarding.tick() == 0  # the dead one's lease
    Rollout.objects.update(next_at=rollout.next_at - guarding.LEASE)
    assert (guarding.tick(), guarding.tick()) == (1, 0)
    kinds = Event.objects.filter(project=project, kind__startswith="rollout.").order_by("pk")
    assert [event.kind for event in kinds] == ["rollout.started", "rollout.tripped", "rollout.rolled_back"]
    assert [notice.user for notice in Notice.objects.all()] == [owner]
    assert current(rollout.environment) == rollout.baseline
    address = "http://127.0.0.1:9/hook"
    Channel.objects.create(project=project, kind="webhook", name="Hook", address=address, sealed_secret=seal("whsec_x"))
    assert (guard_news.tell_due(), guard_news.tell_due()) == (1, 0)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("act", [rollouts.pause, rollouts.advance, rollouts.abort])
def test_a_person_acts_while_a_guard_trips(begin, arm, actor, act):
    """Whoever is first: the guard trips once, and nobody is left with the candidate."""
    rollout = begin(ERRORS, plan=[{"percent": 50, "hold": {"approval": True}}])
    seen = Rollout.objects.select_related("environment", "project", "baseline").get()
    arm("control", 300, failed=3)
    arm("candidate", 100, failed=40)
    Rollout.objects.update(next_at=timezone.now())
    barrier, refused = threading.Barrier(2), []

    def person() -> None:
        barrier.wait()
        try:
            act(rollout=seen, actor=actor)
        except Conflict as conflict:
            refused.append(conflict.stable_code)
        connection.close()

    thread = threading.Thread(target=person)
    thread.start()
    barrier.wait()
    guarding.tick()
    thread.join()
    Rollout.objects.update(next_at=timezone.now())  # where the person was first, the clock saw another step
    guarding.tick()
    rollout.refresh_from_db()
    live = current(rollout.environment)
    assert live is not None
    assert refused in ([], ["rollout_stale"], ["rollout_ended"])
    ended = {rollouts.pause: ["rolled_back"], rollouts.abort: ["aborted", "rolled_back"]}
    assert rollout.state in ended.get(act, ["completed", "rolled_back"])
    assert (live.commit == rollout.commit) == (rollout.state == "completed")
    assert Event.objects.filter(kind="rollout.tripped").count() == (rollout.state == "rolled_back")
