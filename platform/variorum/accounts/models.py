"""Tables of people and access."""

from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone

from variorum.accounts.roles import Role, Scope


class UserManager(BaseUserManager["User"]):
    """Makes people; an e-mail address is stored in lower case."""

    def create_user(self, email: str, password: str | None = None, *, name: str = "", **extra: Any) -> "User":
        """A person who signs in by e-mail. Without a password nobody can sign in as them."""
        user = self.model(email=email.strip().lower(), name=name or email.split("@")[0], **extra)
        user.set_password(password)
        user.save(using=self._db)
        return user


class MailChoice(models.TextChoices):
    """Which notices also come by mail: all, those on mentions and reviews, none."""

    ALL = "all"
    MINE = "mine"
    NONE = "none"


class User(AbstractBaseUser, PermissionsMixin):
    """A person. The name is what commits, comments and the audit trail show."""

    email = models.EmailField(max_length=254, unique=True)  # always lower case
    name = models.CharField(max_length=100)
    theme = models.CharField(max_length=8, default="system")
    mail = models.CharField(max_length=4, choices=MailChoice.choices, default=MailChoice.MINE)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now)

    objects = UserManager()
    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(email=Lower("email")), name="user_email_lower")]

    def __str__(self) -> str:
        return self.name


class Project(models.Model):
    """The workspace that owns everything else."""

    slug = models.SlugField(max_length=63, unique=True)
    name = models.CharField(max_length=100)
    description = models.TextField(blank=True, default="")
    required_approvals = models.PositiveSmallIntegerField(default=1, validators=[MaxValueValidator(10)])
    created_at = models.DateTimeField(default=timezone.now)
    members = models.ManyToManyField(User, through="Membership", related_name="projects")
    last_draft = models.PositiveIntegerField(default=0)
    last_job = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return self.slug


class Membership(models.Model):
    """A person's role in a project."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=12, choices=Role.choices)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "user"], name="membership_once")]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.project_id}: {self.role}"


class ApiKey(models.Model):
    """A key of a project. The token is shown once; only its hash is kept."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="api_keys")
    name = models.CharField(max_length=100)
    prefix = models.CharField(max_length=12)
    token_hash = models.CharField(max_length=64, unique=True)
    scopes = ArrayField(models.CharField(max_length=12, choices=Scope.choices))
    environments = ArrayField(models.SlugField(max_length=63), default=list)  # slugs; empty: every environment
    created_by = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_keys")
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)

    maker_role: str | None  # the maker's present role in the project, where `authentication.live_key` looked it up

    def __str__(self) -> str:
        return f"{self.prefix}… ({self.name})"

    def opens(self, environment: str) -> bool:
        """Whether the key may act in an environment, by its slug."""
        return not self.environments or environment in self.environments

    def state(self) -> str:
        """active, expired or revoked."""
        if self.revoked_at:
            return "revoked"
        return "expired" if self.expires_at and self.expires_at <= timezone.now() else "active"
