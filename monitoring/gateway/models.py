"""Tables of the gateway: its settings, what keys may spend and have spent, kept answers."""

from decimal import Decimal

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone

from variorum.accounts.models import ApiKey, Project


class GatewaySettings(models.Model):
    """How patiently a project's calls are made. Seconds; no row means the defaults."""

    project = models.OneToOneField(Project, on_delete=models.CASCADE, related_name="gateway")
    retries = models.PositiveSmallIntegerField(default=2)
    first_byte_seconds = models.PositiveIntegerField(default=120)
    between_seconds = models.PositiveIntegerField(default=60)
    total_seconds = models.PositiveIntegerField(default=600)

    def __str__(self) -> str:
        return f"gateway of {self.project_id}"


class GatewayRoute(models.Model):
    """What is special about one model or prompt: who answers when it does not, and for how long answers are kept."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="gateway_routes")
    model = models.CharField(max_length=263)  # provider/model, or prompts/name
    fallbacks = ArrayField(models.CharField(max_length=263), default=list)
    cache_seconds = models.PositiveIntegerField(default=0)  # 0: answers are not kept

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "model"], name="gateway_route_once")]

    def __str__(self) -> str:
        return self.model


class KeyLimit(models.Model):
    """What one key may use; None is no limit. Minutes, days and months are those of the clock, in UTC."""

    key = models.OneToOneField(ApiKey, on_delete=models.CASCADE, related_name="limit")
    requests_per_minute = models.PositiveIntegerField(null=True)
    tokens_per_minute = models.PositiveIntegerField(null=True)
    tokens_per_day = models.PositiveBigIntegerField(null=True)
    tokens_per_month = models.PositiveBigIntegerField(null=True)
    dollars_per_day = models.DecimalField(max_digits=12, decimal_places=4, null=True)
    dollars_per_month = models.DecimalField(max_digits=12, decimal_places=4, null=True)

    def __str__(self) -> str:
        return f"limits of key {self.key_id}"


class KeySpend(models.Model):
    """What one key used in one minute, day or month, calls in flight with their estimate."""

    key = models.ForeignKey(ApiKey, on_delete=models.CASCADE, related_name="spends")
    span = models.CharField(max_length=6)  # minute, day, month
    start = models.DateTimeField()
    requests = models.BigIntegerField(default=0)
    tokens = models.BigIntegerField(default=0)
    cost = models.DecimalField(max_digits=18, decimal_places=9, default=Decimal(0))

    class Meta:
        constraints = [models.UniqueConstraint(fields=["key", "span", "start"], name="key_spend_once")]  # the upsert
        indexes = [models.Index(fields=["span", "start"], name="key_spend_old")]  # the clean-up

    def __str__(self) -> str:
        return f"{self.key_id} {self.span} {self.start}"


class KeptAnswer(models.Model):
    """A whole, good answer for an exactly equal request of the same project, as the provider gave it, compressed."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    digest = models.BinaryField(max_length=32)
    content_type = models.CharField(max_length=100)
    model = models.CharField(max_length=263)
    body = models.BinaryField()
    size = models.PositiveIntegerField()  # of the compressed body
    made_at = models.DateTimeField(default=timezone.now)
    until = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "digest"], name="kept_answer_once")]
        indexes = [
            models.Index(fields=["until"], name="kept_answer_old"),  # the clean-up
            models.Index(fields=["project", "made_at"], name="kept_answer_eldest"),  # making room
        ]

    def __str__(self) -> str:
        return f"{self.model} {self.made_at}"
