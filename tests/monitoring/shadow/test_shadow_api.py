"""Shadows over HTTP: started, watched, stopped, by those who may."""

from collections.abc import Callable
from typing import Any

import pytest

from evals.metrics.models import Metric
from monitoring.logs.models import Log
from monitoring.shadow import queries, work
from monitoring.shadow.models import Shadow
from variorum.accounts.models import Project, User
from variorum.deployments.models import Environment
from variorum.events.models import Notice
from variorum.inference.models import Provider

URL = "/api/v1/projects/support-desk/shadows"
Start = Callable[..., Shadow]
Put = Callable[..., list[Log]]


@pytest.fixture
def body(production: Environment, judge: Metric, save: Callable[..., str]) -> dict[str, Any]:
    """A good request."""
    fields = {"environment": "production", "commit": save("B"), "metric": "helpful", "share": 1, "pairs_wanted": 10}
    return {**fields, "max_cost": "2.5"}


def test_a_shadow_from_start_to_end(
    api: Any, owner: User, member: Any, project: Project, body: dict[str, Any], put: Put
) -> None:
    client = api(member("maintainer"))
    seen = client.get(f"{URL}/preview", {"environment": "production", "commit": body["commit"]}).json()
    assert seen["prompts"] == [{"name": "triage", "model": "fake/small", "changed": True, "problem": "", "requests": 0}]
    made = client.post(URL, body, format="json")
    assert made.status_code == 201, made.content
    shown = made.json()
    assert (shown["number"], shown["prompts"], shown["state"], shown["figures"]) == (1, ["triage"], "running", None)
    assert (shown["max_cost"], shown["max_answers"], shown["metric"]["slug"]) == (2.5, None, "helpful")
    put(Shadow.objects.get(), 10)
    work.step()
    viewer = api(member("viewer"))
    done = viewer.get(f"{URL}/1").json()
    assert (done["state"], done["ended"], done["figures"]["wins"]) == ("done", "enough", 10)
    assert (done["figures"]["latency"]["difference"]["n"], done["answers"]) == (10, 10)
    assert viewer.get(URL).json()["items"][0]["number"] == 1
    page = viewer.get(f"{URL}/1/pairs", {"outcome": "win", "limit": 3}).json()
    assert len(page["items"]) == 3
    pair = page["items"][0]
    question = pair["candidate"]["text"].removeprefix("B: Variant B. ")
    assert (pair["live"]["text"], pair["asked"]) == ("A: at home", question)
    assert (pair["first"]["winner"], pair["second"]["reason"]) == ("candidate", "So it is.")
    more = viewer.get(f"{URL}/1/pairs", {"outcome": "win", "limit": 200, "cursor": page["next"]}).json()
    assert (len(more["items"]), more["next"]) == (7, None)
    assert viewer.get(f"{URL}/1/pairs", {"outcome": "loss"}).json()["items"] == []
    assert viewer.get(f"{URL}/1/pairs", {"outcome": "?"}).status_code == 400
    assert Notice.objects.get(title="Shadow #1: better").url == "/p/support-desk/shadows/1"


def test_pause_resume_and_stop(api: Any, owner: User, start: Start) -> None:
    client, address = api(owner), f"{URL}/{start().number}"
    states = [client.patch(address, {"state": state}).json()["state"] for state in ("paused", "running", "stopped")]
    assert states == ["paused", "running", "stopped"]
    late = client.patch(address, {"state": "running"})
    assert (late.status_code, late.json()["code"], late.json()["state"]) == (409, "shadow_state", "stopped")
    assert client.patch(address, {"state": "done"}).status_code == 400


def test_who_may(api: Any, member: Any, stranger: User, start: Start, body: dict[str, Any]) -> None:
    address = f"{URL}/{start(commit=body['commit']).number}"
    editor = api(member("editor"))
    assert editor.post(URL, body, format="json").status_code == 403
    assert editor.patch(address, {"state": "stopped"}).status_code == 403
    assert editor.get(f"{address}/pairs").status_code == 200
    for answer in (
        api(stranger).get(URL),
        api(stranger).get(f"{address}/pairs"),
        api(stranger).patch(address, {"state": "stopped"}),
        api(stranger).post(URL, body, format="json"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"prompts": ["absent"]}, 400, "unknown_prompt"),
        ({"metric": "absent"}, 400, "unknown"),
        ({"metric": "user-feedback"}, 400, "unknown"),
        ({"environment": "staging"}, 409, "nothing_live"),
        ({"environment": "moon"}, 404, "not_found"),
        ({"commit": "f" * 40}, 404, "not_found"),
        ({"share": 0}, 400, "min_value"),
        ({"share": "nan"}, 400, None),
        ({"pairs_wanted": 1}, 400, "min_value"),
    ],
)
def test_a_bad_shadow_is_refused(
    api: Any, owner: User, body: dict[str, Any], change: dict[str, Any], status: int, code: str | None
) -> None:
    answer = api(owner).post(URL, {**body, **change}, format="json")
    assert answer.status_code == status, answer.content
    assert code in (None, answer.json()["code"], *[error["code"] for error in answer.json()["errors"]])
    assert not Shadow.objects.exists()


def test_what_cannot_be_answered_or_paid_for_is_refused(
    api: Any, owner: User, body: dict[str, Any], production: Environment
) -> None:
    client = api(owner)
    live = client.post(URL, {**body, "commit": queries.live_commit(production)}, format="json")
    assert (live.status_code, live.json()["code"]) == (409, "already_live")
    Provider.objects.update(catalogue=[{"id": "small", "input_price": "1", "output_price": "2"}])
    priceless = client.post(URL, body, format="json")
    assert (priceless.status_code, priceless.json()["errors"][0]["where"]) == (400, "max_cost")
    assert "fake/judge" in priceless.json()["detail"]
    Provider.objects.all().delete()
    gone = client.post(URL, body, format="json")
    assert (gone.status_code, gone.json()["code"]) == (400, "unusable_prompt")


def test_three_at_once_are_enough(api: Any, owner: User, body: dict[str, Any]) -> None:
    codes = [api(owner).post(URL, body, format="json").status_code for _ in range(4)]
    assert codes == [201, 201, 201, 409]
