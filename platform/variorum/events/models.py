"""Tables of what happened and of what must be told."""

from django.db import models
from django.utils import timezone

from variorum.accounts.models import ApiKey, Project, User


class Event(models.Model):
    """One line of the audit trail, written in the transaction of the change itself."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="events")
    at = models.DateTimeField(default=timezone.now)
    kind = models.CharField(max_length=60)
    actor_name = models.CharField(max_length=220)
    user = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    key = models.ForeignKey(ApiKey, null=True, on_delete=models.SET_NULL, related_name="+")
    subject_kind = models.CharField(max_length=40)
    subject_id = models.CharField(max_length=200)
    data = models.JSONField(default=dict)

    class Meta:
        indexes = [
            models.Index(fields=["project", "-id"], name="event_newest"),  # the audit page
            models.Index(
                fields=["project", "subject_kind", "subject_id", "-id"], name="event_of_subject"
            ),  # a draft's story
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject_kind}/{self.subject_id}"


class Notice(models.Model):
    """A line in one person's inbox, and what becomes of it by mail: `mail_at` is when it is due (null: never or done).

    `kind` is mention, review or news; people choose by it what is mailed to them.
    """

    class Kind(models.TextChoices):
        """What it is about: one's name was called, one's verdict or work is concerned, anything else."""

        MENTION = "mention"
        REVIEW = "review"
        NEWS = "news"

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="notices")
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    title = models.CharField(max_length=200)
    body = models.TextField(blank=True, default="")
    url = models.CharField(max_length=300, blank=True, default="")
    read_at = models.DateTimeField(null=True)
    kind = models.CharField(max_length=8, choices=Kind.choices, default=Kind.NEWS)
    mail_at = models.DateTimeField(null=True)
    mail_attempts = models.PositiveSmallIntegerField(default=0)
    mail_error = models.CharField(max_length=300, blank=True, default="")
    mailed_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["user", "-id"], name="notice_newest"),  # the inbox
            models.Index(
                fields=["mail_at"], name="notice_mail_due", condition=models.Q(mail_at__isnull=False)
            ),  # the sweep
        ]

    def __str__(self) -> str:
        return self.title


class Delivery(models.Model):
    """The outbox: one webhook message until it is delivered or given up. Signed as Standard Webhooks says."""

    class State(models.TextChoices):
        """Waiting for its (next) attempt, done, or given up after the last one."""

        WAITING = "waiting"
        DELIVERED = "delivered"
        FAILED = "failed"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="deliveries")
    message_id = models.CharField(max_length=64, unique=True)
    url = models.URLField(max_length=500)
    sealed_secret = models.TextField()
    payload = models.JSONField()
    subject_kind = models.CharField(max_length=40)
    subject_id = models.CharField(max_length=200)
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_at = models.DateTimeField(default=timezone.now)
    last_status = models.PositiveSmallIntegerField(null=True)
    last_error = models.CharField(max_length=300, blank=True, default="")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [
            models.Index(fields=["next_at"], name="delivery_due", condition=models.Q(state="waiting"))
        ]  # the sweep

    def __str__(self) -> str:
        return f"{self.message_id}: {self.state}"
