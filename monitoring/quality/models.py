"""Tables of sampling rules, of what waits to be scored, and of the guards of rollouts."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone

from evals.metrics.models import Metric
from variorum.accounts.models import Project, User
from variorum.deployments.models import Rollout


class SamplingRule(models.Model):
    """Which share of a project's logs is scored by which metric, always by its newest version.

    Empty names mean any. Which logs are chosen depends on their ids alone: a higher rate chooses the same and more.
    """

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="sampling_rules")
    metric = models.SlugField(max_length=63)
    environment = models.CharField(max_length=63, blank=True, default="")
    prompt = models.CharField(max_length=200, blank=True, default="")
    rate = models.FloatField(validators=[MinValueValidator(0), MaxValueValidator(1)])
    enabled = models.BooleanField(default=True)
    monthly_cap = models.DecimalField(max_digits=12, decimal_places=4, null=True)  # US dollars
    month = models.DateField(null=True)  # of the two figures below
    spent = models.DecimalField(max_digits=16, decimal_places=8, default=0)
    skipped = models.PositiveIntegerField(default=0)  # chosen logs that were not scored because the cap was reached
    version = models.PositiveIntegerField(default=1)
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "metric", "environment", "prompt"], name="sampling_rule_once"),
            models.CheckConstraint(condition=Q(rate__gte=0) & Q(rate__lte=1), name="sampling_rate"),
        ]

    def __str__(self) -> str:
        return f"{self.metric} on {self.rate:.0%}"


class PendingScore(models.Model):
    """A log that a rule chose, put here by the transaction that stored the log, until it is scored."""

    rule = models.ForeignKey(SamplingRule, on_delete=models.CASCADE, related_name="pending")
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    log_id = models.UUIDField()
    day = models.DateField()
    attempts = models.PositiveSmallIntegerField(default=0)
    next_at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [models.Index(fields=["next_at"], name="pending_score_due")]  # the claim

    def __str__(self) -> str:
        return f"{self.log_id} ({self.attempts})"


class Guard(models.Model):
    """What watches a rollout: one figure of the candidate beside the same of the control, tested at every look.

    `catch` is the harm that is to be found soonest and `tolerated` the harm that is none; both as shares (0.05 is five
    points of a score or of the error rate), of the control's own figure for latency and cost. `rate` is this guard's
    part of the rollout's rate of false stops. `found` is the last look, `looks` those that make the picture.
    """

    class Measure(models.TextChoices):
        """A metric's mean; share of failures; typical latency; share slower than `bound`; typical cost."""

        SCORE = "score"
        ERRORS = "errors"
        LATENCY = "latency"
        SLOW = "slow"
        COST = "cost"

    class Action(models.TextChoices):
        """What happens when it trips."""

        PAUSE = "pause"
        ROLLBACK = "rollback"

    rollout = models.ForeignKey(Rollout, on_delete=models.CASCADE, related_name="guards")
    measure = models.CharField(max_length=8, choices=Measure.choices)
    metric = models.ForeignKey(Metric, null=True, on_delete=models.PROTECT, related_name="+")  # this version alone
    prompt = models.CharField(max_length=200, blank=True, default="")
    bound = models.FloatField(null=True)  # milliseconds
    higher_is_worse = models.BooleanField()
    catch = models.FloatField()
    tolerated = models.FloatField(default=0)
    rate = models.FloatField()
    action = models.CharField(max_length=8, choices=Action.choices)
    found = models.JSONField(null=True)
    looks = models.JSONField(default=list)
    checked_at = models.DateTimeField(null=True)
    tripped_at = models.DateTimeField(null=True)
    exposed = models.PositiveBigIntegerField(null=True)  # requests that had got the candidate when it tripped
    told_at = models.DateTimeField(null=True)  # when webhooks were told

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(measure="score") ^ Q(metric=None), name="guard_score_has_metric"),
            models.CheckConstraint(condition=Q(measure="slow") ^ Q(bound=None), name="guard_slow_has_bound"),
        ]
        indexes = [
            # the sweep that tells webhooks
            models.Index(
                fields=["tripped_at"], name="guard_to_tell", condition=Q(tripped_at__isnull=False, told_at=None)
            )
        ]

    def __str__(self) -> str:
        return f"{self.measure} of {self.rollout_id}"
