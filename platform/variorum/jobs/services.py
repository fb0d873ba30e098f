"""Writes of a job's life. Every step is one conditional UPDATE; whoever changes no row was too late."""

import logging
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from variorum.accounts.access import Actor
from variorum.accounts.models import Project
from variorum.accounts.services import next_number
from variorum.events import live
from variorum.events.services import record
from variorum.jobs import broker, registry
from variorum.jobs.models import Job
from variorum.lib.errors import Conflict

log = logging.getLogger(__name__)
HINT_AGAIN = timedelta(seconds=5)


def create_job(
    *, project: Project, kind: str, title: str, spec: dict[str, Any], actor: Actor, total: int | None = None
) -> Job:
    """A queued job; its hint goes to the queue when the surrounding transaction commits."""
    with transaction.atomic():
        job = Job.objects.create(
            project=project,
            number=next_number(project, "last_job"),
            kind=kind,
            title=title[:200],
            spec=spec,
            total=total,
            created_by=actor.user,
            created_key=actor.key,
            actor_name=actor.name[:220],
        )
        record(
            project=project,
            actor=actor,
            kind="job.created",
            subject=("job", str(job.number)),
            data={"kind": kind, "title": title},
        )
        transaction.on_commit(lambda: broker.hint(job.pk))
    return job


def request_cancel(*, job: Job, actor: Actor) -> Job:
    """Ask a job to stop: a queued one ends at once, a running one at its next check. Raises Conflict once ended."""
    with transaction.atomic():
        locked = Job.objects.select_for_update().get(pk=job.pk)
        if locked.state in Job.ENDED:
            raise Conflict(f"The job has ended already ({locked.state}).", code="job_ended")
        now = timezone.now()
        changes: dict[str, Any] = {"cancel_requested_at": locked.cancel_requested_at or now}
        if locked.state == Job.State.QUEUED:
            changes |= {"state": Job.State.CANCELLED, "ended_at": now, "message": "Cancelled before it started."}
        Job.objects.filter(pk=job.pk).update(**changes)
        record(project=job.project, actor=actor, kind="job.cancel_requested", subject=("job", str(job.number)))
    job.refresh_from_db()
    return job


def claim(job_id: int, owner: str) -> Job | None:
    """Take a queued job, or one whose worker is gone, for LEASE_SECONDS. None when it is not to be had.

    Attempts are counted here, so that a job that kills its worker does not come back for ever.
    """
    now = timezone.now()
    free = Q(state=Job.State.QUEUED) | Q(state=Job.State.RUNNING, lease_until__lt=now)
    with transaction.atomic():
        job = Job.objects.select_for_update(of=("self",), skip_locked=True).filter(free, pk=job_id).first()
        if job is None or _must_wait(job):
            return None
        if _end_instead(job):
            return None
        Job.objects.filter(pk=job_id).update(
            state=Job.State.RUNNING,
            attempts=F("attempts") + 1,
            lease_owner=owner,
            lease_until=now + timedelta(seconds=settings.LEASE_SECONDS),
            started_at=job.started_at or now,
        )
        live.publish(job.project_id, "job.running", ("job", str(job.number)))
    return Job.objects.select_related("project", "created_by").get(pk=job_id)


def _must_wait(job: Job) -> bool:
    """Whether the kind runs alone and another of it is running; the advisory lock makes look and claim one step."""
    kind = registry.find(job.kind)
    if kind is None or not kind.alone:
        return False
    with transaction.get_connection().cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"variorum.alone.{job.kind}"])
    running = Job.objects.filter(kind=job.kind, state=Job.State.RUNNING, lease_until__gte=timezone.now())
    return running.exclude(pk=job.pk).exists()


def _end_instead(job: Job) -> bool:
    """End a free job that was cancelled or has crashed too often; tells whether it did."""
    if job.cancel_requested_at:
        _end(job, Job.State.CANCELLED, message="Cancelled.")
    elif job.attempts >= job.max_attempts:
        _end(
            job,
            Job.State.FAILED,
            error=f"The worker stopped {job.attempts} times while doing this job. See the worker's log.",
        )
    else:
        return False
    return True


