"""Where models answer: an OpenAI-compatible address, its key, its models with their prices."""

from django.db import models
from django.utils import timezone

from variorum.accounts.models import Project


class Provider(models.Model):
    """An OpenAI-compatible endpoint of a project. Prompts name it before the slash: `acme/gpt-4o`."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="providers")
    slug = models.SlugField(max_length=63)
    name = models.CharField(max_length=100)
    base_url = models.URLField(max_length=300)  # ends before /chat/completions
    sealed_key = models.TextField(blank=True, default="")
    catalogue = models.JSONField(default=list)  # [{"id", "input_price", "output_price"}]: dollars a million tokens
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "slug"], name="provider_slug_once")]

    def __str__(self) -> str:
        return self.slug
