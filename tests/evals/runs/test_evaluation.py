"""Evaluations from end to end: figures, comparison, check, faults, kills, cancel."""

import threading
from itertools import cycle

import pytest
from django.db import connection

from evals.metrics.models import Score
from evals.metrics.services import change_metric, create_metric
from evals.runs import concluding, services
from evals.runs.models import EvaluationJob, Result
from evals.runs.storing import Store
from tests.evals.runs.conftest import LABELS, PATH, prompt, right_when
from tests.fakes.openai_server import Fault
from variorum.drafts.models import Check, RequiredCheck
from variorum.events.models import Event
from variorum.jobs.models import Job

BASE = "/api/v1/projects/support-desk"
pytestmark = pytest.mark.django_db(transaction=True)


def start(client, suite, **body):
    answer = client.post(f"{BASE}/suites/{suite.slug}/evaluations", body)
    assert answer.status_code == 201, answer.json()
    return answer.json()["number"]


def show(client, number):
    return client.get(f"{BASE}/evaluations/{number}").json()


def check_on(commit):
    return Check.objects.get(commit=commit, name="evaluation: triage-quality")


def test_main_is_evaluated_with_figures_and_intervals(owner, api, suite, model, main, run_jobs):
    client = api(owner)
    number = start(client, suite)
    assert check_on(main).state == "pending"
    assert run_jobs() == 1
    shown = show(client, number)
    assert (shown["state"], shown["done"], shown["verdict"], shown["commit"]) == ("succeeded", 200, "pass", main)
    match, valid = shown["summary"]["metrics"]
    assert (match["figure"]["value"], match["figure"]["n"], match["failed"], match["version"]) == (0.6, 200, 0, 1)
    assert (match["figure"]["low"], match["figure"]["high"]) == (
        pytest.approx(0.531, abs=1e-3),
        pytest.approx(0.665, abs=1e-3),
    )
    assert valid["figure"]["value"] == 0.6
    labelled = shown["summary"]["labelled"]
    assert (labelled["majority"]["rate"], labelled["label_count"], labelled["no_label"]) == (0.25, 4, 80)
    assert labelled["macro_f1"]["low"] < labelled["macro_f1"]["value"] < labelled["macro_f1"]["high"]
    assert {entry["taken_for"] for entry in labelled["labels"]} == {""}
    assert shown["summary"]["cost"] == pytest.approx((shown["summary"]["input_tokens"] + 2 * 200) / 1e6)
    assert 0 < shown["summary"]["latency_ms"]["p50"] <= shown["summary"]["latency_ms"]["p95"]
    assert (len(model.chats), model.chats[0].body["temperature"]) == (200, 0)
    assert (check_on(main).state, check_on(main).url) == ("pass", f"/p/support-desk/evaluations/{number}")
    assert Score.objects.filter(subject_kind="result", commit=main).count() == 400
    kinds = list(Event.objects.filter(subject_kind="evaluation").order_by("id").values_list("kind", flat=True))
    assert kinds == ["evaluation.started", "evaluation.concluded"]


@pytest.mark.parametrize(("good", "verdict", "direction", "said"), [
    (lambda n, v: n % 10 < (6 if v == "A" else 9), "pass", "better", "30.0 points better"),
    (lambda n, v: n % 10 < (6 if v == "A" else 3), "fail", "worse", "30.0 points worse"),
    (lambda n, v: n % 10 < 6 or (v == "B" and n in (7, 8)), "pass", "inconclusive", "1.0 points better"),
    (lambda n, v: n % 10 < 6 and not (v == "B" and n < 9), "inconclusive", "worse", "3.0 points worse"),
    (lambda n, v: n % 10 < 6, "pass", "inconclusive", "no difference"),
])  # fmt: skip
def test_a_draft_is_compared_with_main(owner, api, suite, model, draft_of, run_jobs, good, verdict, direction, said):
    model.answer = right_when(good)
    draft = draft_of("B")
    client = api(owner)
    number = start(client, suite, draft=draft.number)
    assert run_jobs() == 2
    shown = show(client, number)
    assert (shown["verdict"], shown["direction"], shown["draft"]) == (verdict, direction, draft.number)
    assert said in shown["words"]
    assert shown["baseline"] == number - 1
    assert (check_on(draft.head_commit).state, check_on(draft.head_commit).summary) == (verdict, shown["words"][:300])
    again = start(client, suite, draft=draft.number)
    assert show(client, again)["baseline"] == number - 1
    assert run_jobs() == 1