def _end(job: Job, state: str, *, message: str = "", error: str = "") -> None:
    Job.objects.filter(pk=job.pk).update(
        state=state,
        message=message or F("message"),
        error=error,
        ended_at=timezone.now(),
        lease_owner="",
        lease_until=None,
    )
    live.publish(job.project_id, f"job.{state}", ("job", str(job.number)))


def renew(job_id: int, owner: str) -> bool:
    """Extend the lease; False when it is lost."""
    until = timezone.now() + timedelta(seconds=settings.LEASE_SECONDS)
    held = Job.objects.filter(pk=job_id, lease_owner=owner, state=Job.State.RUNNING)
    return held.update(lease_until=until) == 1


def report(job: Job, owner: str, *, done: int, total: int | None, message: str) -> bool:
    """Write progress and tell open pages; False when the lease is lost."""
    held = Job.objects.filter(pk=job.pk, lease_owner=owner, state=Job.State.RUNNING)
    changed = held.update(done=done, total=total if total is not None else F("total"), message=message[:300])
    if changed:
        live.publish(
            job.project_id,
            "job.progress",
            ("job", str(job.number)),
            {"done": done, "total": total, "message": message[:300]},
        )
    return changed == 1


def note(job: Job, owner: str, facts: dict[str, Any]) -> None:
    """Merge facts in the job's result."""
    with transaction.atomic():
        held = Job.objects.select_for_update().filter(pk=job.pk, lease_owner=owner).first()
        if held:
            Job.objects.filter(pk=job.pk).update(result={**held.result, **facts})


def finish(job: Job, owner: str, state: str, *, message: str = "", error: str = "") -> bool:
    """End a job that this owner holds, with its event; False when the lease is lost."""
    with transaction.atomic():
        held = Job.objects.select_for_update().filter(pk=job.pk, lease_owner=owner, state=Job.State.RUNNING).first()
        if held is None:
            return False
        _end(held, state, message=message[:300], error=error)
        actor = Actor.system("Worker")
        record(
            project=job.project,
            actor=actor,
            kind=f"job.{state}",
            subject=("job", str(job.number)),
            data={"kind": job.kind},
        )
    return True


def release(job: Job, owner: str, *, error: str) -> None:
    """Give a job back after an unexpected error, to be tried again; fails it after the last attempt."""
    if job.attempts >= job.max_attempts:
        finish(job, owner, Job.State.FAILED, error=error)
        return
    Job.objects.filter(pk=job.pk, lease_owner=owner, state=Job.State.RUNNING).update(
        state=Job.State.QUEUED, lease_owner="", lease_until=None, error=error, hinted_at=timezone.now()
    )
    live.publish(job.project_id, "job.queued", ("job", str(job.number)))


def release_dead(owner_prefix: str, alive: set[str]) -> int:
    """At a worker's start: free the leases of this host's processes that are no more, instead of waiting them out."""
    mine = Job.objects.filter(state=Job.State.RUNNING, lease_owner__startswith=owner_prefix)
    dead = [pk for pk, owner in mine.values_list("pk", "lease_owner") if owner not in alive]
    return Job.objects.filter(pk__in=dead, state=Job.State.RUNNING).update(
        lease_until=timezone.now() - timedelta(seconds=1)
    )


def sweep() -> None:
    """Send the hint again for jobs that nobody picked up or whose worker is gone. Runs by the clock."""
    now = timezone.now()
    stuck = Q(state=Job.State.QUEUED) | Q(state=Job.State.RUNNING, lease_until__lt=now)
    waiting = list(Job.objects.filter(stuck, hinted_at__lt=now - HINT_AGAIN).values_list("pk", flat=True)[:200])
    for job_id in waiting:
        if Job.objects.filter(pk=job_id, hinted_at__lt=now - HINT_AGAIN).update(hinted_at=now):
            broker.hint(job_id)
