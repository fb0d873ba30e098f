"""Tables of sampling rules and of what waits to be scored."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone

from variorum.accounts.models import Project, User


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