def test_rows_that_flipped_can_be_looked_at(owner, api, suite, model, draft_of, run_jobs):
    model.answer = right_when(lambda n, v: n % 10 < 6 if v == "A" else 2 <= n % 10 < 9)
    client = api(owner)
    number = start(client, suite, draft=draft_of("B").number)
    run_jobs()
    compared = show(client, number)["comparison"]["metrics"][0]
    assert (compared["gained_count"], compared["lost_count"], compared["p"]) == (
        60,
        40,
        pytest.approx(0.0569, abs=1e-3),
    )
    url = f"{BASE}/evaluations/{number}/results"
    gained = client.get(url, {"show": "gained", "metric": "exact-match", "limit": 200}).json()
    assert (gained["total"], {r["index"] % 10 for r in gained["items"]}) == (60, {6, 7, 8})
    first = gained["items"][0]
    assert (first["output"], first["before"]["output"], first["values"]["exact-match"]) == (
        first["expected"],
        "nonsense",
        1.0,
    )
    assert client.get(url, {"show": "changed"}).json()["total"] == 100
    assert client.get(url, {"show": "wrong", "limit": 1}).json()["total"] == 60
    assert client.get(url, {"show": "errors"}).json()["total"] == 0
    assert client.get(url, {"label": "card", "q": "nonsense"}).json()["total"] > 0
    assert client.get(url, {"show": "nonsense"}).status_code == 400
    assert client.get(url, {"show": "wrong", "metric": "nope"}).status_code == 400
    row = client.get(f"{url}/0").json()
    assert row["before"]["output"] == "card"
    assert [(s["metric"], s["value"]) for s in row["result"]["scores"]] == [("exact-match", 0.0), ("label-valid", 0.0)]
    assert "nonsense" in row["result"]["scores"][0]["reason"]
    assert client.get(f"{url}/200").status_code == 404
    assert (
        client.get(f"{BASE}/evaluations/{number}/comparison", {"with": number - 1}).json()["metrics"][0]["p"]
        == compared["p"]
    )


def test_faults_are_waited_out_or_recorded(owner, api, suite, model, run_jobs):
    model.script(Fault.status(500), Fault.rate_limited("0"), Fault.cut(), Fault.garbage(), *[Fault.status(400)] * 9)
    client = api(owner)
    number = start(client, suite)
    run_jobs()
    shown = show(client, number)
    assert (shown["state"], shown["summary"]["rows"], shown["summary"]["errors"]) == ("succeeded", 200, 9)
    assert shown["summary"]["error_codes"] == {"refused": 9}
    assert shown["summary"]["metrics"][0]["figure"]["n"] == 191
    errors = client.get(f"{BASE}/evaluations/{number}/results", {"show": "errors"}).json()["items"]
    assert (len(errors), errors[0]["error"][:4], errors[0]["values"]) == (9, "fake", {})


def test_many_rows_without_an_output_let_nothing_pass(owner, api, suite, model, run_jobs):
    model.script(*[Fault.status(400)] * 15)
    client = api(owner)
    number = start(client, suite)
    run_jobs()
    shown = show(client, number)
    assert (shown["verdict"], shown["outcomes"][-1]["words"]) == (
        "inconclusive",
        "15 of 200 rows got no output, more than 5 %.",
    )


@pytest.mark.parametrize(("faults", "calls", "done"), [(200, 40, 40), (120, 200, 200)])
def test_it_fails_clearly_when_most_rows_fail(owner, api, suite, model, main, run_jobs, faults, calls, done):
    model.script("card", *[Fault.status(404)] * 120) if faults == 120 else model.script(*[Fault.status(404)] * 200)
    client = api(owner)
    number = start(client, suite)
    run_jobs()
    shown = show(client, number)
    assert shown["state"] == "failed"
    assert "rows got no output" in shown["error"]
    assert "does not know the model" in shown["error"]
    assert (shown["verdict"], check_on(main).state) == ("inconclusive", "inconclusive")
    assert len(model.chats) <= max(calls, 60)


def test_a_missing_provider_is_one_clear_failure(owner, api, suite, run_jobs):
    client = api(owner)
    number = start(client, suite)
    run_jobs()
    shown = show(client, number)
    assert (shown["state"], shown["error"][:36]) == ("failed", "The project has no provider 'fake'. ")


