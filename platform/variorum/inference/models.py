"""Where models answer: an OpenAI-compatible address, its key, its models with their prices."""

from django.core.validators import RegexValidator
from django.db import models
from django.utils import timezone

from variorum.accounts.models import Project, User

NAME = RegexValidator(r"^[a-z0-9][a-z0-9-]{0,39}\Z", "Use lower-case letters, digits and hyphens, at most 40.")


class Provider(models.Model):
    """An OpenAI-compatible endpoint of a project. Prompts name it before the slash: `acme/gpt-4o`."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="providers")
    name = models.CharField(max_length=40, validators=[NAME])
    base_url = models.CharField(max_length=500)
    sealed_key = models.TextField(blank=True, default="")
    offered = models.JSONField(default=list)  # [{"id", "input_price", "output_price"}]: dollars a million tokens
    version = models.PositiveIntegerField(default=1)
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "name"], name="provider_name_once")]

    def __str__(self) -> str:
        return self.name
