"""Tables of suites, evaluations and their results."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone

from evals.metrics.models import Metric
from variorum.accounts.models import Project, User
from variorum.datasets.models import Dataset, DatasetVersion
from variorum.drafts.models import Draft
from variorum.jobs.models import Job


class Suite(models.Model):
    """What proves a prompt: a dataset, metrics and a rule. It is a recipe; what ran is frozen in the evaluation.

    `mapping` gives the prompt's variables their columns ({"question": "text"}); what it does not name goes by its own
    name. `metrics` are slugs: each evaluation takes their newest versions. `rules` are described in rules.py.
    """

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="suites")
    slug = models.SlugField(max_length=63)
    name = models.CharField(max_length=100)
    description = models.TextField(blank=True, default="")
    dataset = models.ForeignKey(Dataset, on_delete=models.PROTECT, related_name="suites")
    pinned = models.ForeignKey(DatasetVersion, null=True, on_delete=models.PROTECT, related_name="+")
    prompt_path = models.CharField(max_length=400)
    model = models.CharField(max_length=200, blank=True, default="")
    mapping = models.JSONField(default=dict)
    metrics = ArrayField(models.SlugField(max_length=63), default=list)
    subset = models.JSONField(default=dict)
    rules = models.JSONField(default=list)
    required = models.BooleanField(default=False)
    concurrency = models.PositiveSmallIntegerField(default=8)
    version = models.PositiveIntegerField(default=1)
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    archived_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint("project", "slug", name="suite_slug_once")]

    def __str__(self) -> str:
        return self.slug

    @property
    def check_name(self) -> str:
        """The name of the check that its evaluations publish."""
        return f"evaluation: {self.slug}"


class EvaluationJob(models.Model):
    """One run of a suite on a prompt at a commit, with everything that it stands on frozen when it was made.

    `fingerprint` is the same for two evaluations that ask the same of the same model; `verdict` is empty until it is
    concluded. `baseline` is what it is compared with.
    """

    class Verdict(models.TextChoices):
        """As the check says it."""

        PASS = "pass"  # noqa: S105
        FAIL = "fail"
        INCONCLUSIVE = "inconclusive"

    job = models.OneToOneField(Job, primary_key=True, on_delete=models.CASCADE, related_name="evaluation")
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="evaluations")
    number = models.PositiveIntegerField()
    suite = models.ForeignKey(Suite, on_delete=models.PROTECT, related_name="evaluations")
    dataset_version = models.ForeignKey(DatasetVersion, on_delete=models.PROTECT, related_name="+")
    metrics = models.ManyToManyField(Metric, related_name="+")
    commit = models.CharField(max_length=40)
    draft = models.ForeignKey(Draft, null=True, on_delete=models.SET_NULL, related_name="evaluations")
    on_main = models.BooleanField()
    prompt_path = models.CharField(max_length=400)
    model = models.CharField(max_length=200)
    adapter = models.JSONField(null=True)
    mapping = models.JSONField(default=dict)
    subset = models.JSONField(default=dict)
    rules = models.JSONField(default=list)
    row_count = models.PositiveIntegerField()
    fingerprint = models.CharField(max_length=64)
    baseline = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="compared")
    summary = models.JSONField(default=dict)
    comparison = models.JSONField(null=True)
    outcomes = models.JSONField(default=list)
    verdict = models.CharField(max_length=12, choices=Verdict.choices, blank=True, default="")
    words = models.CharField(max_length=400, blank=True, default="")
    concluded_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint("project", "number", name="evaluation_number_once")]
        indexes = [
            models.Index("suite", "fingerprint", name="evaluation_same"),  # finds main's to compare with
            models.Index("concluded_at", name="evaluation_open", condition=models.Q(concluded_at=None)),  # the sweep
        ]

    def __str__(self) -> str:
        return f"#{self.number} {self.suite_id}@{self.commit[:10]}"


class Result(models.Model):
    """One output of an evaluation, or why there is none. `index` is the row's position in the dataset version.

    `values` repeats the scores by metric ({"exact-match": 1.0, "politeness": null}) for summaries and filters; the
    Score rows have the reasons.
    """

    evaluation = models.ForeignKey(EvaluationJob, on_delete=models.CASCADE, related_name="results")
    index = models.PositiveIntegerField()
    input = models.JSONField()
    expected = models.TextField(null=True)  # noqa: DJ001  (no expected value is not an empty one)
    output = models.TextField(blank=True, default="")
    error_code = models.CharField(max_length=40, blank=True, default="")
    error = models.CharField(max_length=500, blank=True, default="")
    values = models.JSONField(default=dict)
    latency_ms = models.FloatField(null=True)
    input_tokens = models.PositiveIntegerField(null=True)
    output_tokens = models.PositiveIntegerField(null=True)
    cost = models.DecimalField(max_digits=16, decimal_places=8, null=True)
    finish_reason = models.CharField(max_length=40, blank=True, default="")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint("evaluation", "index", name="result_once")]

    def __str__(self) -> str:
        return f"{self.evaluation_id}[{self.index}]"