def test_a_killed_worker_repeats_nothing_and_loses_nothing(owner, api, suite, model, monkeypatch, run_jobs):
    class Killed(BaseException):
        pass

    flush, flushed = Store.flush, []

    def die_after_three(self):
        flushed.append(flush(self))
        if len(flushed) == 3:
            raise Killed

    client = api(owner)
    number = start(client, suite)
    monkeypatch.setattr(Store, "flush", die_after_three)
    with pytest.raises(Killed):
        run_jobs()
    monkeypatch.setattr(Store, "flush", flush)
    stored = Result.objects.count()
    assert 0 < stored < 200
    Job.objects.update(state="queued", lease_owner="", lease_until=None)
    before = len(model.chats)
    run_jobs()
    shown = show(client, number)
    assert (shown["state"], Result.objects.count(), Score.objects.count()) == ("succeeded", 200, 400)
    assert len(model.chats) - before == 200 - stored
    assert shown["summary"]["metrics"][0]["figure"]["value"] == 0.6


def test_cancel(owner, api, suite, model, main, run_jobs):
    model.delay = 0.05
    client = api(owner)
    queued = start(client, suite)
    client.post(f"{BASE}/jobs/{queued}/cancel")
    concluding.sweep()
    assert (show(client, queued)["verdict"], check_on(main).summary) == (
        "inconclusive",
        "The evaluation was cancelled.",
    )
    running = start(client, suite)

    def cancel():
        api(owner).post(f"{BASE}/jobs/{running}/cancel")
        connection.close()

    timer = threading.Timer(0.7, cancel)
    timer.start()
    run_jobs()
    timer.join()
    shown = show(client, running)
    assert (shown["state"], shown["verdict"]) == ("cancelled", "inconclusive")
    assert 0 < len(model.chats) < 200


def test_a_judge_scores_and_its_failures_are_no_zeroes(owner, api, actor, project, suite, model, run_jobs):
    judge = create_metric(
        project=project, actor=actor, name="Helpful", kind="judge",
        config={"model": "fake/judge", "rubric": "Is {{output}} right for {{input}}?"},
    )  # fmt: skip
    services.change_suite(
        suite=suite, actor=actor, seen=1, changes={"metrics": ["helpful"], "subset": {"limit": 40}, "rules": []}
    )
    by_label = right_when(lambda n, v: True)
    verdicts = cycle(['{"score": 5, "reason": "yes"}', "no idea", '{"score": 1}', '{"score": 99}'])
    model.answer = lambda call: next(verdicts) if call.body["model"] == "judge" else by_label(call)
    client = api(owner)
    number = start(client, suite)
    run_jobs()
    entry = show(client, number)["summary"]["metrics"][0]
    assert (entry["figure"]["n"], entry["failed"], entry["figure"]["value"]) == (20, 20, 0.5)
    assert entry["cost"] > 0
    failed = client.get(f"{BASE}/evaluations/{number}/results", {"show": "failed", "metric": "helpful"}).json()
    assert (failed["total"], failed["items"][0]["values"]) == (20, {"helpful": None})
    changed = change_metric(metric=judge, actor=actor, seen=1, changes={"config": {**judge.config, "max": 10}})
    again = start(client, suite)
    assert [m["version"] for m in show(client, again)["metrics"]] == [changed.version] == [2]
    run_jobs()
    compared = client.get(f"{BASE}/evaluations/{again}/comparison", {"with": number}).json()
    assert ([m["slug"] for m in compared["metrics"]], compared["left_out"]) == (["macro-f1"], ["helpful"])


def test_frozen_means_frozen(owner, api, actor, project, suite, version, model, main, run_jobs):
    from variorum.datasets.services import append_rows
    from variorum.repos import services as repository

    client = api(owner)
    number = start(client, suite)
    append_rows(
        dataset=version.dataset, rows=[{"input": {"text": "message 1 new"}, "expected": "new"}], actor=actor, source={}
    )
    repository.commit_files(
        project=project, ref="main", files={PATH: prompt("Z")}, message="Change", actor=actor, expected_head=main
    )
    services.change_suite(suite=suite, actor=actor, seen=1, changes={"metrics": ["token-f1"], "rules": []})
    run_jobs()
    shown = show(client, number)
    assert (shown["dataset_version"], shown["summary"]["rows"], shown["commit"]) == (1, 200, main)
    assert [m["slug"] for m in shown["summary"]["metrics"]] == ["exact-match", "label-valid"]
    assert all("VARIANT A" in call.user for call in model.chats)
    later = start(client, suite)
    run_jobs()
    different = client.get(f"{BASE}/evaluations/{later}/comparison", {"with": number})
    assert (different.status_code, different.json()["code"]) == (400, "different_data")


