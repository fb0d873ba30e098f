"""POST /api/v1/logs: all or nothing, durable, once."""

import json
import threading
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from rest_framework.test import APIClient

from monitoring.logs import entries, partitions, rollups, services, texts
from monitoring.logs.models import Log, LogDay, LogHour, LogText
from variorum.accounts.models import Project
from variorum.accounts.services import create_project
from variorum.lib.errors import Invalid
from variorum.lib.ids import uuid7

URL = "/api/v1/logs"


def a_log(**changes: Any) -> dict[str, Any]:
    """A plain good log."""
    return {"id": str(uuid7()), "prompt": "triage", "environment": "production", "commit": "c" * 40, **changes}


def uuid7_at(moment: datetime) -> str:
    """A version 7 UUID of another time."""
    value = uuid7().int & ((1 << 80) - 1)
    return str(uuid.UUID(int=(int(moment.timestamp() * 1000) << 80) | value))


def errors_of(body: Any) -> list[tuple[str, str]]:
    """(where, code) of each fault found in a body."""
    data = body if isinstance(body, bytes) else json.dumps({"logs": body}).encode()
    with pytest.raises(Invalid) as caught:
        entries.read_entries(data, project_id=1)
    return [(error["where"], error["code"]) for error in caught.value.errors]


@pytest.fixture
def app(api: Callable[..., APIClient], make_key: Callable[..., str]) -> APIClient:
    """An application with a key of scope logs."""
    return api(key=make_key("logs"))


def test_a_batch_is_stored_with_all_that_was_sent(app: APIClient, project: Project) -> None:
    started = datetime.now(tz=UTC) - timedelta(minutes=5)
    full = a_log(
        started_at=started.isoformat(),
        model="local/smollm2-135m",
        adapter="adapters/triage",
        latency_ms=12.5,
        input={"variables": {"text": "Hällo"}, "messages": [{"role": "user", "content": "Hällo 😀"}]},
        output={"label": "billing"},
        error="timeout",
        reference="billing",
        input_tokens=10,
        output_tokens=3,
        cost=0.000123,
        tags=["vip", 'd"e\\ {,}', "vip"],
        metadata={"plan": "pro"},
        user="u1",
        session="s1",
        variant="rollout-12/candidate",
    )
    answer = app.post(URL, {"logs": [full, a_log()]})
    assert (answer.status_code, answer.json()) == (200, {"accepted": 2, "duplicates": 0})
    log = Log.objects.get(project=project, id=full["id"])
    assert (log.started_at, log.prompt, log.environment, log.commit) == (started, "triage", "production", "c" * 40)
    assert (log.model, log.adapter, log.failed, log.latency_ms) == ("local/smollm2-135m", "adapters/triage", True, 12.5)
    assert (log.input_tokens, log.output_tokens, log.cost) == (10, 3, Decimal("0.000123"))
    assert (log.tags, log.end_user, log.session) == (["vip", 'd"e\\ {,}'], "u1", "s1")
    assert log.variant == "rollout-12/candidate"
    stored = texts.unpack(LogText.objects.get(id=log.text_id).body)[log.text_at]
    assert stored == {name: full[name] for name in ("input", "output", "error", "reference", "metadata")}


def test_the_same_log_again_is_a_duplicate(app: APIClient, project: Project) -> None:
    first, second, third = a_log(latency_ms=10), a_log(latency_ms=20), a_log(latency_ms=40)
    assert app.post(URL, {"logs": [first, second, first]}).json() == {"accepted": 2, "duplicates": 1}
    assert app.post(URL, {"logs": [second, third]}).json() == {"accepted": 1, "duplicates": 1}
    assert app.post(URL, {"logs": [first, second, third]}).json() == {"accepted": 0, "duplicates": 3}
    assert Log.objects.filter(project=project).count() == 3
    hours = LogHour.objects.filter(project=project)
    assert sum(hour.requests for hour in hours) == 3
    assert sum(hour.latency_sum for hour in hours) == 70


@pytest.mark.parametrize("version", [4, 7])
def test_the_same_id_on_another_day_is_a_duplicate(app: APIClient, project: Project, version: int) -> None:
    now = datetime.now(tz=UTC)
    id_ = str(uuid.uuid4()) if version == 4 else uuid7_at(now - timedelta(hours=23))
    for hours in (0, 23, 46):
        log = a_log(id=id_, started_at=(now - timedelta(hours=hours)).isoformat())
        assert app.post(URL, {"logs": [log]}).json()["accepted"] == (hours == 0)
    assert Log.objects.filter(project=project).count() == 1
    assert LogDay.objects.filter(project=project).count() == (version == 4)


def test_two_projects_may_use_the_same_id(app: APIClient, project: Project, owner: Any) -> None:
    other = create_project(owner=owner, name="Other", slug="other")
    body = json.dumps({"logs": [a_log()]}).encode()
    assert services.take_logs(project=project, body=body) == (1, 0)
    assert services.take_logs(project=other, body=body) == (1, 0)
    assert services.take_logs(project=other, body=body) == (0, 1)


