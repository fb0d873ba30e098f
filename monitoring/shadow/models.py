"""Tables of shadows and of their pairs."""

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone

from evals.metrics.models import Metric
from variorum.accounts.models import ApiKey, Project, User
from variorum.deployments.models import Environment


class Shadow(models.Model):
    """A candidate commit that answers again what the live commit answered in an environment.

    `baseline` is the commit that was live when it began: only its logs are answered again. `share` of them is chosen by
    their ids. `metric` is a judge (asked in both orders) or a code metric (the higher value wins). The three limits are
    hard; None: none. `answers` counts the calls of the candidate's models, `tokens` and `cost` (US dollars) those of
    the judge too. `full` says that enough logs wait. `summary` is described in figures.py.
    """

    class State(models.TextChoices):
        """Done: it has what it was made for, or spent its budget. Stopped: it ended otherwise. Both are for good."""

        RUNNING = "running"
        PAUSED = "paused"
        DONE = "done"
        STOPPED = "stopped"

    class Ended(models.TextChoices):
        """Why a shadow is done or was stopped."""

        ENOUGH = "enough"
        BUDGET = "budget"
        TOO_LONG = "too_long"
        PERSON = "person"
        LIVE_CHANGED = "live_changed"
        STARTER_GONE = "starter_gone"
        FAILING = "failing"
        UNUSABLE = "unusable"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="shadows")
    number = models.PositiveIntegerField()
    environment = models.ForeignKey(Environment, on_delete=models.CASCADE, related_name="shadows")
    baseline = models.CharField(max_length=40)
    commit = models.CharField(max_length=40)
    subject = models.CharField(max_length=200)
    prompts = ArrayField(models.CharField(max_length=200))
    share = models.FloatField()
    metric = models.ForeignKey(Metric, on_delete=models.RESTRICT, related_name="shadows")
    pairs_wanted = models.PositiveIntegerField()
    margin = models.FloatField()  # of the win rate, by which "not worse" is judged for the check
    max_answers = models.PositiveIntegerField(null=True)
    max_tokens = models.PositiveBigIntegerField(null=True)
    max_cost = models.DecimalField(max_digits=12, decimal_places=4, null=True)
    answers = models.PositiveIntegerField(default=0)
    tokens = models.PositiveBigIntegerField(default=0)
    cost = models.DecimalField(max_digits=18, decimal_places=9, default=0)
    judge_cost = models.DecimalField(max_digits=18, decimal_places=9, default=0)  # part of `cost`
    full = models.BooleanField(default=False)
    skipped = models.JSONField(default=dict)  # {why: count}
    state = models.CharField(max_length=8, choices=State.choices, default=State.RUNNING)
    ended = models.CharField(max_length=12, choices=Ended.choices, blank=True, default="")
    words = models.CharField(max_length=400, blank=True, default="")  # why it ended
    summary = models.JSONField(default=dict)
    actor_name = models.CharField(max_length=220)
    user = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    key = models.ForeignKey(ApiKey, null=True, on_delete=models.SET_NULL, related_name="+")  # by which it was started
    created_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint("project", "number", name="shadow_number_once"),
            models.CheckConstraint(condition=Q(share__gt=0) & Q(share__lte=1), name="shadow_share"),
        ]
        indexes = [
            models.Index("project", name="shadow_running", condition=Q(state="running")),  # every ingest looks
        ]

    def __str__(self) -> str:
        return f"#{self.number} {self.commit[:10]}"

    @property
    def figures(self) -> dict[str, Any] | None:
        """The summary; None before the first pair."""
        return self.summary or None

    @property
    def over(self) -> bool:
        """Whether it has ended for good."""
        return self.state in (self.State.DONE, self.State.STOPPED)


class ShadowPair(models.Model):
    """A log that was chosen, put here by the transaction that stored it, and what the candidate made of it.

    It waits until it has an `outcome` or an `error`. A claim is a lease; `reserved_...` is what the calls under way may
    cost at most. `first` and `second` are the judge's words with the candidate in that place:
    {"winner", "reason", "problem"}. The live answer's text stays in the log; its figures are copied.
    """

    class Result(models.TextChoices):
        """How a pair came out for the candidate."""

        WIN = "win"
        TIE = "tie"
        LOSS = "loss"
        UNJUDGED = "unjudged"
        ERROR = "error"

    shadow = models.ForeignKey(Shadow, on_delete=models.CASCADE, related_name="pairs")
    log_id = models.UUIDField()
    day = models.DateField()
    attempts = models.PositiveSmallIntegerField(default=0)
    next_at = models.DateTimeField(default=timezone.now)
    leased = models.BooleanField(default=False)
    reserved_tokens = models.PositiveBigIntegerField(default=0)
    reserved_cost = models.DecimalField(max_digits=18, decimal_places=9, default=0)
    prompt = models.CharField(max_length=200)
    output = models.TextField(null=True)  # noqa: DJ001  (not answered yet is not an empty answer)
    finish_reason = models.CharField(max_length=40, blank=True, default="")
    latency_ms = models.FloatField(null=True)
    input_tokens = models.PositiveIntegerField(null=True)
    output_tokens = models.PositiveIntegerField(null=True)
    cost = models.DecimalField(max_digits=18, decimal_places=9, null=True)
    live_latency_ms = models.FloatField(null=True)
    live_input_tokens = models.PositiveIntegerField(null=True)
    live_output_tokens = models.PositiveIntegerField(null=True)
    live_cost = models.DecimalField(max_digits=18, decimal_places=9, null=True)
    error_code = models.CharField(max_length=40, blank=True, default="")
    error = models.CharField(max_length=500, blank=True, default="")
    first = models.JSONField(null=True)
    second = models.JSONField(null=True)
    value = models.FloatField(null=True)
    live_value = models.FloatField(null=True)
    outcome = models.CharField(max_length=8, choices=Result.choices, blank=True, default="")
    order_mattered = models.BooleanField(default=False)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint("shadow", "log_id", name="shadow_pair_once")]
        indexes = [
            models.Index("shadow", "next_at", name="shadow_pair_open", condition=Q(outcome="")),  # the claim
            models.Index("shadow", "outcome", "id", name="shadow_pair_by_outcome"),  # the page's list
            models.Index("day", name="shadow_pair_day"),  # retention
        ]

    def __str__(self) -> str:
        return f"{self.log_id}: {self.outcome or 'open'}"
