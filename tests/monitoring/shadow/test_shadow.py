"""A candidate answers live requests unseen: which, once, within the budget, and what comes of it."""

import multiprocessing
import os
import threading
import time
import traceback
import uuid
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from evals.metrics.models import Score
from monitoring.logs.models import Log, LogHour, ScoreHour
from monitoring.shadow import budget, carrying, claiming, ending, sampling, services, work
from monitoring.shadow.models import Shadow, ShadowPair
from tests.fakes.openai_server import FakeOpenAI, Fault
from tests.monitoring.shadow.conftest import judge_by, logged
from variorum.accounts.access import Actor
from variorum.accounts.models import Membership, Project, User
from variorum.accounts.roles import Scope
from variorum.accounts.services import create_api_key, revoke_api_key
from variorum.deployments.models import Environment
from variorum.deployments.services import deploy
from variorum.drafts.models import Check
from variorum.events.models import Event, Notice
from variorum.lib.errors import Conflict

Start = Callable[..., Shadow]
Put = Callable[..., list[Log]]


def outcomes(shadow: Shadow) -> list[str]:
    """Those of all pairs, sorted."""
    return sorted(ShadowPair.objects.filter(shadow=shadow).values_list("outcome", flat=True))


def test_a_candidate_answers_unseen_and_is_judged_in_both_orders(start: Start, put: Put, model: FakeOpenAI) -> None:
    shadow = start()
    put(shadow, 20)
    before = list(LogHour.objects.values("commit", "requests", "cost")), Log.objects.count(), Score.objects.count()
    assert work.step() == 40  # each pair is answered, then judged
    shadow.refresh_from_db()
    assert (shadow.state, shadow.ended, shadow.answers) == ("done", "enough", 20)
    figures = shadow.summary
    assert (figures["wins"], figures["ties"], figures["losses"], figures["order_mattered"]) == (20, 0, 0, 0)
    assert (figures["verdict"], figures["rate"]["value"], figures["rate"]["n"]) == ("better", 1.0, 20)
    assert figures["rate"]["low"] == pytest.approx(20 / (20 + 1.96**2), abs=0.001)
    assert figures["latency"]["live"] == 400
    assert figures["cost"]["live"] == 0.0002
    pair = ShadowPair.objects.filter(shadow=shadow).earliest("pk")
    assert (pair.output or "").startswith("B: Variant B. Question ")
    assert (pair.first["winner"], pair.second["winner"]) == ("candidate", "candidate")
    assert len(model.chats) == 60
    check = Check.objects.get(commit=shadow.commit, name="shadow")
    assert (check.state, check.summary) == ("pass", figures["words"])
    # nothing of it is a log, a score, or a figure of a dashboard
    after = list(LogHour.objects.values("commit", "requests", "cost")), Log.objects.count(), Score.objects.count()
    assert after == before
    assert not ScoreHour.objects.exists()


def test_only_good_logs_of_the_live_commit_are_chosen(start: Start, put: Put, put_logs: Put) -> None:
    shadow = start(share=0.5)
    logs = put(shadow, 40)
    put(shadow, logged(prompt="other"), logged(environment="staging"), {"prompt": "triage", "error": "boom"})
    put(shadow, logged(commit=shadow.commit), logged(commit=""), logged(commit=shadow.baseline[:6]))
    (short,) = put(shadow, logged(commit=shadow.baseline[:10]))
    chosen = set(ShadowPair.objects.values_list("log_id", flat=True))
    assert chosen == {log.id for log in [*logs, short] if sampling.share_of(log.id) < 0.5}
    assert 5 < len(chosen) < 35
    again = str(uuid.uuid4())
    ShadowPair.objects.all().delete()
    Shadow.objects.update(share=1)
    put(shadow, logged(id=again))
    put(shadow, logged(id=again))
    assert ShadowPair.objects.count() == 1


def test_logs_that_cannot_be_answered_again_are_counted(start: Start, put: Put, model: FakeOpenAI) -> None:
    shadow = start()
    bare: dict[str, Any] = {"prompt": "triage", "output": "A: yes"}
    put(shadow, {**bare, "input": {"messages": [{"role": "user", "content": "Hi"}]}})
    put(shadow, logged(output=None), {**bare, "input": {"variables": {"other": 1}}})
    ShadowPair.objects.create(shadow=shadow, log_id=uuid.uuid4(), day=timezone.now().date(), prompt="triage")
    work.step()
    shadow.refresh_from_db()
    assert shadow.skipped == {"no_variables": 1, "no_output": 1, "unfit": 1, "gone": 1}
    assert (shadow.state, ShadowPair.objects.count(), model.chats) == ("running", 0, [])


