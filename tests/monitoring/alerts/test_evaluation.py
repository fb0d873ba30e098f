"""A rule fires once, resolves once, and tells once, whoever evaluates it and however often."""

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from monitoring.alerts import news, services
from monitoring.alerts.evaluation import evaluate, evaluate_due, look
from monitoring.alerts.models import Alert, AlertRule
from variorum.deployments.models import Bundle, Deployment
from variorum.deployments.services import ensure_environments
from variorum.events.models import Event, Notice

SHA = "a" * 40


def titles():
    return list(Notice.objects.order_by("pk").values_list("title", flat=True))


def states():
    return [(alert.state, alert.resolution) for alert in Alert.objects.order_by("number")]


def test_a_rule_fires_once_and_resolves_once(make_rule, put_logs, tick):
    rule = make_rule(name="Errors")
    put_logs(100, failed=40)
    assert [tick() for _ in range(4)] == [1, 1, 1, 1]
    assert (states(), titles()) == ([("firing", "")], ["Firing: Errors"])
    alert = Alert.objects.get()
    assert (alert.number, alert.figures["value"], alert.figures["n"]) == (1, 0.4, 100)
    assert alert.figures["low"] == pytest.approx(0.309, abs=0.001)
    put_logs(900)
    for _ in range(3):
        tick()
    assert (states(), titles()) == ([("resolved", "better")], ["Firing: Errors", "Resolved: Errors"])
    alert.refresh_from_db()
    assert (alert.resolved_figures["value"], alert.resolved_figures["n"]) == (0.04, 1000)
    kinds = Event.objects.filter(subject_kind="alert").order_by("pk").values_list("kind", flat=True)
    assert list(kinds) == ["alert.firing", "alert.resolved"]
    rule.refresh_from_db()
    assert (rule.state, rule.last["standing"]) == ("ok", "good")


def test_it_fires_again_after_it_was_resolved(make_rule, put_logs, tick):
    make_rule()
    put_logs(50, failed=25, minutes_ago=10)
    tick()
    put_logs(950)
    tick()
    put_logs(1000, failed=1000)
    tick()
    assert [alert.number for alert in Alert.objects.order_by("number")] == [1, 2]
    assert states() == [("resolved", "better"), ("firing", "")]


def test_the_whole_interval_must_be_beyond_unless_the_estimate_is_enough(make_rule, put_logs, tick):
    sure, quick = make_rule(), make_rule(sure=False)
    put_logs(40, failed=5)  # 12.5 %, 95 % interval 5.5 to 26 %
    tick()
    sure.refresh_from_db()
    quick.refresh_from_db()
    assert (sure.state, sure.last["standing"]) == ("ok", "unsure")
    assert (quick.state, quick.last["standing"]) == ("firing", "beyond")


def test_few_requests_never_fire(make_rule, put_logs, tick):
    rule = make_rule(minimum_n=20)
    put_logs(19, failed=19)
    tick()
    rule.refresh_from_db()
    assert (rule.state, rule.last["standing"], rule.last["n"]) == ("ok", "few", 19)
    put_logs(1, failed=1)
    tick()
    assert states() == [("firing", "")]


def test_as_many_evaluations_in_a_row_as_it_asks(make_rule, put_logs, tick):
    rule = make_rule(consecutive=3)
    put_logs(30, failed=30, minutes_ago=5)
    tick()
    tick()
    assert states() == []
    put_logs(1000)
    tick()  # good again: counting begins anew
    rule.refresh_from_db()
    assert rule.streak == 0
    put_logs(1000, failed=1000)
    for _ in range(3):
        tick()
    assert states() == [("firing", "")]


def test_an_alert_stays_while_there_is_too_little_to_tell_and_ends_when_all_is_quiet(
    make_rule, put_logs, tick, time_machine_later
):
    make_rule(window_minutes=10)
    put_logs(30, failed=30, minutes_ago=8)
    put_logs(3, minutes_ago=1)
    tick()
    with time_machine_later(minutes=5):  # only the three are left in the window
        tick()
        assert states() == [("firing", "")]
    with time_machine_later(minutes=15):
        tick()
        assert states() == [("resolved", "quiet")]