def test_nothing_is_stored_when_one_log_is_bad(app: APIClient, project: Project) -> None:
    answer = app.post(URL, {"logs": [a_log(), a_log(latency_ms=-1), a_log(id="x", environment="")]})
    assert answer.status_code == 400
    assert answer.json()["code"] == "invalid_logs"
    assert [error["where"] for error in answer.json()["errors"]] == [
        "logs.1.latency_ms",
        "logs.2.id",
        "logs.2.environment",
    ]
    assert not Log.objects.filter(project=project).exists()
    assert not LogHour.objects.filter(project=project).exists()


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("id", None, "required"),
        ("id", 7, "invalid"),
        ("started_at", "yesterday", "invalid"),
        ("started_at", "2026-01-01T00:00:00", "invalid"),
        ("started_at", "0001-01-01T00:00:00+14:00", "invalid"),
        ("started_at", "2001-01-01T00:00:00Z", "too_old"),
        ("started_at", "9999-01-01T00:00:00Z", "in_future"),
        ("prompt", 5, "invalid"),
        ("prompt", "x" * 201, "too_long"),
        ("commit", "a\nb", "invalid_text"),
        ("user", "\x00", "invalid_text"),
        ("session", "\ud800", "invalid_text"),
        ("latency_ms", True, "invalid"),
        ("latency_ms", "12", "invalid"),
        ("latency_ms", 1e10, "invalid"),
        ("input_tokens", 1.5, "invalid"),
        ("output_tokens", 2**31, "invalid"),
        ("cost", -0.1, "invalid"),
        ("tags", "vip", "invalid"),
        ("tags", [""], "invalid"),
        ("tags", ["x"] * 21, "invalid"),
        ("input", 5, "invalid"),
        ("input", {"prompt": "x"}, "invalid"),
        ("output", "a\x00b", "invalid_text"),
        ("output", {"k": ["\udfff"]}, "invalid_text"),
        ("metadata", {"\x00": 1}, "invalid_text"),
        ("metadata", [], "invalid"),
        ("error", {"code": 1}, "invalid"),
        ("reference", 5, "invalid"),
        ("colour", "red", "unknown_field"),
    ],
)
def test_each_bad_field_is_named(field: str, value: Any, code: str) -> None:
    assert errors_of([a_log(), a_log(**{field: value})]) == [(f"logs.1.{field}", code)]


def test_more_faults_of_shape_are_named() -> None:
    assert errors_of([a_log(input={"messages": [{"content": "x"}]})]) == [("logs.0.input.messages.0", "invalid")]
    assert errors_of([a_log(input={"text": 5})]) == [("logs.0.input.text", "invalid")]
    assert errors_of([a_log(output="x" * 2_000_001)]) == [("logs.0", "too_large")]
    deep = '{"a":' * 300 + "1" + "}" * 300
    body = json.dumps({"logs": [a_log(metadata="HERE")]}).replace('"HERE"', deep)
    assert errors_of(body.encode()) == [("logs.0", "too_deep")]
    assert errors_of(["text"])[0] == ("logs.0", "invalid")
    assert errors_of([a_log(id=str(uuid.uuid4()))]) == [("logs.0.started_at", "required")]
    assert errors_of([]) == [("logs", "wrong_count")]
    assert errors_of([a_log()] * 1001) == [("logs", "wrong_count")]
    assert errors_of(b'{"logs": {}}') == [("logs", "invalid")]
    assert errors_of(b'{"logs": [], "more": 1}') == [("logs", "invalid")]
    assert errors_of(b"[]") == [("logs", "invalid")]
    huge = json.dumps({"logs": [a_log(metadata={"x": "HERE"})]}).replace('"HERE"', "1e999")
    assert errors_of(huge.encode()) == [("logs.0", "invalid")]
    assert len(errors_of([a_log(cost="x")] * 500)) == entries.MAX_ERRORS