def test_a_judge_that_prefers_a_place_makes_ties(start: Start, put: Put, model: FakeOpenAI) -> None:
    model.answer = judge_by(lambda first, second: "first")
    shadow = start()
    put(shadow, 20)
    work.step()
    shadow.refresh_from_db()
    figures = shadow.summary
    assert (figures["ties"], figures["order_mattered"], figures["rate"]["value"]) == (20, 20, 0.5)
    assert figures["verdict"] == "inconclusive"


def test_a_code_metric_compares_values(start: Start, put: Put, model: FakeOpenAI, db: None) -> None:
    shadow = start(metric="exact-match", pairs_wanted=10)
    model.answer = lambda call: call.user.split()[-1]
    put(shadow, *[logged(word, output=word if n < 4 else "no", reference="yes") for n, word in enumerate(["yes"] * 10)])
    put(shadow, logged("yes"))  # without a reference, nothing can be said
    work.step()
    assert outcomes(shadow)[:10] == ["tie"] * 4 + ["win"] * 6
    shadow.refresh_from_db()
    assert shadow.summary["value"]["difference"]["value"] == pytest.approx(0.6)
    assert len(model.chats) in (10, 11)


def test_the_answers_are_bounded(start: Start, put: Put, model: FakeOpenAI) -> None:
    shadow = start(max_answers=5)
    put(shadow, 20)
    work.step()
    shadow.refresh_from_db()
    assert (shadow.state, shadow.ended, shadow.answers, shadow.summary["pairs"]) == ("done", "budget", 5, 5)
    assert sum("You compare" not in call.system for call in model.chats) == 5
    assert not ShadowPair.objects.filter(outcome="").exists()
    assert Check.objects.get(name="shadow").state == "inconclusive"


@pytest.mark.parametrize("limit", [Decimal("0.0200"), Decimal("0.0001")])
def test_dollars_are_a_hard_limit(start: Start, put: Put, model: FakeOpenAI, limit: Decimal) -> None:
    shadow = start(max_cost=limit, pairs_wanted=200)
    put(shadow, 60)
    work.step()
    shadow.refresh_from_db()
    billed = (
        sum((Decimal(sum(len(m["content"].split()) for m in call.messages)) for call in model.chats), Decimal(0))
        / 1_000_000
    )
    assert billed <= shadow.cost <= limit
    assert (shadow.state, shadow.ended) == ("done", "budget")
    assert shadow.judge_cost <= shadow.cost


def test_a_bound_is_never_exceeded() -> None:
    from variorum.inference.shapes import Target

    target = Target("fake", "m", "http://x", "", Decimal(1), Decimal(2))
    most = budget.bound(target, [{"role": "user", "content": "héllo"}], {"max_tokens": 10})
    assert (most.tokens, most.cost) == (79, Decimal("0.000089"))
    assert budget.limited({}) == {"max_output_tokens": 4096}
    assert budget.limited({"max_tokens": 5}) == {"max_tokens": 5}


def test_what_another_worker_has_set_aside_is_not_spent_twice(start: Start, put: Put, model: FakeOpenAI) -> None:
    shadow = start(max_answers=1000, max_tokens=10_000)
    put(shadow, 8)
    pairs = claiming.due(shadow)
    ready, judge = work._ready(Shadow.objects.select_related("project", "environment", "metric").get(pk=shadow.pk))
    plans = work.make_plans(shadow, pairs, ready, judge).plans
    first = claiming.claim(shadow.pk, plans)
    second = claiming.claim(shadow.pk, plans)
    assert 0 < len(first.plans) < 8
    assert (len(second.plans), second.held_back) == (0, True)
    assert sum(plan.bound.tokens for plan in first.plans) <= 10_000