@pytest.fixture
def time_machine_later():
    import time_machine

    def travel(**later):
        return time_machine.travel(timezone.now() + timedelta(**later), tick=True)

    return travel


def test_while_silenced_nobody_is_told_and_then_once(make_rule, put_logs, tick, actor):
    rule = make_rule(name="Quiet")
    services.silence_rule(rule=rule, actor=actor, minutes=60)
    put_logs(100, failed=90)
    tick()
    assert (states(), titles()) == ([("firing", "")], [])
    AlertRule.objects.update(silenced_until=timezone.now() - timedelta(seconds=1))
    tick()
    tick()
    assert titles() == ["Firing: Quiet"]


def test_what_nobody_was_told_of_is_resolved_in_silence(make_rule, put_logs, tick, actor):
    rule = make_rule()
    services.silence_rule(rule=rule, actor=actor, minutes=60)
    put_logs(100, failed=90)
    tick()
    put_logs(1000)
    tick()
    assert (states(), titles()) == ([("resolved", "better")], [])


def test_changing_what_is_watched_closes_the_alert(make_rule, put_logs, tick, actor):
    rule = make_rule(name="Errors")
    put_logs(100, failed=90)
    tick()
    rule.refresh_from_db()
    services.change_rule(rule=rule, actor=actor, version=1, changes={"name": "New name"})
    assert states() == [("firing", "")]
    services.change_rule(rule=rule, actor=actor, version=2, changes={"threshold": 0.95})
    assert (states(), titles()) == ([("resolved", "changed")], ["Firing: Errors", "Resolved: Errors"])
    tick()
    assert len(states()) == 1


def test_deleting_a_rule_keeps_its_alerts(make_rule, put_logs, tick, actor):
    rule = make_rule(name="Gone")
    put_logs(100, failed=90)
    tick()
    services.delete_rule(rule=rule, actor=actor)
    alert = Alert.objects.get()
    assert (alert.rule, alert.rule_name, alert.state, alert.resolution) == (None, "Gone", "resolved", "changed")


def test_a_change_during_an_evaluation_wins(make_rule, put_logs, actor):
    rule = make_rule()
    put_logs(100, failed=90)
    stale = AlertRule.objects.get(pk=rule.pk)
    services.change_rule(rule=rule, actor=actor, version=1, changes={"enabled": False})
    assert evaluate(stale) is False
    assert evaluate_due() == 0
    assert states() == []


def test_a_rule_is_not_evaluated_more_often_than_its_period(make_rule, put_logs):
    rule = make_rule()
    assert (evaluate(rule), evaluate(rule)) == (True, False)


@pytest.mark.parametrize(
    ("logs", "fields", "value", "standing"),
    [
        ({"latency_ms": 900}, {"kind": "latency", "threshold": 500, "quantile": 0.5}, 900, "beyond"),
        ({"latency_ms": 900}, {"kind": "latency", "threshold": 500, "quantile": 0.99}, 900, "beyond"),
        ({"latency_ms": 400}, {"kind": "latency", "threshold": 500}, 400, "good"),
        ({}, {"kind": "latency", "threshold": 500}, None, "none"),
        ({"cost": 0.01}, {"kind": "cost", "threshold": 1.0}, 4.0, "beyond"),
        ({"cost": 0.001}, {"kind": "cost", "threshold": 1.0}, 0.4, "good"),
        ({}, {"kind": "traffic", "threshold": 1}, 100, "good"),
        ({}, {"kind": "traffic", "threshold": 1, "prompt": "reply"}, 0, "beyond"),
        ({}, {"kind": "traffic", "threshold": 1, "environment": "staging"}, 0, "beyond"),
        ({"minutes_ago": 16}, {"kind": "traffic", "threshold": 1}, 0, "beyond"),
    ],
)
def test_each_kind(make_rule, put_logs, logs, fields, value, standing):
    put_logs(100, **logs)
    found = look(make_rule(**fields), timezone.now())
    assert (found.figure.value, found.standing) == (pytest.approx(value), standing)


