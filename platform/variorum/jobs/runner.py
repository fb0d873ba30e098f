"""Runs one claimed job in a worker thread, with a heartbeat beside it."""

import logging
import os
import socket
import threading
import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import close_old_connections, connection

from variorum.jobs import registry, services
from variorum.jobs.errors import JobCancelled, JobFailed, LeaseLost
from variorum.jobs.models import Job

log = logging.getLogger(__name__)


def host_prefix() -> str:
    """The first part of the owner name of every worker on this host."""
    return f"{socket.gethostname()}:"


def process_name(pid: int) -> str | None:
    """`host:pid:start` of a living process, or None. The start time keeps a reused pid from passing for the old one."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return None
    return f"{host_prefix()}{pid}:{fields[19]}" if fields[0] != "Z" else None


def owner_name() -> str:
    """Who holds the leases of this process."""
    return process_name(os.getpid()) or f"{host_prefix()}{os.getpid()}:0"


def free_dead_leases() -> None:
    """The jobs of workers of this host that are no more are claimed again at once, not after their lease."""
    prefix = host_prefix()
    owners = Job.objects.filter(state=Job.State.RUNNING, lease_owner__startswith=prefix).values_list(
        "lease_owner", flat=True
    )
    alive = {o for o in owners if process_name(int(o.split(":")[1])) == ":".join(o.split(":")[:3])}
    if freed := services.release_dead(prefix, alive):
        log.info("Freed %s jobs of workers that are gone.", freed)


class JobRun:
    """What a handler works with. Methods raise LeaseLost once another worker owns the job."""

    def __init__(self, job: Job, owner: str) -> None:
        self.job = job
        self.spec: dict[str, Any] = job.spec
        self._owner = owner
        self._lost = threading.Event()
        self._cancel = threading.Event()
        self._over = threading.Event()
        self._reported = 0.0

    def check(self) -> None:
        """Raise JobCancelled when a person asked to stop, LeaseLost when the job is another's. Cheap; call it often."""
        if self._lost.is_set():
            raise LeaseLost
        if self._cancel.is_set():
            raise JobCancelled

    def cancelled(self) -> bool:
        """Whether check() would raise."""
        return self._lost.is_set() or self._cancel.is_set()

    def progress(self, done: int, total: int | None = None, message: str = "", *, every: float = 0.5) -> None:
        """Tell how far it is, at most once per `every` seconds; the last step (done == total) always goes out."""
        self.check()
        now = time.monotonic()
        if now - self._reported < every and done != total:
            return
        self._reported = now
        if not services.report(self.job, self._owner, done=done, total=total, message=message):
            self._lost.set()
            raise LeaseLost

    def note(self, **facts: Any) -> None:
        """Merge JSON-able facts in the job's result."""
        services.note(self.job, self._owner, facts)

    def beat(self) -> None:
        """The heartbeat thread: renews the lease and looks whether a person asked to stop."""
        try:
            while not self._over.wait(settings.LEASE_SECONDS / 5) and self._renew():
                pass
        finally:
            connection.close()

    def _renew(self) -> bool:
        """One beat; False when the lease is lost."""
        try:
            if not services.renew(self.job.pk, self._owner):
                self._lost.set()
                return False
            if Job.objects.filter(pk=self.job.pk, cancel_requested_at__isnull=False).exists():
                self._cancel.set()
        except Exception:
            log.exception("The heartbeat of job %s failed; trying again.", self.job.pk)
            connection.close()
        return True

    def stop(self) -> None:
        """End the heartbeat."""
        self._over.set()


def run_job(job_id: int) -> None:
    """Claim a job by id and do it; a job that is not to be had is left alone."""
    close_old_connections()
    owner = f"{owner_name()}:{threading.get_ident()}"
    job = services.claim(job_id, owner)
    if job is None:
        return
    run = JobRun(job, owner)
    heart = threading.Thread(target=run.beat, name=f"heartbeat-{job_id}", daemon=True)
    heart.start()
    try:
        _do(run, owner)
    finally:
        run.stop()
        heart.join(timeout=5)
        close_old_connections()


def _do(run: JobRun, owner: str) -> None:
    kind = registry.find(run.job.kind)
    try:
        if kind is None:
            raise JobFailed(f"This worker does not know jobs of the kind {run.job.kind!r}.")
        kind.handler(run)
        services.finish(run.job, owner, Job.State.SUCCEEDED)
    except LeaseLost:
        log.warning("Job %s went to another worker.", run.job.pk)
    except JobCancelled:
        services.finish(run.job, owner, Job.State.CANCELLED, message="Cancelled.")
    except JobFailed as exc:
        services.finish(run.job, owner, Job.State.FAILED, error=str(exc))
    except Exception as exc:
        log.exception("Job %s failed in attempt %s.", run.job.pk, run.job.attempts)
        services.release(run.job, owner, error=f"{type(exc).__name__}: {exc}"[:2000])
