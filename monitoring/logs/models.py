"""Tables of logs. A day is one partition: dropping a day is dropping a table."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from evals.metrics.models import Metric
from variorum.accounts.models import Project


class Log(models.Model):
    """The narrow part of one production call: what lists, filters and alerts read. Texts are in `LogText`.

    Not managed by Django: the table is partitioned by `day`, its key is (project, id, day), and it has no foreign
    key to the project. `day` is a function of the id (see `ingest`), so one id can be in one partition only.
    """

    id = models.UUIDField(primary_key=True)
    project = models.ForeignKey(Project, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+")
    day = models.DateField()
    started_at = models.DateTimeField()
    received_at = models.DateTimeField()
    prompt = models.TextField()
    environment = models.TextField()
    commit = models.TextField()
    model = models.TextField()
    adapter = models.TextField()
    failed = models.BooleanField()
    latency_ms = models.FloatField(null=True)
    input_tokens = models.IntegerField(null=True)
    output_tokens = models.IntegerField(null=True)
    cost = models.DecimalField(max_digits=18, decimal_places=9, null=True)
    tags = ArrayField(models.TextField())
    end_user = models.TextField()
    session = models.TextField()
    variant = models.TextField()  # the rule and variant that chose the commit, as in rollout-12/candidate
    text_id = models.UUIDField()
    text_at = models.SmallIntegerField()

    class Meta:
        managed = False
        db_table = "logs_log"

    def __str__(self) -> str:
        return str(self.id)


class LogText(models.Model):
    """The texts of up to some dozens of logs of one project and day, compressed together. Partitioned as `Log` is."""

    id = models.UUIDField(primary_key=True)
    project = models.ForeignKey(Project, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+")
    day = models.DateField()
    body = models.BinaryField()

    class Meta:
        managed = False
        db_table = "logs_text"

    def __str__(self) -> str:
        return str(self.id)


class LogDay(models.Model):
    """The day of a log whose id does not tell it (any UUID but version 7): it is found, and never stored twice."""

    pk = models.CompositePrimaryKey("project_id", "log_id")
    project = models.ForeignKey(Project, on_delete=models.CASCADE, db_constraint=False, related_name="+")
    log_id = models.UUIDField()
    day = models.DateField(db_index=True)  # retention

    def __str__(self) -> str:
        return f"{self.log_id}: {self.day}"


class LogHour(models.Model):
    """The rollup that dashboards read, kept by the ingest's own transaction. Hours are UTC."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    hour = models.DateTimeField()
    environment = models.TextField()
    prompt = models.TextField()
    commit = models.TextField()
    model = models.TextField()
    requests = models.BigIntegerField()
    errors = models.BigIntegerField()
    timed = models.BigIntegerField()  # the requests that came with a latency
    latency_sum = models.FloatField()  # milliseconds
    buckets = ArrayField(models.IntegerField())  # requests by latency, see rollups.bucket_of
    input_tokens = models.BigIntegerField()
    output_tokens = models.BigIntegerField()
    cost = models.DecimalField(max_digits=24, decimal_places=9)

    class Meta:
        constraints = [
            # the upsert; with project and hour in front it serves the dashboards too
            models.UniqueConstraint(
                fields=["project", "hour", "environment", "prompt", "commit", "model"], name="log_hour_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.hour} {self.prompt}: {self.requests}"


class ScoreHour(models.Model):
    """The rollup of the scores of logs, by the hour in which the log began. Kept in the transaction that scores."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    hour = models.DateTimeField()
    metric = models.ForeignKey(Metric, on_delete=models.CASCADE, related_name="+")  # one version of it
    environment = models.TextField()
    prompt = models.TextField()
    commit = models.TextField()
    n = models.BigIntegerField()
    total = models.FloatField()
    squares = models.FloatField()
    passes = models.BigIntegerField()  # values of 0.5 and more

    class Meta:
        constraints = [
            # the upsert, and the dashboards
            models.UniqueConstraint(
                fields=["project", "hour", "metric", "environment", "prompt", "commit"], name="score_hour_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.hour} {self.metric_id}: {self.n}"