def test_latency_quantiles_are_those_of_the_sorted_values(make_rule, put_logs):
    for value in range(1, 101):
        put_logs(1, latency_ms=value)
    median = look(make_rule(kind="latency", threshold=1000, quantile=0.5), timezone.now()).figure
    assert (median.value, median.low, median.high) == (50, 40, 61)  # ranks 40 and 61 of 100: Conover, table A4
    tail = look(make_rule(kind="latency", threshold=1000, quantile=0.99), timezone.now()).figure
    assert (tail.value, tail.high) == (99, None)


def test_scores_are_those_of_the_scope_and_of_one_metric_version(make_rule, put_logs, put_scores):
    put_scores(put_logs(60, prompt="triage"), 1)
    put_scores(put_logs(40, prompt="triage"), 0)
    put_scores(put_logs(500, prompt="reply"), 0)
    put_scores(put_logs(500, prompt="triage", environment="staging"), 0)
    put_scores(put_logs(50, prompt="triage"), 0.5, metric="token-f1")
    fields = {"kind": "score", "threshold": 0.8, "prompt": "triage", "environment": "production"}
    found = look(make_rule(metric="exact-match", **fields), timezone.now())
    assert (found.figure.value, found.figure.n, found.figure.method) == (0.6, 100, "Wilson score")
    assert found.standing == "beyond"
    mean = look(make_rule(metric="token-f1", **fields), timezone.now())
    assert (mean.figure.value, mean.figure.n) == (0.5, 50)


def test_people_read_a_metric_by_its_name_and_programs_by_its_slug(make_rule, put_logs, put_scores, tick):
    rule = make_rule(kind="score", metric="exact-match", threshold=0.8)
    put_scores(put_logs(100), 0)
    tick()
    assert Notice.objects.get().body.startswith("Exact match score 0 ")
    told = news.of_alert(Alert.objects.get(), rule).data["rule"]
    assert (told["metric"], told["condition"]) == ("exact-match", "Exact match score below 0.8")


def test_a_metric_that_is_gone_is_said(make_rule, tick):
    rule = make_rule(kind="score", metric="vanished", threshold=0.5)
    tick()
    rule.refresh_from_db()
    assert (rule.state, rule.last["problem"]) == ("ok", "The project has no metric 'vanished'.")


def test_suspects_are_commits_and_deployments(project, make_rule, put_logs, tick, actor):
    staging, production = ensure_environments(project)[1:3]
    for number, environment in ((1, production), (2, staging), (3, production)):
        bundle = Bundle.objects.create(environment=environment, commit=SHA, hash="h", body=b"") if number != 3 else None
        bundle = bundle or Bundle.objects.create(environment=environment, commit="b" * 40, hash="h", body=b"")
        ago = timedelta(days=1) if number == 1 else timedelta(minutes=20)
        Deployment.objects.create(
            project=project,
            environment=environment,
            number=number,
            commit=bundle.commit,
            bundle=bundle,
            kind="deploy",
            subject=f"Change {number}",
            actor_name="Olga",
            created_at=timezone.now() - ago,
        )
    put_logs(300, failed=15, commit=SHA)
    put_logs(100, failed=80, commit="b" * 40)
    make_rule(environment="production")
    tick()
    suspects = Alert.objects.get().suspects
    assert [(c["commit"][0], c["value"], c["n"], c["deployment"]) for c in suspects["commits"]] == [
        ("b", 0.8, 100, 3),
        ("a", 0.05, 300, 1),
    ]
    assert [(d["number"], d["subject"]) for d in suspects["deployments"]] == [(3, "Change 3")]


@pytest.mark.django_db(transaction=True)
def test_two_evaluators_at_once_fire_one_alert(make_rule, put_logs):
    """Thread against thread, each with its own connection, many rounds on rules that all fire."""
    rules = [make_rule() for _ in range(6)]
    put_logs(100, failed=90)
    done, errors = [], []

    def work():
        try:
            for _ in range(5):
                AlertRule.objects.update(next_at=timezone.now())
                done.append(evaluate_due())
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert sum(done) > 0
    assert sorted(Alert.objects.values_list("number", flat=True)) == list(range(1, len(rules) + 1))
    assert sorted(Alert.objects.values_list("rule", flat=True)) == sorted(rule.pk for rule in rules)
    assert len(titles()) == len(rules)