def test_ids_are_bound_to_their_time() -> None:
    now = datetime.now(tz=UTC)
    assert errors_of([a_log(id=uuid7_at(now + timedelta(days=2)))]) == [("logs.0.id", "in_future")]
    assert errors_of([a_log(id=uuid7_at(now - timedelta(days=100)))]) == [("logs.0.id", "too_old")]
    far = (now - timedelta(days=3)).isoformat()
    assert errors_of([a_log(started_at=far)]) == [("logs.0.started_at", "not_id_time")]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{", "invalid_json"),
        (b'{"logs": [NaN]}', "invalid_json"),
        (b'\xff{"logs": []}', "invalid_utf8"),
        (b"[" * 200_000, "invalid_json"),
        (b"", "invalid_json"),
    ],
)
def test_a_body_that_is_no_json_is_one_problem(app: APIClient, body: bytes, code: str) -> None:
    answer = app.post(URL, body, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (400, code)


def test_a_body_that_is_too_large_is_refused(app: APIClient, settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    answer = app.post(URL, {"logs": [a_log(output="x" * 2000)]})
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


def test_only_a_key_with_the_scope_may_send(
    api: Callable[..., APIClient], make_key: Callable[..., str], owner: Any
) -> None:
    body = {"logs": [a_log()]}
    assert api().post(URL, body).status_code == 401
    assert api(owner).post(URL, body).status_code in {401, 403}
    assert api(key=make_key("runtime", "read", "write")).post(URL, body).json()["code"] == "scope_missing"
    assert api(key=make_key("logs")).post(URL, body).status_code == 200


def test_a_bound_key_logs_only_into_its_environments(
    api: Callable[..., APIClient], make_key: Callable[..., str], project: Project
) -> None:
    bound, feedback = api(key=make_key("logs", environments=["staging"])), {"value": 1}
    ours, theirs = a_log(environment="staging"), a_log()
    refused = bound.post(URL, {"logs": [ours, theirs]}, format="json")
    assert (refused.status_code, refused.json()["code"]) == (403, "wrong_environment")
    assert Log.objects.filter(project=project).count() == 0
    assert bound.post(URL, {"logs": [ours]}, format="json").json() == {"accepted": 1, "duplicates": 0}
    services.take_logs(project=project, body=json.dumps({"logs": [theirs]}).encode())
    answers = [bound.post(f"{URL}/{log['id']}/feedback", feedback, format="json") for log in (ours, theirs)]
    assert [answer.status_code for answer in answers] == [204, 403]


def test_any_day_that_retention_keeps_gets_its_partition(app: APIClient, project: Project) -> None:
    old = datetime.now(tz=UTC) - timedelta(days=80)
    assert app.post(URL, {"logs": [a_log(id=uuid7_at(old)), a_log()]}).json()["accepted"] == 2
    assert old.date() in partitions.existing()
    assert partitions.drop_before(old.date() + timedelta(days=1)) == [
        day for day in [old.date()] if day not in partitions.existing()
    ]
    assert Log.objects.filter(project=project).count() == 1


def test_the_rollup_equals_the_logs(app: APIClient, project: Project) -> None:
    now = datetime.now(tz=UTC)
    logs = [
        a_log(
            id=uuid7_at(now - timedelta(minutes=7 * n)),
            prompt=["triage", "reply"][n % 2],
            error="boom" if n % 5 == 0 else None,
            latency_ms=None if n % 7 == 0 else 1.37**n,
            input_tokens=n,
            output_tokens=n % 3 or None,
            cost=n / 1000,
        )
        for n in range(40)
    ]
    app.post(URL, {"logs": logs[:25]})
    app.post(URL, {"logs": logs[20:]})
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT date_trunc('hour', started_at), prompt, count(*), count(*) FILTER (WHERE failed), "
            "count(latency_ms), "
            "coalesce(sum(latency_ms), 0), sum(coalesce(input_tokens, 0)), sum(coalesce(output_tokens, 0)), sum(cost) "
            "FROM logs_log WHERE project_id = %s GROUP BY 1, 2",
            [project.pk],
        )
        raw = {(row[0], row[1]): row[2:] for row in cursor.fetchall()}
    kept = {
        (h.hour, h.prompt): (
            h.requests, h.errors, h.timed, pytest.approx(h.latency_sum), h.input_tokens, h.output_tokens, h.cost
        )
        for h in LogHour.objects.filter(project=project)
    }  # fmt: skip
    assert raw == kept
    assert sum(sum(h.buckets) for h in LogHour.objects.filter(project=project)) == 34


def test_quantiles_are_within_their_bucket() -> None:
    values = sorted(1.013**n for n in range(1000))
    buckets = [0] * rollups.BUCKETS
    for value in values:
        buckets[rollups.bucket_of(value)] += 1
    for q in (0.01, 0.5, 0.95, 0.99, 1.0):
        exact = values[max(0, round(q * 1000) - 1)]
        assert rollups.quantile(buckets, q) == pytest.approx(exact, rel=0.046)
    assert rollups.quantile([0] * rollups.BUCKETS, 0.5) is None
    assert rollups.bucket_of(0) == 0
    assert rollups.bucket_of(1e9) == rollups.BUCKETS - 1


@pytest.mark.django_db(transaction=True)
def test_many_threads_lose_and_double_nothing(project: Project) -> None:
    """Sixteen threads post overlapping logs; each log is accepted exactly once in all."""
    shared = [a_log() for _ in range(40)]
    results: list[services.Taken] = []
    failures: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for turn in range(5):
                body = json.dumps({"logs": [a_log(), shared[(number * 7 + turn) % 40], shared[(number + turn) % 40]]})
                results.append(services.take_logs(project=project, body=body.encode()))
        except BaseException as exc:
            failures.append(exc)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    stored = Log.objects.filter(project=project).count()
    assert stored == sum(taken.accepted for taken in results)
    assert sum(hour.requests for hour in LogHour.objects.filter(project=project)) == stored
    assert 80 < stored <= 120
