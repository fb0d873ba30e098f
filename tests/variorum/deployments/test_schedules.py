"""Scheduled deploys: once, at their time, if all holds then; whoever planned it hears when it does not."""

import os
import signal
import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from variorum.accounts.models import Membership, User
from variorum.deployments import freezes, queries, schedules, services
from variorum.deployments.models import Deployment, ScheduledDeploy
from variorum.events.models import Event, Notice
from variorum.lib.errors import Conflict

BASE = "/api/v1/projects/support-desk"
HERE = f"{BASE}/environments/dev/scheduled-deploys"


def soon(minutes: int = 60) -> str:
    return f"{timezone.now() + timedelta(minutes=minutes):%FT%TZ}"


def due() -> None:
    ScheduledDeploy.objects.update(at=timezone.now() - timedelta(seconds=1))


@pytest.fixture
def plan(dev, actor) -> Any:
    """plan(sha) -> a deploy that is due now."""

    def make(commit: str, **more: Any) -> ScheduledDeploy:
        at = timezone.now() + timedelta(minutes=1)
        made = schedules.add(environment=dev, commit=commit, at=at, zone="UTC", actor=actor, **more)
        due()
        return ScheduledDeploy.objects.get(pk=made.pk)

    return make


def test_a_maintainer_schedules_and_cancels(save, member, stranger, api, dev):
    sha = save("1")
    maintainer, viewer = api(member("maintainer")), api(member("viewer"))
    body = {"commit": "main", "at": "2099-01-01T09:00", "zone": "Europe/Berlin"}
    assert maintainer.post(HERE, body).json()["errors"][0]["where"] == "at"
    for wrong in ({"at": "soon"}, {"at": soon(-5)}, {"zone": "Mars", "at": "2026-12-01T09:00"}, {"commit": "nowhere"}):
        assert maintainer.post(HERE, {**body, "at": soon(), **wrong}).status_code in {400, 404}
    assert viewer.post(HERE, {**body, "at": soon()}).status_code == 403
    assert api(stranger).post(HERE, {**body, "at": soon()}).status_code == 404
    made = maintainer.post(HERE, {**body, "at": soon()}).json()
    assert (made["commit"], made["state"], made["subject"], made["zone"]) == (
        sha,
        "waiting",
        "Change 1",
        "Europe/Berlin",
    )
    assert viewer.get(f"{BASE}/scheduled-deploys").json()["items"] == [made]
    assert viewer.delete(f"{BASE}/scheduled-deploys/{made['id']}").status_code == 403
    assert maintainer.delete(f"{BASE}/scheduled-deploys/{made['id']}").json()["state"] == "cancelled"
    assert maintainer.delete(f"{BASE}/scheduled-deploys/{made['id']}").json()["code"] == "not_waiting"
    due()
    assert (schedules.run_due(), Deployment.objects.count()) == (0, 0)


def test_it_goes_live_at_its_time_and_once(save, plan, dev, owner):
    sha = save("1")
    scheduled = plan(sha, note="As announced")
    schedules.run(scheduled)
    schedules.run(scheduled)  # another worker that read the row before
    assert schedules.run_due() == 0
    scheduled.refresh_from_db()
    live = queries.current(dev)
    assert (live.commit, live.note, live.user, scheduled.state) == (sha, "As announced", owner, "done")
    assert (scheduled.deployment, Deployment.objects.count()) == (live, 1)
    assert Notice.objects.count() == 0


def failure(scheduled: ScheduledDeploy) -> str:
    schedules.run_due()
    scheduled.refresh_from_db()
    assert scheduled.state == "failed"
    assert Event.objects.filter(kind="deployment.schedule_failed", subject_id=scheduled.pk).count() == 1
    assert Notice.objects.filter(body__endswith=scheduled.problem).count() == 1
    return scheduled.problem


def test_what_changed_meanwhile_is_seen_and_told(save, plan, dev, actor, project):
    first = save("1")
    between = plan(first)
    services.deploy(environment=dev, commit=save("2"), actor=actor)
    assert failure(between).startswith("Somebody changed dev in the meantime.")
    services.deploy(environment=dev, commit=save("3"), actor=actor)
    allowed = plan(first, allow_between=True)
    services.roll_back(environment=dev, actor=actor)
    schedules.run_due()
    allowed.refresh_from_db()
    assert allowed.state == "done"
    frozen = plan(save("4"))
    now = timezone.now()
    window = (now - timedelta(hours=1), now + timedelta(hours=1))
    held = freezes.add(project=project, actor=actor, environment=None, zone="UTC", reason="Audit", once=window)
    assert failure(frozen).startswith("Development is frozen until")
    with pytest.raises(Conflict, match="frozen"):
        plan(save("5"))
    freezes.remove(freeze=held, actor=actor)
    late = plan(save("6"))
    ScheduledDeploy.objects.filter(pk=late.pk).update(at=now - timedelta(hours=2))
    assert failure(late).startswith("Nothing was running at its time")


def test_its_maker_must_be_allowed_to_deploy_when_it_is_due_and_the_owners_hear_when_not(
    save, plan, member, owner, dev
):
    gone = "Olga may not deploy any more. Schedule it again in your own name."
    second, maintainer = member("owner"), member("maintainer")
    left = plan(save("1"))
    Membership.objects.filter(user=owner).update(role="editor")
    schedules.run_due()
    left.refresh_from_db()
    assert (left.state, left.problem, queries.current(dev)) == ("failed", gone, None)
    told = Notice.objects.filter(body__endswith=gone)
    assert {notice.user for notice in told} == {owner, second}
    assert told[0].title == "“Change 1” did not go live in Development"
    Membership.objects.filter(user=owner).update(role="owner")
    inactive = plan(save("2"))
    User.objects.filter(pk=owner.pk).update(is_active=False)
    schedules.run_due()
    inactive.refresh_from_db()
    assert (inactive.problem, {notice.user for notice in told.filter(title__contains="Change 2")}) == (gone, {second})
    assert not Notice.objects.filter(user=maintainer).exists()


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_make_one_deployment(save, plan):
    scheduled = plan(save("1"))
    start = threading.Barrier(2)

    def work() -> None:
        start.wait()
        schedules.run(
            ScheduledDeploy.objects.select_related("environment__project", "user", "key").get(pk=scheduled.pk)
        )
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    scheduled.refresh_from_db()
    assert (scheduled.state, Deployment.objects.count(), Notice.objects.count()) == ("done", 1, 0)


@pytest.mark.django_db(transaction=True)
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")  # Python 3.12 on fork beside threads
def test_killed_in_the_middle_it_is_done_once_by_the_next(save, plan):
    scheduled = plan(save("1"))
    settle = schedules._end
    child = os.fork()
    if child == 0:
        connection.connection = None  # the parent's

        def killed(*args: Any, **more: Any) -> None:
            settle(*args, **more)
            os.kill(os.getpid(), signal.SIGKILL)

        schedules._end = killed
        try:
            schedules.run_due()
        finally:
            os._exit(1)
    assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL
    assert (ScheduledDeploy.objects.get().state, Deployment.objects.count()) == ("waiting", 0)
    assert (schedules.run_due(), schedules.run_due()) == (1, 0)
    scheduled.refresh_from_db()
    assert (scheduled.state, Deployment.objects.count()) == ("done", 1)
