"""Tables of metrics and of the scores they gave."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from variorum.accounts.models import Project, User


class Metric(models.Model):
    """One version of a metric; a changed config is a new row. Without a project it is built in and every project's.

    `config` is complete: defaults were filled in when it was made.
    """

    class Kind(models.TextChoices):
        """Code counts, a judge is a model that is asked, a human says it without being asked (users' feedback)."""

        CODE = "code"
        JUDGE = "judge"
        HUMAN = "human"

    project = models.ForeignKey(Project, null=True, on_delete=models.CASCADE, related_name="metrics")
    slug = models.SlugField(max_length=63)
    version = models.PositiveIntegerField(default=1)
    kind = models.CharField(max_length=5, choices=Kind.choices)
    name = models.CharField(max_length=100)
    description = models.TextField(blank=True, default="")
    function = models.CharField(max_length=40, blank=True, default="")
    config = models.JSONField(default=dict)
    binary = models.BooleanField()
    current = models.BooleanField(default=True)
    archived_at = models.DateTimeField(null=True)
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    actor_name = models.CharField(max_length=220, default="")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint("project", "slug", "version", name="metric_version_once", nulls_distinct=False),
            models.UniqueConstraint(
                "project", "slug", condition=Q(current=True), name="metric_one_current", nulls_distinct=False
            ),
            models.CheckConstraint(condition=Q(kind="code") ^ Q(function=""), name="metric_code_has_function"),
        ]

    def __str__(self) -> str:
        return f"{self.slug}@{self.version}"


class Score(models.Model):
    """The value that one metric version gave one subject, with who gave it and why.

    The subject is named by kind and id ("result", "81"; "log", "<uuid>"). `author` is "metric" for what was computed,
    else the person. A score that could not be given has no value and says why in `problem`; it is never a 0.
    """

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="scores")
    subject_kind = models.CharField(max_length=20)
    subject_id = models.CharField(max_length=64)
    metric = models.ForeignKey(Metric, on_delete=models.PROTECT, related_name="scores")
    author = models.CharField(max_length=80, default="metric")
    value = models.FloatField(null=True)
    label = models.CharField(max_length=300, blank=True, default="")
    reason = models.TextField(blank=True, default="")
    problem = models.CharField(max_length=20, blank=True, default="")
    input_tokens = models.PositiveIntegerField(null=True)
    output_tokens = models.PositiveIntegerField(null=True)
    cost = models.DecimalField(max_digits=16, decimal_places=8, null=True)
    commit = models.CharField(max_length=40, blank=True, default="")
    environment = models.CharField(max_length=63, blank=True, default="")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "project", "subject_kind", "subject_id", "metric", "author", name="score_once"
            ),  # also finds a subject's scores; with the project, because apps choose the ids of their logs
            models.CheckConstraint(condition=Q(value__isnull=False) ^ ~Q(problem=""), name="score_value_or_problem"),
        ]
        indexes = [models.Index("project", "metric", "at", name="score_over_time")]  # quality's rollups

    def __str__(self) -> str:
        return f"{self.subject_kind}/{self.subject_id}: {self.value}"
