"""Tables of environments, deployments and their frozen bundles."""

from typing import ClassVar

from django.db import models
from django.utils import timezone

from variorum.accounts.models import ApiKey, Project, User


class Environment(models.Model):
    """A place where apps run: every project has dev, staging and production."""

    STANDARD: ClassVar[tuple[tuple[str, str], ...]] = (
        ("dev", "Development"),
        ("staging", "Staging"),
        ("production", "Production"),
    )

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="environments")
    slug = models.SlugField(max_length=63)
    name = models.CharField(max_length=100)
    position = models.PositiveSmallIntegerField(default=0)
    required_approvals = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "slug"], name="environment_once")]

    def __str__(self) -> str:
        return self.slug

    @property
    def guarded(self) -> bool:
        """Whether the checks of a commit must pass before it may go live here."""
        return self.slug == "production"


class GoLive(models.Model):
    """One person's approval that a commit may go live in an environment."""

    environment = models.ForeignKey(Environment, on_delete=models.CASCADE, related_name="approvals")
    commit = models.CharField(max_length=40)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint("environment", "commit", "user", name="go_live_once")]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.commit[:10]}"


class Bundle(models.Model):
    """The bytes that an environment serves for a commit. Rendered from Git once and never changed."""

    environment = models.ForeignKey(Environment, on_delete=models.CASCADE, related_name="bundles")
    commit = models.CharField(max_length=40)
    hash = models.CharField(max_length=64)
    body = models.BinaryField()
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["environment", "commit"], name="bundle_once")]

    def __str__(self) -> str:
        return f"{self.commit[:10]} ({self.hash[:10]})"


class RuleSet(models.Model):
    """The rules of an environment from a moment on, as a flagd document. Never changed: the newest one is in force."""

    environment = models.ForeignKey(Environment, on_delete=models.CASCADE, related_name="rule_sets")
    number = models.PositiveIntegerField()
    document = models.JSONField()
    note = models.TextField(blank=True, default="")
    actor_name = models.CharField(max_length=220)
    user = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    key = models.ForeignKey(ApiKey, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["environment", "number"], name="rule_set_once")]

    def __str__(self) -> str:
        return f"{self.environment_id}: {self.number}"


class Deployment(models.Model):
    """A commit made live in an environment. The newest one of an environment is what is live there."""

    class Kind(models.TextChoices):
        """Forward to a commit of main, or back to what an earlier deployment had made live."""

        DEPLOY = "deploy"
        ROLLBACK = "rollback"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="deployments")
    environment = models.ForeignKey(Environment, on_delete=models.CASCADE, related_name="deployments")
    number = models.PositiveIntegerField()
    commit = models.CharField(max_length=40)
    subject = models.CharField(max_length=200)
    bundle = models.ForeignKey(Bundle, on_delete=models.RESTRICT, related_name="deployments")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    restores = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="+")
    note = models.TextField(blank=True, default="")
    actor_name = models.CharField(max_length=220)
    user = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    key = models.ForeignKey(ApiKey, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "number"], name="deployment_number_once")]
        indexes = [
            models.Index(fields=["environment", "-number"], name="deployment_newest"),  # what is live, the history
        ]

    def __str__(self) -> str:
        return f"#{self.number} {self.commit[:10]}"
