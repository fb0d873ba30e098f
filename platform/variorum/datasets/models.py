"""Tables of datasets. The rows of a version lie in the object store; here is what is known of them."""

from django.db import models
from django.utils import timezone

from variorum.accounts.models import Project, User
from variorum.lib import ids


class Dataset(models.Model):
    """A named table of examples. What it holds is in its versions."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="datasets")
    slug = models.SlugField(max_length=63)
    name = models.CharField(max_length=100)
    description = models.TextField(blank=True, default="")
    last_version = models.PositiveIntegerField(default=0)
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint("project", "slug", name="dataset_slug_once")]

    def __str__(self) -> str:
        return self.slug


class DatasetVersion(models.Model):
    """A frozen state of a dataset, named by the sha256 of its rows as canonical JSON lines.

    `object_sha256` names the compressed rows in the object store, `blocks` is their index (see blocks.py). `columns` is
    [{"name", "type"}] of the inputs in the file's order. `source` tells where the rows came from. A database trigger
    refuses changes of what is frozen.
    """

    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    object_sha256 = models.CharField(max_length=64)
    blocks = models.JSONField(default=list)
    row_count = models.PositiveIntegerField()
    size = models.PositiveBigIntegerField()
    columns = models.JSONField(default=list)
    expected_column = models.CharField(max_length=200, blank=True, default="")
    profile = models.JSONField(default=dict)
    source = models.JSONField(default=dict)
    parent = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="children")
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    actor_name = models.CharField(max_length=220, default="")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint("dataset", "number", name="dataset_version_number_once"),
            models.UniqueConstraint("dataset", "sha256", name="dataset_version_content_once"),
        ]

    def __str__(self) -> str:
        return f"{self.dataset.slug} v{self.number}"

    @property
    def input_columns(self) -> list[str]:
        """Names of the input columns, in the file's order."""
        return [column["name"] for column in self.columns]


class Upload(models.Model):
    """A file that waits to be imported: kept as it came, until it is imported or two days old."""

    id = models.UUIDField(primary_key=True, default=ids.uuid7, editable=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="uploads")
    filename = models.CharField(max_length=200)
    size = models.PositiveBigIntegerField()
    lines = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.filename
