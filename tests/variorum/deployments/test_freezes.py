"""Freeze windows: right by the clock on the wall, holding back what goes forward and never what goes back."""

from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone
from hypothesis import example, given, settings
from hypothesis import strategies as st

from variorum.accounts.access import Actor
from variorum.accounts.models import Membership
from variorum.deployments import freezes, gate, rollouts, rule_faults, rule_services, services
from variorum.deployments.models import Freeze, FreezeOverride
from variorum.lib.errors import Conflict

BASE = "/api/v1/projects/support-desk"
HERE = f"{BASE}/environments/production"
BERLIN = {"kind": "weekly", "zone": "Europe/Berlin", "reason": "weekend"}
WEEKEND = {**BERLIN, "from_day": 4, "from_time": "16:00", "to_day": 0, "to_time": "08:00"}
ZONES = ["Europe/Berlin", "America/Sao_Paulo", "Australia/Lord_Howe", "Asia/Kathmandu", "Africa/Cairo", "UTC"]
TIMES = st.times().map(lambda at: at.replace(second=0, microsecond=0))
DAYS = st.integers(0, 6)


def weekly(zone: str, start: tuple[int, time], end: tuple[int, time]) -> Freeze:
    return Freeze(zone=zone, from_day=start[0], from_time=start[1], to_day=end[0], to_time=end[1])


def reads_frozen(local: datetime, start: tuple[int, time], end: tuple[int, time]) -> bool:
    """What a person would say who looks at the clock on the wall."""
    now = (local.weekday(), local.time())
    return start <= now < end if start < end else now >= start or now < end


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(ZONES),
    st.datetimes(datetime(2010, 1, 1), datetime(2035, 1, 1)),
    st.tuples(DAYS, TIMES),
    st.tuples(DAYS, TIMES),
)
@example("Europe/Berlin", datetime(2026, 3, 29, 1, 30), (6, time(2, 30)), (6, time(4)))
@example("Europe/Berlin", datetime(2026, 10, 25, 0, 45), (6, time(2, 30)), (6, time(2, 40)))
def test_a_weekly_freeze_is_what_the_clock_on_the_wall_says(zone, at, start, end):
    if start == end:
        return
    at = at.replace(tzinfo=UTC)
    freeze = weekly(zone, start, end)
    local = at.astimezone(ZoneInfo(zone))
    held = freezes.span_at(freeze, at)
    if reads_frozen(local, start, end):
        assert held is not None
    elif held:  # longer than it reads only by the hour that the clock skips or repeats
        nearby = {(at + timedelta(hours=hours)).astimezone(ZoneInfo(zone)).utcoffset() for hours in (-2, 2)}
        assert len(nearby) == 2
    span = freezes.next_span(freeze, at)
    assert span is not None
    assert (span.start < span.end, span.end > at) == (True, True)


def test_the_hours_of_a_weekend_with_a_changing_clock():
    freeze = weekly("Europe/Berlin", (4, time(16)), (0, time(8)))
    hours = {}
    for name, day in {
        "spring": datetime(2026, 3, 28),
        "autumn": datetime(2026, 10, 24),
        "any": datetime(2026, 6, 6),
    }.items():
        span = freezes.span_at(freeze, day.replace(tzinfo=UTC))
        assert span is not None
        hours[name] = (span.end - span.start) / timedelta(hours=1)
    assert hours == {"spring": 63, "autumn": 65, "any": 64}


def now_frozen() -> dict[str, Any]:
    now = datetime.now(UTC)
    start, end = (f"{now + timedelta(hours=hours):%FT%TZ}" for hours in (-1, 3))
    return {"kind": "once", "zone": "Europe/Berlin", "reason": "Audit", "starts_at": start, "ends_at": end}


def test_a_freeze_holds_back_what_goes_forward_and_never_what_goes_back(
    save, production, dev, actor, owner, member, api
):
    first = services.deploy(environment=production, commit=save("1"), actor=actor)
    services.deploy(environment=production, commit=save("2"), actor=actor)
    save("3")
    maintainer, viewer, mine = api(member("maintainer")), api(member("viewer")), api(owner)
    made = mine.post(f"{BASE}/freezes", {**now_frozen(), "environment": "production"}).json()
    assert (made["now"], made["environment"]) == (True, "production")
    refused = maintainer.post(f"{HERE}/deployments", {"commit": "main"})
    assert (refused.status_code, refused.json()["code"], refused.json()["freeze"]["id"]) == (409, "frozen", made["id"])
    assert refused.json()["freeze"]["ends_at"][:16] == made["ends_at"][:16]
    shown = viewer.get(f"{HERE}/preview", {"commit": "main"}).json()["obstacles"]
    assert [each["code"] for each in shown] == ["frozen"]
    gate.not_frozen(dev)
    back = maintainer.post(f"{HERE}/rollback", {})
    assert (back.status_code, back.json()["restores"]) == (201, first.number)


