"""Tables of environments, deployments and their frozen bundles."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone

from variorum.accounts.models import ApiKey, Project, User
from variorum.accounts.roles import Role
from variorum.deployments import clock


def known_zone(name: str) -> None:
    """Raises ValidationError for what is no time zone."""
    if name not in clock.zones():
        raise ValidationError("This is no time zone.")


class Environment(models.Model):
    """A place where apps run: a project begins with dev, staging and production.

    In a `guarded` one the project's required checks hold too, besides the environment's own. Approvals to go live count
    from members with at least `approver_role` (empty: from nobody by role) and from its Approvers; unless
    `own_approval_counts`, not from who deploys. `soak_hours`: only what was live for so long in the environment before
    it may come here (null: anything on main).
    """

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
    guarded = models.BooleanField(default=False)
    approver_role = models.CharField(max_length=12, choices=Role.choices, blank=True, default=Role.MAINTAINER)
    own_approval_counts = models.BooleanField(default=True)
    soak_hours = models.PositiveSmallIntegerField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "slug"], name="environment_once")]

    def __str__(self) -> str:
        return self.slug


class Approver(models.Model):
    """A person whose approval to go live counts in an environment besides those who may by their role."""

    environment = models.ForeignKey(Environment, on_delete=models.CASCADE, related_name="approvers")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint("environment", "user", name="approver_once")]

    def __str__(self) -> str:
        return f"{self.environment_id}: {self.user_id}"


class EnvironmentCheck(models.Model):
    """A check that must pass before a commit that changes `path` goes live here.

    `path` holds files or folders, one a line; empty: any.
    """

    environment = models.ForeignKey(Environment, on_delete=models.CASCADE, related_name="checks")
    name = models.CharField(max_length=100)
    path = models.CharField(max_length=400, blank=True, default="")

    class Meta:
        constraints = [models.UniqueConstraint("environment", "name", name="environment_check_once")]

    def __str__(self) -> str:
        return self.name


class Freeze(models.Model):
    """A time in which nothing new goes live in an environment (None: in every one), by the clock of `zone`.

    Once from `starts_at` to `ends_at`, or every week from `from_day` (0: Monday) at `from_time` to `to_day` at
    `to_time`.
    """

    class Kind(models.TextChoices):
        """One-off, or again and again."""

        ONCE = "once"
        WEEKLY = "weekly"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="freezes")
    environment = models.ForeignKey(Environment, null=True, on_delete=models.CASCADE, related_name="freezes")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    zone = models.CharField(max_length=64, validators=[known_zone])
    reason = models.CharField(max_length=300)
    starts_at = models.DateTimeField(null=True)
    ends_at = models.DateTimeField(null=True)
    from_day = models.PositiveSmallIntegerField(null=True)
    from_time = models.TimeField(null=True)
    to_day = models.PositiveSmallIntegerField(null=True)
    to_time = models.TimeField(null=True)
    actor_name = models.CharField(max_length=220)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="freeze_once_or_weekly",
                condition=models.Q(kind="once", starts_at__lt=models.F("ends_at"))
                | models.Q(
                    kind="weekly", from_day__lte=6, to_day__lte=6, from_time__isnull=False, to_time__isnull=False
                ),
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind}: {self.reason}"


class FreezeOverride(models.Model):
    """An owner's word that one act of theirs goes ahead in spite of a freeze or a missing check, with the reason.

    It is for one commit (empty: for a change of the rules) and until a moment; `lifts` are the codes of what it is
    against, `used_at` when an act used it up.
    """

    environment = models.ForeignKey(Environment, on_delete=models.CASCADE, related_name="overrides")
    commit = models.CharField(max_length=40, blank=True, default="")
    reason = models.CharField(max_length=2000)
    lifts = ArrayField(models.CharField(max_length=20), default=list)
    until = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    actor_name = models.CharField(max_length=220)
    user = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.environment_id} until {self.until:%F %H:%M}"


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
    override = models.ForeignKey(FreezeOverride, null=True, on_delete=models.SET_NULL, related_name="+")
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


class ScheduledDeploy(models.Model):
    """A commit that is to go live at a moment.

    Unless `allow_between`, only while deployment `expected` (null: none) is live still.
    """

    class State(models.TextChoices):
        """To come; or how it ended."""

        WAITING = "waiting"
        DONE = "done"
        FAILED = "failed"
        CANCELLED = "cancelled"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="scheduled_deploys")
    environment = models.ForeignKey(Environment, on_delete=models.CASCADE, related_name="scheduled_deploys")
    commit = models.CharField(max_length=40)
    subject = models.CharField(max_length=200)
    at = models.DateTimeField()
    zone = models.CharField(max_length=64, validators=[known_zone])
    note = models.TextField(blank=True, default="")
    expected = models.PositiveIntegerField(null=True)
    allow_between = models.BooleanField(default=False)
    state = models.CharField(max_length=9, choices=State.choices, default=State.WAITING)
    deployment = models.ForeignKey(Deployment, null=True, on_delete=models.SET_NULL, related_name="+")
    problem = models.CharField(max_length=1000, blank=True, default="")
    actor_name = models.CharField(max_length=220)
    user = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    key = models.ForeignKey(ApiKey, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["at"], name="scheduled_deploy_due", condition=models.Q(state="waiting"))  # the clock
        ]

    def __str__(self) -> str:
        return f"{self.commit[:10]} at {self.at:%F %H:%M}"


class Rollout(models.Model):
    """A candidate commit brought to more and more callers of an environment, step by step.

    `plan` is the list of steps as `plans.read` gives them. `baseline` is what was live at the start, and what all
    others are served meanwhile; `deployment` is what completing it made. `problem` says why it cannot go on.
    """

    class State(models.TextChoices):
        """Under way (the first three), or ended."""

        RUNNING = "running"
        PAUSED = "paused"
        WAITING = "waiting"
        COMPLETED = "completed"
        ABORTED = "aborted"
        ROLLED_BACK = "rolled_back"

    UNDER_WAY: ClassVar[tuple[str, ...]] = ("running", "paused", "waiting")

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="rollouts")
    environment = models.ForeignKey(Environment, on_delete=models.CASCADE, related_name="rollouts")
    number = models.PositiveIntegerField()
    commit = models.CharField(max_length=40)
    subject = models.CharField(max_length=200)
    bundle = models.ForeignKey(Bundle, on_delete=models.RESTRICT, related_name="+")
    baseline = models.ForeignKey(Deployment, on_delete=models.RESTRICT, related_name="+")
    deployment = models.ForeignKey(Deployment, null=True, on_delete=models.SET_NULL, related_name="+")
    plan = models.JSONField()
    by = models.CharField(max_length=100, default="targetingKey")  # the field of the context that is hashed
    seed = models.CharField(max_length=64)
    state = models.CharField(max_length=11, choices=State.choices, default=State.RUNNING)
    step = models.PositiveSmallIntegerField(default=0)
    step_since = models.DateTimeField(default=timezone.now)  # later by the time that it was paused
    paused_at = models.DateTimeField(null=True)
    problem = models.CharField(max_length=500, blank=True, default="")
    note = models.TextField(blank=True, default="")
    actor_name = models.CharField(max_length=220)
    user = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    key = models.ForeignKey(ApiKey, null=True, on_delete=models.SET_NULL, related_name="+")
    next_at = models.DateTimeField(default=timezone.now)  # when the clock looks at it again
    created_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "number"], name="rollout_number_once"),
            models.UniqueConstraint(
                fields=["environment"],
                condition=models.Q(state__in=["running", "paused", "waiting"]),
                name="rollout_one_under_way",
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=["running", "paused", "waiting"]) ^ models.Q(ended_at__isnull=False),
                name="rollout_ended_at",
            ),
        ]

    def __str__(self) -> str:
        return f"rollout {self.number} of {self.commit[:10]}"

    @property
    def under_way(self) -> bool:
        """Whether it has not ended."""
        return self.state in self.UNDER_WAY


class RolloutStep(models.Model):
    """When a step of a rollout began and ended, and the requests of each arm that were counted in it."""

    rollout = models.ForeignKey(Rollout, on_delete=models.CASCADE, related_name="steps")
    position = models.PositiveSmallIntegerField()
    began_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True)
    candidate = models.PositiveBigIntegerField(default=0)
    early = models.PositiveBigIntegerField(default=0)
    control = models.PositiveBigIntegerField(default=0)
    scored = models.PositiveBigIntegerField(default=0)  # of the candidate's requests

    class Meta:
        constraints = [models.UniqueConstraint(fields=["rollout", "position"], name="rollout_step_once")]

    def __str__(self) -> str:
        return f"step {self.position}: {self.candidate}"
