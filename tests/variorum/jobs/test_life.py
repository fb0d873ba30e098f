"""A job's life: run, progress, failure, cancel, crash; in threads and with a real worker that is killed."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from datetime import timedelta

import pytest
from django.utils import timezone

from variorum.events.models import Event
from variorum.jobs import registry, services
from variorum.jobs.errors import JobFailed
from variorum.jobs.models import Job
from variorum.jobs.runner import run_job

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def new_job(project, actor):
    def make(handler, **extra):
        registry.register("test_kind", handler, alone=extra.pop("alone", False))
        return services.create_job(project=project, kind="test_kind", title="Test", spec={"n": 1}, actor=actor, **extra)

    return make


def test_a_job_runs_and_tells(new_job, run_jobs, api, owner):
    def handler(run):
        run.progress(1, 2, "half")
        run.note(answer=run.spec["n"])
        run.progress(2, 2, "all")

    job = new_job(handler)
    assert run_jobs() == 1
    shown = api(owner).get(f"/api/v1/projects/support-desk/jobs/{job.number}").json()
    assert (shown["state"], shown["done"], shown["total"], shown["result"]) == ("succeeded", 2, 2, {"answer": 1})
    assert Event.objects.filter(kind="job.succeeded").count() == 1


def test_a_final_failure_is_in_plain_words(new_job, run_jobs):
    def handler(run):
        raise JobFailed("The dataset has no rows.")

    job = new_job(handler)
    assert run_jobs() == 1
    job.refresh_from_db()
    assert (job.state, job.error, job.attempts) == ("failed", "The dataset has no rows.", 1)


def test_a_surprise_is_tried_again_and_then_given_up(new_job, run_jobs):
    def handler(run):
        raise RuntimeError("odd")

    job = new_job(handler)
    assert run_jobs() == job.max_attempts
    job.refresh_from_db()
    assert (job.state, job.error) == ("failed", "RuntimeError: odd")


def test_cancel_before_and_during(new_job, run_jobs, api, member):
    def handler(run):
        Job.objects.filter(pk=run.job.pk).update(cancel_requested_at=timezone.now())
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            run.check()
            time.sleep(0.02)

    waiting = new_job(handler)
    editor = api(member("editor"))
    assert editor.post(f"/api/v1/projects/support-desk/jobs/{waiting.number}/cancel").json()["state"] == "cancelled"
    running = new_job(handler)
    run_jobs()
    running.refresh_from_db()
    assert running.state == "cancelled"
    again = editor.post(f"/api/v1/projects/support-desk/jobs/{running.number}/cancel")
    assert (again.status_code, again.json()["code"]) == (409, "job_ended")


def test_viewers_and_strangers_do_not_cancel(new_job, api, member, stranger):
    job = new_job(lambda run: None)
    address = f"/api/v1/projects/support-desk/jobs/{job.number}/cancel"
    assert api(member("viewer")).post(address).status_code == 403
    assert api(stranger).post(address).status_code == 404
    assert api().post(address).status_code == 401


def test_only_one_worker_gets_a_job(new_job):
    job = new_job(lambda run: None)
    assert services.claim(job.pk, "a") is not None
    assert services.claim(job.pk, "b") is None
    Job.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    taken = services.claim(job.pk, "b")
    assert taken is not None
    assert taken.attempts == 2
    assert not services.finish(taken, "a", Job.State.SUCCEEDED)
    assert services.finish(taken, "b", Job.State.SUCCEEDED)


def test_a_job_that_kills_its_workers_ends(new_job):
    job = new_job(lambda run: None)
    for attempt in range(job.max_attempts):
        assert services.claim(job.pk, f"w{attempt}") is not None
        Job.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert services.claim(job.pk, "last") is None
    job.refresh_from_db()
    assert (job.state, "stopped 5 times" in job.error) == ("failed", True)


def test_kinds_that_run_alone(new_job):
    first, second = new_job(lambda run: None, alone=True), new_job(lambda run: None, alone=True)
    assert services.claim(first.pk, "a") is not None
    assert services.claim(second.pk, "b") is None
    services.finish(Job.objects.get(pk=first.pk), "a", Job.State.SUCCEEDED)
    assert services.claim(second.pk, "b") is not None


def test_the_list_needs_two_queries(new_job, owner, api, django_assert_num_queries):
    for _ in range(5):
        new_job(lambda run: None)
    client = api(owner)
    with django_assert_num_queries(5):  # session, user, project, membership, jobs
        page = client.get("/api/v1/projects/support-desk/jobs?limit=2").json()
    assert [job["number"] for job in page["items"]] == [5, 4]
    rest = client.get(f"/api/v1/projects/support-desk/jobs?limit=200&cursor={page['next']}").json()
    assert ([job["number"] for job in rest["items"]], rest["next"]) == ([3, 2, 1], None)


WORKER = textwrap.dedent(
    """
    import os, sys, time
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "variorum.settings")
    import django; django.setup()
    from variorum.jobs import registry, runner
    from pathlib import Path
    def handler(run):
        steps = Path(sys.argv[2])
        done = len(steps.read_text().split()) if steps.exists() else 0
        for n in range(done, 6):
            run.check()
            with steps.open("a") as file:
                file.write(f"{n}\\n")
            run.progress(n + 1, 6, every=0)
            time.sleep(0.2)
    registry.register("test_kind", handler)
    runner.run_job(int(sys.argv[1]))
    """
)


@pytest.mark.slow
def test_kill_dash_nine_in_the_middle(new_job, tmp_path):
    from variorum.jobs import runner

    job = new_job(lambda run: None)
    steps = tmp_path / "steps"
    from django.conf import settings

    env = {**os.environ, "DATABASE_URL": _test_url(settings.DATABASES["default"])}
    command = [sys.executable, "-c", WORKER, str(job.pk), str(steps)]
    first = subprocess.Popen(command, env=env)
    deadline = time.monotonic() + 30
    while not (steps.exists() and len(steps.read_text().split()) >= 2) and time.monotonic() < deadline:
        time.sleep(0.05)
    first.send_signal(signal.SIGKILL)
    first.wait()
    runner.free_dead_leases()
    second = subprocess.run(command, env=env, timeout=60, check=True)
    assert second.returncode == 0
    job.refresh_from_db()
    assert (job.state, job.attempts) == ("succeeded", 2)
    assert steps.read_text().split() == ["0", "1", "2", "3", "4", "5"]


def _test_url(database):
    from django.db import connection

    user, password = database["USER"], database["PASSWORD"]
    login = f"{user}:{password}@" if password else f"{user}@"
    name = connection.settings_dict["NAME"]
    if database["HOST"].startswith("/"):
        return f"postgresql://{login}/{name}?host={database['HOST']}"
    return f"postgresql://{login}{database['HOST']}:{database['PORT']}/{name}"


def test_a_job_of_an_unknown_kind_fails_clearly(project, actor):
    job = services.create_job(project=project, kind="nobody_knows", title="?", spec={}, actor=actor)
    run_job(job.pk)
    job.refresh_from_db()
    assert (job.state, "nobody_knows" in job.error) == ("failed", True)
