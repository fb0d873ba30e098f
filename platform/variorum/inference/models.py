"""Where models answer: an OpenAI-compatible address, its key, its models with their prices."""

from django.db import models
from django.utils import timezone

from variorum.accounts.models import Project


class Provider(models.Model):
    """An OpenAI-compatible endpoint of a project. Prompts name it before the slash: `acme/gpt-4o`."""

    class Driver(models.TextChoices):
        """How adapters of the repository are loaded there; none: they are not."""

        NONE = ""
        VLLM = "vllm"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="providers")
    slug = models.SlugField(max_length=63)
    name = models.CharField(max_length=100)
    base_url = models.URLField(max_length=300)  # ends before /chat/completions
    sealed_key = models.TextField(blank=True, default="")
    driver = models.CharField(max_length=10, choices=Driver.choices, blank=True, default=Driver.NONE)
    adapters_root = models.CharField(max_length=300, blank=True, default="")  # our adapters' folder as it sees it
    replicas = models.JSONField(default=list)  # addresses at which adapters are loaded; none: base_url alone
    catalogue = models.JSONField(default=list)  # [{"id", "input_price", "output_price"}]: dollars a million tokens
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "slug"], name="provider_slug_once")]

    def __str__(self) -> str:
        return self.slug


class LoadedAdapter(models.Model):
    """An adapter that we loaded, or tried to load, at one address of a provider. What is not here is not ours to
    unload."""

    provider = models.ForeignKey(Provider, on_delete=models.CASCADE, related_name="loaded")
    replica = models.URLField(max_length=300)
    name = models.CharField(max_length=100)  # loading.served_name: the model id there
    detail = models.CharField(max_length=500, blank=True, default="")  # why it is not loaded; "" when it is
    asked_at = models.DateTimeField(default=timezone.now)  # when somebody last needed it loaded

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["provider", "replica", "name"], name="adapter_loaded_once"),
        ]

    def __str__(self) -> str:
        return f"{self.name} at {self.replica}"
