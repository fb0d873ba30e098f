"""Rules choose logs as they are stored; what they chose is scored once, whatever dies under way."""

import uuid
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from evals.metrics.models import Score
from evals.metrics.scoring import Scorer
from evals.metrics.verdicts import PROVIDER, Verdict
from monitoring.logs.models import Log, ScoreHour
from monitoring.quality import sampling, scoring
from monitoring.quality.models import PendingScore, SamplingRule
from variorum.accounts.models import Project, User
from variorum.events.models import Event

Put = Callable[..., list[Log]]
URL = "/api/v1/projects/support-desk/sampling-rules"


@pytest.fixture
def rule(project: Project) -> Callable[..., SamplingRule]:
    """rule(metric="exact-match", rate=1.0, ...)."""

    def make(**fields: Any) -> SamplingRule:
        return SamplingRule.objects.create(project=project, **{"metric": "exact-match", "rate": 1.0, **fields})

    return make


def answered(expected: str = "a", **more: Any) -> dict[str, Any]:
    """A log whose answer is "a"."""
    return {"input": {"variables": {"text": "q"}}, "output": "a", "reference": expected, "prompt": "triage", **more}


def test_ids_alone_decide() -> None:
    fixed = uuid.UUID("01890000-0000-7000-8000-000000000001")
    assert sampling.share_of(fixed) == pytest.approx(0.7155849839712696)
    shares = sorted(sampling.share_of(uuid.uuid4()) for _ in range(4000))
    assert shares[1000] == pytest.approx(0.25, abs=0.03)
    assert shares[3000] == pytest.approx(0.75, abs=0.03)


def test_a_rule_chooses_its_share_of_its_scope(put_logs: Put, rule: Callable[..., SamplingRule]) -> None:
    rule(rate=0.3, environment="production", prompt="triage")
    rule(metric="token-f1", rate=0.6, enabled=False)
    logs = put_logs(
        *[answered() for _ in range(60)],
        answered(prompt="reply"),
        answered(environment="staging"),
        {"prompt": "triage", "error": "boom"},
    )
    chosen = set(PendingScore.objects.values_list("log_id", flat=True))
    assert chosen == {log.id for log in logs[:60] if sampling.share_of(log.id) < 0.3}
    assert 0 < len(chosen) < 60


def test_two_rules_of_one_metric_choose_a_log_once(put_logs: Put, rule: Callable[..., SamplingRule]) -> None:
    wide, narrow = rule(rate=0.2), rule(rate=1.0, prompt="triage")
    put_logs(*[answered() for _ in range(20)], *[answered(prompt="reply") for _ in range(20)])
    assert PendingScore.objects.filter(rule=narrow).count() == 20
    assert PendingScore.objects.filter(rule=wide).count() < 20
    assert PendingScore.objects.values("log_id").distinct().count() == PendingScore.objects.count()


def test_what_was_chosen_is_scored_and_summed(
    put_logs: Put, rule: Callable[..., SamplingRule], project: Project
) -> None:
    rule()
    rule(metric="token-f1")
    good, bad, bare = put_logs(answered(commit="c1"), answered("b", commit="c1"), {"output": "a", "commit": "c2"})
    assert scoring.score_pending() == 6
    assert scoring.score_pending() == 0
    values = {(s.subject_id, s.metric.slug): (s.value, s.problem) for s in Score.objects.select_related("metric")}
    assert values[str(good.id), "exact-match"] == (1.0, "")
    assert values[str(bad.id), "exact-match"] == (0.0, "")
    assert values[str(bare.id), "exact-match"] == (None, "not_applicable")
    sums = ScoreHour.objects.filter(project=project, metric__slug="exact-match")
    assert [(s.commit, s.n, s.total, s.passes) for s in sums] == [("c1", 2, 1.0, 1)]
    score = Score.objects.get(subject_id=str(good.id), metric__slug="exact-match")
    assert (score.at, score.environment, score.commit, score.author) == (good.started_at, "production", "c1", "metric")


def test_a_log_posted_again_is_not_chosen_again(put_logs: Put, rule: Callable[..., SamplingRule]) -> None:
    rule()
    id_ = str(uuid.uuid4())
    put_logs(answered(id=id_))
    scoring.score_pending()
    put_logs(answered(id=id_))
    assert not PendingScore.objects.exists()


def test_a_claim_is_a_lease(put_logs: Put, rule: Callable[..., SamplingRule], monkeypatch: pytest.MonkeyPatch) -> None:
    rule()
    put_logs(answered(), answered())

    def die(*_: object) -> None:
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr(scoring, "_finish", die)
        with pytest.raises(MemoryError):
            scoring.score_pending()
    assert scoring.score_pending() == 0  # leased
    PendingScore.objects.update(next_at=timezone.now())
    assert scoring.score_pending() == 2
    assert Score.objects.count() == 2
    assert ScoreHour.objects.get().n == 2


def test_what_always_dies_is_given_up(put_logs: Put, rule: Callable[..., SamplingRule]) -> None:
    rule()
    put_logs(answered())
    PendingScore.objects.update(attempts=scoring.ATTEMPTS)
    scoring.score_pending()
    assert (PendingScore.objects.count(), Score.objects.count()) == (0, 0)