def test_rows_that_cannot_be_rendered_are_recorded(owner, api, actor, project, suite, model, run_jobs):
    from variorum.datasets import services as datasets

    mixed = datasets.create_dataset(project=project, actor=actor, name="Mixed")
    rows = [{"input": {"text": f"message {n} card"} if n % 5 else {"other": n}, "expected": "card"} for n in range(30)]
    datasets.add_version(dataset=mixed, rows=rows, actor=actor, source={})
    changes = {"dataset": mixed, "mapping": {"message": "text"}}
    services.change_suite(suite=suite, actor=actor, seen=1, changes=changes)
    client = api(owner)
    number = start(client, suite)
    run_jobs()
    shown = show(client, number)
    assert (shown["summary"]["errors"], shown["summary"]["error_codes"]) == (6, {"missing_variable": 6})
    assert len(model.chats) == 24


def test_a_required_suite_guards_the_merge(owner, api, actor, suite, model, draft_of, run_jobs):
    services.change_suite(suite=suite, actor=actor, seen=1, changes={"required": True})
    assert RequiredCheck.objects.get().path == PATH
    model.answer = right_when(lambda n, v: v == "A")
    draft = draft_of("B")
    client = api(owner)
    lacking = client.get(f"{BASE}/drafts/{draft.number}").json()
    assert "evaluation: triage-quality" in lacking["required_checks"]
    start(client, suite, draft=draft.number)
    run_jobs()
    merge = client.post(f"{BASE}/drafts/{draft.number}/merge", {"expected_head": draft.head_commit})
    assert merge.status_code == 409
    services.change_suite(suite=suite, actor=actor, seen=2, changes={"required": False})
    assert not RequiredCheck.objects.exists()


def test_a_prompt_that_is_new_in_the_draft_has_no_baseline(owner, api, actor, project, suite, model, main, run_jobs):
    from variorum.drafts.services import open_draft

    services.change_suite(suite=suite, actor=actor, seen=1, changes={"prompt_path": "prompts/new.prompt"})
    draft = open_draft(project=project, actor=actor, title="New", files={"prompts/new.prompt": prompt("N")})
    client = api(owner)
    missing = client.post(f"{BASE}/suites/{suite.slug}/evaluations", {})
    assert (missing.status_code, missing.json()["code"]) == (404, "not_found")
    number = start(client, suite, draft=draft.number)
    assert run_jobs() == 1
    shown = show(client, number)
    assert (shown["baseline"], shown["verdict"]) == (None, "inconclusive")
    assert "no evaluation of main" in shown["words"]


def test_a_failed_baseline_leaves_the_draft_undecided(owner, api, suite, model, draft_of, run_jobs):
    by_variant = right_when(lambda n, v: True)
    model.answer = lambda call: Fault.status(400) if "VARIANT A" in call.user else by_variant(call)
    client = api(owner)
    number = start(client, suite, draft=draft_of("B").number)
    run_jobs()
    shown = show(client, number)
    assert (shown["state"], shown["verdict"], shown["comparison"]) == ("succeeded", "inconclusive", None)


def test_a_draft_that_ends_first_waits_for_main(owner, api, suite, model, draft_of, run_jobs):
    from variorum.jobs.runner import run_job

    client = api(owner)
    draft = draft_of("B")
    number = start(client, suite, draft=draft.number)
    run_job(EvaluationJob.objects.get(number=number).pk)
    waiting = show(client, number)
    assert (waiting["state"], waiting["verdict"], check_on(draft.head_commit).state) == ("succeeded", "", "pending")
    run_jobs()
    assert show(client, number)["verdict"] == "pass"
    assert check_on(draft.head_commit).state == "pass"


def test_subset_by_label(owner, api, actor, suite, model, run_jobs):
    services.change_suite(suite=suite, actor=actor, seen=1, changes={"subset": {"labels": LABELS[:2], "per_label": 15}})
    client = api(owner)
    number = start(client, suite)
    run_jobs()
    labelled = show(client, number)["summary"]["labelled"]
    assert ([entry["label"] for entry in labelled["labels"]], labelled["majority"]["rate"]) == (["card", "cash"], 0.5)
