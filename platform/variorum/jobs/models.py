"""Tables of jobs and of the clock."""

from typing import ClassVar

from django.db import models
from django.utils import timezone

from variorum.accounts.models import ApiKey, Project, User


class Job(models.Model):
    """Long work on inputs frozen in `spec`. The row is the truth; a queue message is only a hint with its id."""

    class State(models.TextChoices):
        """A job ends in succeeded, failed or cancelled and never leaves them."""

        QUEUED = "queued"
        RUNNING = "running"
        SUCCEEDED = "succeeded"
        FAILED = "failed"
        CANCELLED = "cancelled"

    ENDED: ClassVar[tuple[str, ...]] = (State.SUCCEEDED, State.FAILED, State.CANCELLED)

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="jobs")
    number = models.PositiveIntegerField()
    kind = models.CharField(max_length=40)
    title = models.CharField(max_length=200)
    spec = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=State.choices, default=State.QUEUED)
    done = models.PositiveBigIntegerField(default=0)
    total = models.PositiveBigIntegerField(null=True)
    message = models.CharField(max_length=300, blank=True, default="")
    error = models.TextField(blank=True, default="")
    result = models.JSONField(default=dict)
    attempts = models.PositiveSmallIntegerField(default=0)
    max_attempts = models.PositiveSmallIntegerField(default=5)
    lease_owner = models.CharField(max_length=120, blank=True, default="")
    lease_until = models.DateTimeField(null=True)
    hinted_at = models.DateTimeField(default=timezone.now)
    cancel_requested_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_key = models.ForeignKey(ApiKey, null=True, on_delete=models.SET_NULL, related_name="+")
    actor_name = models.CharField(max_length=220, default="")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "number"], name="job_number_once")]
        indexes = [
            models.Index(fields=["project", "-number"], name="job_newest"),  # the job list
            models.Index(
                fields=["state", "hinted_at"], name="job_open", condition=models.Q(state__in=["queued", "running"])
            ),  # sweep
        ]

    def __str__(self) -> str:
        return f"#{self.number} {self.kind}: {self.state}"


class Tick(models.Model):
    """One due moment of a periodic task; the unique pair lets one process alone do it."""

    name = models.CharField(max_length=80)
    tick = models.BigIntegerField()
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["name", "tick"], name="tick_once")]

    def __str__(self) -> str:
        return f"{self.name}@{self.tick}"
