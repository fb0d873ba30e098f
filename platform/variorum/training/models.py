"""What a fine-tune was started with, how its loss went, and what came of it."""

from django.db import models

from variorum.datasets.models import DatasetVersion
from variorum.drafts.models import Draft
from variorum.jobs.models import Job


class TrainingJob(models.Model):
    """A fine-tune: the job's row says how it stands, this one what it is about. All inputs are frozen at the start."""

    job = models.OneToOneField(Job, primary_key=True, on_delete=models.CASCADE, related_name="training")
    dataset_version = models.ForeignKey(DatasetVersion, on_delete=models.PROTECT, related_name="trainings")
    base_model = models.CharField(max_length=100)
    recipe = models.CharField(max_length=40)
    params = models.JSONField()
    adapter_path = models.CharField(max_length=200)  # the folder in the repository: adapters/triage
    prompt_path = models.CharField(max_length=400, blank=True, default="")  # whose messages the examples are put in
    prompt_commit = models.CharField(max_length=40, blank=True, default="")
    start_from = models.JSONField(null=True)  # {"path", "commit", "sha256"} of the adapter that it goes on from
    bind_prompt = models.BooleanField(default=False)  # the draft also makes that prompt use the adapter
    phase = models.CharField(max_length=200, blank=True, default="")
    result = models.JSONField(default=dict)  # result.json of the recipe
    draft = models.ForeignKey(Draft, null=True, on_delete=models.SET_NULL, related_name="trainings")

    def __str__(self) -> str:
        return f"#{self.job_id} {self.adapter_path}"


class TrainingPoint(models.Model):
    """One step. Written again after a restart it replaces itself."""

    training = models.ForeignKey(TrainingJob, on_delete=models.CASCADE, related_name="points")
    step = models.PositiveIntegerField()
    epoch = models.FloatField(default=0.0)
    loss = models.FloatField(null=True)  # nats per label token, mean of the step's batch
    learning_rate = models.FloatField(null=True)
    val_loss = models.FloatField(null=True)
    val_exact = models.FloatField(null=True)  # part of the held-out examples answered exactly
    tokens = models.PositiveBigIntegerField(default=0)
    seconds = models.FloatField(default=0.0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["training", "step"], name="training_step_once")]  # the curve

    def __str__(self) -> str:
        return f"{self.training_id}:{self.step}"
