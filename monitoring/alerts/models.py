"""Tables of alert rules, of the alerts that they raised, and of the channels that tell people."""

from datetime import timedelta

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone

from variorum.accounts.models import Project, User

LONGEST_WINDOW = 24 * 60  # minutes: a rule reads the logs themselves, not their hourly sums


class Channel(models.Model):
    """Where news of alerts go. `address` is a URL for a webhook, for the inbox the least role that is told."""

    class Kind(models.TextChoices):
        """Each has its folder in `channels/`."""

        WEBHOOK = "webhook"
        INBOX = "inbox"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="channels")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    name = models.CharField(max_length=100)
    address = models.CharField(max_length=500)
    sealed_secret = models.TextField(blank=True, default="")
    enabled = models.BooleanField(default=True)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "name"], name="channel_name_once")]

    def __str__(self) -> str:
        return self.name


class AlertRule(models.Model):
    """A condition over the logs or scores of the last minutes.

    Scores and the number of requests are watched for being below the threshold, all else for being above. Units: score
    0 to 1, errors as a share, latency in milliseconds, cost in dollars an hour, traffic in requests in the window.
    `sure` asks for the whole interval to be beyond the threshold. `last` is what the last evaluation found.
    """

    class Kind(models.TextChoices):
        """What is watched."""

        SCORE = "score"
        ERRORS = "errors"
        LATENCY = "latency"
        COST = "cost"
        TRAFFIC = "traffic"

    class State(models.TextChoices):
        """Firing from the first notice until it is resolved."""

        OK = "ok"
        FIRING = "firing"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="alert_rules")
    name = models.CharField(max_length=100)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    metric = models.CharField(max_length=63, blank=True, default="")  # the slug; its newest version is watched
    quantile = models.FloatField(default=0.99)
    threshold = models.FloatField()
    prompt = models.CharField(max_length=200, blank=True, default="")
    environment = models.CharField(max_length=63, blank=True, default="")
    window_minutes = models.PositiveSmallIntegerField(
        default=15, validators=[MinValueValidator(1), MaxValueValidator(LONGEST_WINDOW)]
    )
    minimum_n = models.PositiveIntegerField(default=20, validators=[MinValueValidator(1)])
    consecutive = models.PositiveSmallIntegerField(default=2, validators=[MinValueValidator(1), MaxValueValidator(60)])
    sure = models.BooleanField(default=True)
    enabled = models.BooleanField(default=True)
    channels = models.ManyToManyField(Channel, related_name="rules", blank=True)
    silenced_until = models.DateTimeField(null=True)
    version = models.PositiveIntegerField(default=1)  # of the settings; evaluations leave it
    state = models.CharField(max_length=6, choices=State.choices, default=State.OK)
    streak = models.PositiveSmallIntegerField(default=0)  # evaluations in a row that speak for the other state
    last = models.JSONField(null=True)
    checked_at = models.DateTimeField(null=True)
    next_at = models.DateTimeField(default=timezone.now)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "name"], name="alert_rule_name_once"),
            models.CheckConstraint(condition=Q(kind="score") ^ Q(metric=""), name="alert_rule_score_has_metric"),
        ]
        indexes = [
            models.Index(fields=["next_at"], name="alert_rule_due", condition=Q(enabled=True)),  # the clock
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def window(self) -> timedelta:
        """The width of the window."""
        return timedelta(minutes=self.window_minutes)

    @property
    def below(self) -> bool:
        """Whether the threshold is a lower limit."""
        return self.kind in (self.Kind.SCORE, self.Kind.TRAFFIC)

    @property
    def silenced(self) -> bool:
        """Whether nobody is to be told now."""
        return self.silenced_until is not None and self.silenced_until > timezone.now()


class Alert(models.Model):
    """One firing of a rule, kept when the rule is changed or deleted.

    `condition` is the rule as it was; `figures` what it found when it fired, `resolved_figures` when it was resolved;
    `suspects` the commits seen in the window and the deployments made in or before it.
    """

    class State(models.TextChoices):
        """Firing until it is resolved; it never fires again: the next time is another alert."""

        FIRING = "firing"
        RESOLVED = "resolved"

    class Resolution(models.TextChoices):
        """The figure is good again; nothing was logged any more; somebody changed or deleted the rule."""

        BETTER = "better"
        QUIET = "quiet"
        CHANGED = "changed"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="alerts")
    number = models.PositiveIntegerField()
    rule = models.ForeignKey(AlertRule, null=True, on_delete=models.SET_NULL, related_name="alerts")
    rule_name = models.CharField(max_length=100)
    condition = models.JSONField()
    state = models.CharField(max_length=8, choices=State.choices, default=State.FIRING)
    opened_at = models.DateTimeField(default=timezone.now)
    resolved_at = models.DateTimeField(null=True)
    resolution = models.CharField(max_length=8, choices=Resolution.choices, blank=True, default="")
    figures = models.JSONField()
    resolved_figures = models.JSONField(null=True)
    suspects = models.JSONField()
    told_at = models.DateTimeField(null=True)  # when channels were told that it fires; never while silenced
    acknowledged_at = models.DateTimeField(null=True)
    acknowledged_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    acknowledged_name = models.CharField(max_length=220, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "number"], name="alert_number_once"),
            # a rule fires once
            models.UniqueConstraint(fields=["rule"], condition=Q(state="firing"), name="alert_one_firing"),
            models.CheckConstraint(
                condition=Q(state="firing") ^ Q(resolved_at__isnull=False), name="alert_resolved_at"
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.number} {self.rule_name}"