@pytest.mark.django_db(transaction=True)
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")  # Python 3.12 on fork beside threads
def test_two_worker_processes_together_spend_no_more_than_the_budget(
    start: Start, put: Put, model: FakeOpenAI, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both have claimed pairs of one shadow before either asks anything, and go on until its budget ends it."""
    limit = Decimal("0.0150")
    shadow = start(max_cost=limit, pairs_wanted=500)
    put(shadow, 100)
    both, due, carry_out = multiprocessing.get_context("fork").Barrier(2), claiming.due, carrying.carry_out
    met: list[int] = []

    def together(claimed: claiming.Claimed) -> Any:
        met or met.append(both.wait(60))
        return carry_out(claimed)

    def work_until_over() -> None:
        end = time.monotonic() + 120
        while Shadow.objects.get(pk=shadow.pk).state == "running" and time.monotonic() < end:
            work.advance(shadow.pk)
        assert met

    monkeypatch.setattr(claiming, "due", lambda shadow: due(shadow)[:1])  # so that nobody takes all
    monkeypatch.setattr(carrying, "carry_out", together)
    workers = [forked(work_until_over) for _ in range(2)]
    assert [os.waitpid(worker, 0)[1] for worker in workers] == [0, 0]
    shadow.refresh_from_db()
    assert (shadow.state, shadow.ended) == ("done", "budget")
    asked = sum(len(message["content"].split()) for call in model.chats for message in call.messages)
    assert Decimal(asked) / 1_000_000 < shadow.cost <= limit
    assert shadow.answers == sum("You compare" not in call.system for call in model.chats) > 4
    assert not ShadowPair.objects.filter(outcome="").exists()


def forked(task: Callable[[], None]) -> int:
    """The id of a process that does this on a connection of its own; it exits with 0 when all went well."""
    child = os.fork()
    if child == 0:
        connection.connection = None  # the parent's
        code = 1
        try:
            task()
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    return child


def test_a_killed_worker_loses_nothing_and_repeats_nothing(
    start: Start, put: Put, model: FakeOpenAI, monkeypatch: pytest.MonkeyPatch
) -> None:
    shadow = start(pairs_wanted=10)
    put(shadow, 10)
    stored: list[int] = []
    real = carrying.store

    def die(*given: Any) -> bool:
        if len(stored) == 3:
            raise MemoryError
        stored.append(1)
        return real(*given)

    with monkeypatch.context() as patch:
        patch.setattr(carrying, "store", die)
        with pytest.raises(MemoryError):
            work.step()
    assert ShadowPair.objects.filter(output__isnull=False).count() == 3
    held = ShadowPair.objects.filter(leased=True).count()
    shadow.refresh_from_db()
    spent = shadow.cost
    assert held > 0
    ShadowPair.objects.filter(leased=True).update(next_at=timezone.now())
    work.step()
    shadow.refresh_from_db()
    assert (shadow.state, shadow.summary["pairs"], outcomes(shadow)) == ("done", 10, ["win"] * 10)
    assert shadow.answers == 10 + held  # what was under way is asked again, and counted
    assert shadow.cost > spent
    logs = [call.user for call in model.chats if "You compare" in call.system]
    assert len(logs) == 20  # no verdict twice


def test_a_late_answer_of_a_lost_claim_is_dropped(start: Start, put: Put, model: FakeOpenAI) -> None:
    shadow = start()
    put(shadow, 1)
    ready, judge = work._ready(Shadow.objects.select_related("project", "environment", "metric").get(pk=shadow.pk))
    plans = work.make_plans(shadow, claiming.due(shadow), ready, judge).plans
    lost = claiming.claim(shadow.pk, plans)
    ShadowPair.objects.update(next_at=timezone.now() - timedelta(seconds=1))
    claiming.settle()
    bunches = [done for bunch in carrying.carry_out(lost) for done in bunch]
    assert [carrying.store(shadow.pk, lost, done) for done in bunches] == [False]
    assert ShadowPair.objects.get().output is None


def test_a_provider_that_stumbles_is_asked_again_and_one_that_refuses_is_an_error(
    start: Start, put: Put, model: FakeOpenAI
) -> None:
    shadow = start(pairs_wanted=10)
    model.script(Fault.status(400), Fault.status(503))
    put(shadow, 11)
    work.step()
    shadow.refresh_from_db()
    assert (shadow.summary["errors"], shadow.summary["pairs"]) == (1, 10)
    assert "more than" not in shadow.summary["words"]
    assert "did not answer 1 of 11" in shadow.summary["words"]
    assert shadow.summary["verdict"] == "inconclusive"


def test_a_candidate_that_never_answers_ends(start: Start, put: Put, model: FakeOpenAI) -> None:
    model.answer = Fault.status(400)
    shadow = start(pairs_wanted=100)
    put(shadow, 40)
    work.step()
    shadow.refresh_from_db()
    assert (shadow.state, shadow.ended) == ("stopped", "failing")
    assert "refused the request (400)" in shadow.words
    assert len(model.chats) < 40


def test_it_ends_when_another_commit_goes_live(
    start: Start, put: Put, production: Environment, actor: Actor, save: Callable[..., str]
) -> None:
    shadow = start()
    deploy(environment=production, commit=save("C"), actor=actor)
    put(shadow, 3)
    work.step()
    shadow.refresh_from_db()
    assert (shadow.state, shadow.ended, ShadowPair.objects.count()) == ("stopped", "live_changed", 0)
    assert Check.objects.get(name="shadow").state == "inconclusive"


def test_it_ends_when_its_starter_may_not_run_it_any_more(
    start: Start, put: Put, model: FakeOpenAI, owner: User, member: Callable[[str], User]
) -> None:
    maintainer, second = member("maintainer"), member("owner")
    first, paused = start(), start(commit="main")
    Shadow.objects.filter(pk=first.pk).update(user=maintainer, actor_name=maintainer.name)
    put(first, 2)
    work.advance(first.pk)
    calls = len(model.chats)
    Membership.objects.filter(user=maintainer).update(role="editor")
    put(first, 2)
    services.pause(shadow=paused, actor=Actor.of_user(owner))
    work.step()
    first.refresh_from_db()
    assert (first.state, first.ended, len(model.chats)) == ("stopped", "starter_gone", calls)
    assert first.words == f"{maintainer.name}, who started it, may not do so any more."
    told = Notice.objects.filter(url=ending.page_of(first)).values_list("user", flat=True)
    assert set(told) == {owner.pk, second.pk, maintainer.pk}
    Membership.objects.filter(user=owner).delete()
    services.resume(shadow=paused, actor=Actor.of_user(second))  # and answers for it from now on
    paused.refresh_from_db()
    assert (paused.user, paused.state, ending.over(paused)) == (second, "running", None)


def test_it_ends_when_the_key_by_which_it_was_started_is_revoked(
    start: Start, put: Put, project: Project, owner: User
) -> None:
    key, _ = create_api_key(project=project, user=owner, name="Nightly", scopes=[Scope.ADMIN], expires_at=None)
    by_key, paused = start(), start(commit="main")
    Shadow.objects.update(key=key)
    put(by_key, 2)
    work.advance(by_key.pk)
    services.pause(shadow=paused, actor=Actor.of_user(owner))
    revoke_api_key(key=key, actor=Actor.of_user(owner))
    work.step()
    by_key.refresh_from_db()
    assert (by_key.state, by_key.ended) == ("stopped", "starter_gone")
    assert by_key.words == "The API key Nightly, by which it was started, is not valid any more."
    assert Notice.objects.filter(url=ending.page_of(by_key), user=owner).exists()
    services.resume(shadow=Shadow.objects.get(pk=paused.pk), actor=Actor.of_user(owner))
    paused.refresh_from_db()
    assert (paused.key, paused.state, ending.over(paused)) == (None, "running", None)


def test_paused_it_chooses_and_asks_nothing(start: Start, put: Put, actor: Actor, model: FakeOpenAI) -> None:
    shadow = start()
    put(shadow, 4)
    services.pause(shadow=shadow, actor=actor)
    put(shadow, 4)
    work.step()
    assert (ShadowPair.objects.count(), model.chats) == (4, [])
    services.resume(shadow=shadow, actor=actor)
    work.step()
    assert outcomes(shadow) == ["win"] * 4
    services.stop(shadow=shadow, actor=actor)
    with pytest.raises(Conflict):
        services.resume(shadow=shadow, actor=actor)
    kinds = Event.objects.filter(kind__startswith="shadow.").order_by("pk").values_list("kind", flat=True)
    assert list(kinds) == ["shadow.started", "shadow.paused", "shadow.resumed", "shadow.stopped"]
    assert Check.objects.get(name="shadow").state == "inconclusive"  # who stops may have looked first


def test_no_more_logs_are_chosen_while_many_wait(start: Start, put: Put, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "AHEAD", 0)
    monkeypatch.setattr(claiming, "IN_FLIGHT", 2)
    shadow = start(pairs_wanted=10)
    put(shadow, 10)
    work.advance(shadow.pk)
    put(shadow, 5)
    assert ShadowPair.objects.count() == 10


def test_answers_go_with_their_logs(start: Start, put: Put) -> None:
    shadow = start(pairs_wanted=10)
    put(shadow, 10)
    work.step()
    ShadowPair.objects.update(day=timezone.now().date() - timedelta(days=4000))
    work.forget_old_texts()
    pair = ShadowPair.objects.filter(shadow=shadow).earliest("pk")
    assert (pair.output, pair.first, pair.outcome) == ("", None, "win")


@pytest.mark.django_db(transaction=True)
def test_ingest_does_not_wait_for_a_worker(start: Start, put: Put) -> None:
    """The worker's lock on a shadow does not keep logs that it chooses from being stored."""
    shadow, done = start(), threading.Event()

    def ingest() -> None:
        put(shadow, 3)
        connection.close()
        done.set()

    with transaction.atomic():
        claiming.lock(shadow.pk)
        thread = threading.Thread(target=ingest)
        thread.start()
        assert done.wait(60)
    thread.join()
    assert ShadowPair.objects.filter(shadow=shadow).count() == 3