class Judge:
    """Stands in for a judge's model: answers from a list, then repeats the last."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *verdicts: Verdict) -> None:
        self.verdicts = list(verdicts)
        judge = self

        async def score(_: Scorer, case: Any, client: Any) -> Verdict:
            return judge.verdicts.pop(0) if len(judge.verdicts) > 1 else judge.verdicts[0]

        monkeypatch.setattr(Scorer, "score", score)


def test_a_judge_that_does_not_answer_is_asked_again_later(
    put_logs: Put, rule: Callable[..., SamplingRule], monkeypatch: pytest.MonkeyPatch
) -> None:
    rule()
    put_logs(answered())
    silent = Verdict(None, problem=PROVIDER, reason="It is away.")
    Judge(monkeypatch, silent)
    for attempt, pause in enumerate(scoring.PAUSES, 1):
        scoring.score_pending()
        row = PendingScore.objects.get()
        assert row.attempts == attempt
        assert row.next_at - timezone.now() == pytest.approx(pause, abs=timedelta(seconds=10))
        PendingScore.objects.update(next_at=timezone.now())
    scoring.score_pending()
    assert not PendingScore.objects.exists()
    score = Score.objects.get()
    assert (score.value, score.problem, score.reason) == (None, PROVIDER, "It is away.")


def test_a_cap_ends_the_months_spending(
    put_logs: Put, rule: Callable[..., SamplingRule], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = rule(monthly_cap=Decimal("0.03"))
    Judge(monkeypatch, Verdict(1.0, cost=Decimal("0.02")))
    put_logs(answered(), answered())
    scoring.score_pending()
    made.refresh_from_db()
    assert (made.spent, made.month, made.skipped) == (Decimal("0.04"), sampling.month_now(), 0)
    put_logs(answered(), answered(), answered())
    scoring.score_pending()
    made.refresh_from_db()
    assert (made.spent, made.skipped) == (Decimal("0.04"), 3)
    assert Score.objects.count() == 2
    SamplingRule.objects.update(month=sampling.month_now() - timedelta(days=31))  # a new month begins
    put_logs(answered())
    scoring.score_pending()
    made.refresh_from_db()
    assert (made.spent, made.skipped) == (Decimal("0.02"), 0)


def test_logs_that_are_gone_are_forgotten(put_logs: Put, rule: Callable[..., SamplingRule], project: Project) -> None:
    made = rule()
    PendingScore.objects.create(rule=made, project=project, log_id=uuid.uuid4(), day=timezone.now().date())
    put_logs({"prompt": "triage"})  # without an output
    scoring.score_pending()
    assert not PendingScore.objects.exists()
    assert not Score.objects.exists()


def test_rules_over_http(api: Callable[..., APIClient], owner: User, member: Any, put_logs: Put) -> None:
    client = api(member("maintainer"))
    made = client.post(URL, {"metric": "exact-match", "rate": 0.5, "prompt": "triage", "monthly_cap": "1.5"})
    assert made.status_code == 201, made.content
    body = made.json()
    assert (body["rate"], body["environment"], body["enabled"], body["monthly_cap"]) == (0.5, "", True, 1.5)
    assert (body["spent"], body["skipped"], body["capped"], body["waiting"]) == (0.0, 0, False, 0)
    again = client.post(URL, {"metric": "exact-match", "rate": 0.1, "prompt": "triage"})
    assert (again.status_code, again.json()["code"]) == (409, "rule_taken")
    address = f"{URL}/{body['id']}"
    changed = client.patch(address, {"version": 1, "rate": 1.0})
    assert (changed.json()["rate"], changed.json()["version"]) == (1.0, 2)
    stale = client.patch(address, {"version": 1, "rate": 0.2})
    assert (stale.status_code, stale.json()["code"]) == (409, "stale_version")
    put_logs(answered())
    assert api(owner).get(URL).json()["items"][0]["waiting"] == 1
    assert client.delete(address).status_code == 204
    assert client.get(URL).json()["items"] == []
    kinds = list(Event.objects.filter(kind__startswith="sampling").order_by("pk").values_list("kind", flat=True))
    assert kinds == ["sampling_rule.created", "sampling_rule.updated", "sampling_rule.deleted"]


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({"metric": "exact-match"}, "rate"),
        ({"metric": "exact-match", "rate": 1.5}, "rate"),
        ({"metric": "exact-match", "rate": "nan"}, "rate"),
        ({"metric": "absent", "rate": 1}, "metric"),
        ({"metric": "user-feedback", "rate": 1}, "metric"),
        ({"metric": "exact-match", "rate": 1, "monthly_cap": -1}, "monthly_cap"),
    ],
)
def test_a_bad_rule_is_refused(api: Any, owner: User, project: Project, body: dict[str, Any], where: str) -> None:
    answer = api(owner).post(URL, body)
    assert (answer.status_code, answer.json()["errors"][0]["where"]) == (400, where)


def test_who_may_change_rules(api: Any, member: Any, stranger: User, rule: Callable[..., SamplingRule]) -> None:
    address = f"{URL}/{rule().pk}"
    editor = api(member("editor"))
    assert editor.get(URL).status_code == 200
    assert editor.post(URL, {"metric": "token-f1", "rate": 1}).status_code == 403
    assert editor.patch(address, {"version": 1, "rate": 0}).status_code == 403
    assert editor.delete(address).status_code == 403
    assert api(stranger).get(URL).status_code == 404
    assert api(stranger).delete(address).status_code == 404