def test_an_override_covers_one_deploy_of_one_commit_by_who_made_it(
    save, production, actor, owner, member, stranger, api
):
    services.deploy(environment=production, commit=save("1"), actor=actor)
    mine, second, maintainer = api(owner), api(member("owner")), api(member("maintainer"))
    sha, other = save("2"), save("3")
    mine.post(f"{BASE}/freezes", {**now_frozen(), "environment": "production"})
    body = {"reason": "A customer is down", "commit": sha, "minutes": 10}
    assert maintainer.post(f"{HERE}/overrides", body).status_code == 403
    assert api(stranger).post(f"{HERE}/overrides", body).status_code == 404
    assert api(stranger).get(f"{HERE}/overrides").status_code == 404
    for wrong in ({"reason": " "}, {"minutes": 4}, {"lifts": ["not_on_main"]}, {"lifts": []}):
        assert mine.post(f"{HERE}/overrides", {**body, **wrong}, format="json").status_code == 400
    made = mine.post(f"{HERE}/overrides", body).json()
    assert (made["commit"], made["lifts"], made["used_at"]) == (sha, ["frozen"], None)
    assert mine.get(f"{HERE}/preview", {"commit": sha}).json()["override"]["reason"] == "A customer is down"
    for who, commit in ((mine, other), (second, sha), (maintainer, sha)):
        assert who.post(f"{HERE}/deployments", {"commit": commit}).json()["code"] == "frozen"
    deployed = mine.post(f"{HERE}/deployments", {"commit": sha}).json()
    assert deployed["override"]["reason"] == "A customer is down"
    assert maintainer.get(f"{BASE}/deployments").json()["items"][0] == deployed
    mine.post(f"{HERE}/rollback", {})
    assert mine.post(f"{HERE}/deployments", {"commit": sha}).json()["code"] == "frozen"  # used up
    mine.post(f"{HERE}/overrides", body)
    FreezeOverride.objects.filter(used_at=None).update(until=timezone.now())
    assert mine.post(f"{HERE}/deployments", {"commit": sha}).json()["code"] == "frozen"  # too late
    listed = maintainer.get(f"{HERE}/overrides").json()["items"]
    assert [(each["reason"], each["used_at"] is None) for each in listed] == [
        (body["reason"], True),
        (body["reason"], False),
    ]
    _, used, opened = maintainer.get(f"{BASE}/events?kind=environment.overrid").json()["items"]
    assert [used["kind"], opened["kind"]] == ["environment.override_used", "environment.overridden"]
    assert opened["data"]["before"]["obstacles"][0].startswith("Production is frozen until")
    assert used["data"]["after"] == {"override": f"used for deployment #{deployed['number']}"}


def test_an_override_lifts_a_missing_check_only_when_it_says_so(save, production, actor, owner, api):
    services.deploy(environment=production, commit=save("1"), actor=actor)
    mine, sha = api(owner), save("2")
    mine.post(f"{HERE}/checks", {"name": "quality", "path": ""})
    body = {"reason": "The judge is down", "commit": sha}
    mine.post(f"{HERE}/overrides", body)
    assert mine.post(f"{HERE}/deployments", {"commit": sha}).json()["code"] == "checks_missing"
    mine.post(f"{HERE}/overrides", {**body, "lifts": ["checks_missing"]}, format="json")
    assert mine.post(f"{HERE}/deployments", {"commit": sha}).json()["override"]["lifts"] == ["checks_missing"]


def test_an_override_helps_neither_rules_nor_others_nor_who_is_no_owner_any_more(
    save, production, project, actor, owner, member, api
):
    services.deploy(environment=production, commit=save("1"), actor=actor)
    second, sha = member("owner"), save("2")
    maintainer = Actor.of_user(member("maintainer"))
    plan = [{"percent": 50, "hold": {"approval": True}}]
    rollout = rollouts.start(rollouts.prepare(environment=production, commit=sha, plan=plan), actor=actor)
    api(owner).post(f"{BASE}/freezes", {**now_frozen(), "environment": "production"})
    mine = api(second)
    mine.post(f"{HERE}/checks", {"name": "quality", "path": ""})
    lifts = {"reason": "The judge is down", "commit": sha, "lifts": ["frozen", "checks_missing"]}
    assert mine.post(f"{HERE}/overrides", lifts, format="json").status_code == 201
    with pytest.raises(Conflict, match="frozen"):
        rollouts.advance(rollout=rollout, actor=maintainer)
    rollouts.abort(rollout=rollout, actor=actor)
    variants = {"new": sha}
    flag = {"state": "ENABLED", "variants": variants, "defaultVariant": "new", "metadata": {"serves": "commit"}}
    (fault,) = rule_faults.faults(production, {"flags": {"all": flag}}, {}, second)
    assert fault["code"] == "checks_missing"
    assert FreezeOverride.objects.get().used_at is None
    Membership.objects.filter(user=second, project=project).update(role="maintainer")
    assert mine.post(f"{HERE}/deployments", {"commit": sha}).json()["code"] == "frozen"
    Membership.objects.filter(user=second, project=project).update(role="owner")
    assert mine.post(f"{HERE}/deployments", {"commit": sha}).status_code == 201


