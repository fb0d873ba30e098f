"""Tables of repositories and of the large files that hang on them."""

from django.db import models
from django.utils import timezone

from variorum.accounts.models import Project, User


class Repository(models.Model):
    """Where a project's bare Git repository lies: a folder name below DATA_DIR/repos, never used twice."""

    project = models.OneToOneField(Project, on_delete=models.CASCADE, related_name="repository")
    path = models.CharField(max_length=100, unique=True)
    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.path


class LfsObject(models.Model):
    """A large file that a project may point at. Without this row a pointer to another project's file gives nothing."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="lfs_objects")
    sha256 = models.CharField(max_length=64)
    size = models.BigIntegerField()
    created_at = models.DateTimeField(default=timezone.now)
    asked_at = models.DateTimeField(
        default=timezone.now
    )  # when somebody last came to rely on it: see lfs/collecting.py

    class Meta:
        constraints = [models.UniqueConstraint("project", "sha256", name="lfs_object_once")]

    def __str__(self) -> str:
        return f"{self.sha256[:12]} ({self.size} bytes)"


class LeavingContent(models.Model):
    """A content that was let go and may still lie in the object store: written down with the row's deletion, gone with
    the content's."""

    sha256 = models.CharField(max_length=64, unique=True)

    def __str__(self) -> str:
        return self.sha256[:12]


class LfsLock(models.Model):
    """A file that one person wants to change alone: nobody else's save, push or merge of it is taken meanwhile."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="lfs_locks")
    path = models.CharField(max_length=400)
    ref = models.CharField(max_length=300, blank=True, default="")  # what the client was on: refs/heads/main
    owner = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    locked_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint("project", "path", name="lfs_lock_once")]

    def __str__(self) -> str:
        return self.path