def test_an_override_without_a_commit_is_for_one_change_of_the_rules(production, project, actor, owner, api):
    window = (timezone.now() - timedelta(hours=1), timezone.now() + timedelta(hours=1))
    freezes.add(project=project, actor=actor, environment=None, zone="UTC", reason="Audit", once=window)
    rule = {"state": "ENABLED", "variants": {"on": True, "off": False}, "defaultVariant": "on"}
    assert api(owner).post(f"{HERE}/overrides", {"reason": "Switch it off"}).status_code == 201
    rule_services.save(environment=production, document={"flags": {"beta": rule}}, actor=actor)
    with pytest.raises(Conflict, match="frozen"):
        rule_services.save(environment=production, document={"flags": {}}, actor=actor)


def test_rules_and_rollouts_wait_for_the_end_of_a_freeze_and_may_be_taken_back(project, save, dev, actor):
    services.deploy(environment=dev, commit=save("1"), actor=actor)
    rule = {"state": "ENABLED", "variants": {"on": True, "off": False}, "defaultVariant": "on"}
    first = rule_services.save(environment=dev, document={"flags": {"beta": rule}}, actor=actor)
    off = {"flags": {"beta": {**rule, "defaultVariant": "off"}}}
    rule_services.save(environment=dev, document=off, actor=actor)
    plan = [{"percent": 10, "hold": {"approval": True}}, {"percent": 50, "hold": {"approval": True}}]
    prepared = rollouts.prepare(environment=dev, commit=save("2"), plan=plan)
    rollout = rollouts.start(prepared, actor=actor)
    window = (timezone.now() - timedelta(hours=1), timezone.now() + timedelta(hours=1))
    freezes.add(project=project, actor=actor, environment=dev, zone="UTC", reason="Audit", once=window)
    for act in (
        lambda: rule_services.save(environment=dev, document={"flags": {}}, actor=actor),
        lambda: rollouts.prepare(environment=dev, commit="main", plan=plan),
        lambda: rollouts.advance(rollout=rollout, actor=actor),
    ):
        with pytest.raises(Conflict) as caught:
            act()
        assert caught.value.stable_code == "frozen"
    rule_services.restore(environment=dev, to=first.number, actor=actor)
    assert rollouts.abort(rollout=rollout, actor=actor).state == "aborted"


def test_owners_add_and_remove_freezes_and_nobody_else(owner, member, stranger, project, production, api):
    mine, viewer = api(owner), api(member("viewer"))
    assert viewer.post(f"{BASE}/freezes", WEEKEND).status_code == 403
    assert api(stranger).get(f"{BASE}/freezes").status_code == 404
    made = mine.post(f"{BASE}/freezes", WEEKEND).json()
    assert made["when"] == "every week from Friday 16:00 to Monday 08:00 (Europe/Berlin)"
    assert [each["id"] for each in viewer.get(f"{BASE}/freezes").json()["items"]] == [made["id"]]
    saturday = datetime(2026, 11, 28, 12, tzinfo=UTC)
    with pytest.raises(Conflict) as caught:
        gate.not_frozen(production, saturday)
    assert caught.value.detail.startswith(
        "Production is frozen until Monday 30 November 08:00 (Europe/Berlin): weekend."
    )
    assert mine.delete(f"{BASE}/freezes/{made['id']}").status_code == 204
    assert mine.delete(f"{BASE}/freezes/{made['id']}").status_code == 404
    gate.not_frozen(production, saturday)


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"zone": "Mars/Base"}, "zone"),
        ({"to_day": 4, "to_time": "16:00"}, "to_time"),
        ({"from_day": 7}, "from_day"),
        ({"environment": "moon"}, "environment"),
        ({"kind": "once"}, "starts_at"),
        ({"kind": "once", "starts_at": "2026-12-24T10:00", "ends_at": "2026-12-24T09:00"}, "ends_at"),
        ({"kind": "once", "starts_at": "9999-12-31T23:59", "ends_at": "soon"}, "starts_at"),
    ],
)
def test_a_freeze_that_makes_no_sense_is_refused(owner, project, api, change, where):
    answer = api(owner).post(f"{BASE}/freezes", {**WEEKEND, **change}, format="json")
    assert (answer.status_code, answer.json()["errors"][0]["where"]) == (400, where)
