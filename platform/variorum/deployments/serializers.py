"""What environments and deployments look like in JSON."""

from rest_framework import serializers

from variorum.accounts.roles import Role
from variorum.deployments.models import Deployment, EnvironmentCheck


class OverrideReason(serializers.Serializer[object]):
    """The override of an owner: against what (`lifts`: codes of obstacles), why, and until when it may be used."""

    reason = serializers.CharField()
    lifts = serializers.ListField(child=serializers.CharField())
    actor_name = serializers.CharField()
    until = serializers.DateTimeField()


class DeploymentSerializer(serializers.ModelSerializer[Deployment]):
    """A deployment.

    `until` is when the next one took its place (null: live now), `restores` the number that a roll-back went back to,
    `override` what an owner overrode to make it.
    """

    environment = serializers.CharField(source="environment.slug", read_only=True)
    hash = serializers.CharField(source="bundle.hash", read_only=True)
    restores = serializers.IntegerField(source="restores.number", allow_null=True, default=None, read_only=True)
    until = serializers.DateTimeField(allow_null=True, read_only=True)
    override = OverrideReason(allow_null=True, read_only=True)

    class Meta:
        model = Deployment
        fields = [
            "number", "environment", "kind", "commit", "subject", "hash", "restores", "override", "note", "actor_name",
            "created_at", "until",
        ]  # fmt: skip
        read_only_fields = fields


class DeploymentPage(serializers.Serializer[object]):
    """A page of deployments, newest first."""

    items = DeploymentSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class ApproverSerializer(serializers.Serializer[object]):
    """A person whose approval counts."""

    id = serializers.IntegerField()
    name = serializers.CharField()


class EnvironmentCheckSerializer(serializers.ModelSerializer[EnvironmentCheck]):
    """A check that must pass before a commit that changes `path` (files or folders, one a line) goes live here."""

    class Meta:
        model = EnvironmentCheck
        fields = ["id", "name", "path"]
        read_only_fields = fields


class FrozenSerializer(serializers.Serializer[object]):
    """The freeze that holds now: what for, and until when."""

    reason = serializers.CharField()
    when = serializers.CharField()
    ends_at = serializers.DateTimeField()


class EnvironmentSerializer(serializers.Serializer[object]):
    """An environment, what it asks for before something goes live, and what is live in it.

    Approvals count from members with at least `approver_role` (empty: from nobody by role) and from `approvers`; from
    who deploys only if `own_approval_counts`. `soak_hours`: only what was live for so long in the environment before.

    `waiting` counts main's commits that are not live here (null: nothing is live); `guarded` environments ask for the
    required checks of a commit; `rollback` is the number of the deployment that a roll-back would restore.
    """

    slug = serializers.CharField()
    name = serializers.CharField()
    position = serializers.IntegerField()
    guarded = serializers.BooleanField()
    required_approvals = serializers.IntegerField()
    approver_role = serializers.ChoiceField(choices=Role.choices, allow_blank=True)
    own_approval_counts = serializers.BooleanField()
    soak_hours = serializers.IntegerField(allow_null=True)
    approvers = ApproverSerializer(many=True)
    checks = EnvironmentCheckSerializer(many=True)
    freeze = FrozenSerializer(allow_null=True)
    current = DeploymentSerializer(allow_null=True)
    waiting = serializers.IntegerField(allow_null=True)
    rollback = serializers.IntegerField(allow_null=True)


class NewEnvironment(serializers.Serializer[object]):
    """An environment: its short name in addresses and apps, and its name for people."""

    slug = serializers.RegexField(r"^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$")
    name = serializers.CharField(max_length=100)
    guarded = serializers.BooleanField(default=False)


class EnvironmentPage(serializers.Serializer[object]):
    """The environments of a project."""

    items = EnvironmentSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class ChangedPath(serializers.Serializer[object]):
    """One path that differs."""

    path = serializers.CharField()
    old_path = serializers.CharField()
    status = serializers.ChoiceField(choices=["added", "deleted", "modified", "renamed"])
    added = serializers.IntegerField()
    removed = serializers.IntegerField()


class DeploymentDetail(DeploymentSerializer):
    """A deployment with the one before it in its environment, and the paths that changed between them."""

    before = DeploymentSerializer(allow_null=True)
    changes = ChangedPath(many=True)

    class Meta(DeploymentSerializer.Meta):
        fields = [*DeploymentSerializer.Meta.fields, "before", "changes"]


class ObstacleSerializer(serializers.Serializer[object]):
    """Why a commit may not go live here now, in the words that a deploy would be refused with."""

    code = serializers.CharField()
    detail = serializers.CharField()


class DeployPreview(serializers.Serializer[object]):
    """What deploying a commit would change. `commits` counts those between; without `obstacles` it may go.

    `override`: the caller's own, which their next deploy of this commit uses up.
    """

    commit = serializers.CharField()
    subject = serializers.CharField()
    current = DeploymentSerializer(allow_null=True)
    changes = ChangedPath(many=True)
    commits = serializers.IntegerField()
    backwards = serializers.BooleanField()
    obstacles = ObstacleSerializer(many=True)
    override = OverrideReason(allow_null=True)


class _Expected(serializers.Serializer[object]):
    """`expected`: number of the deployment that the caller saw live (null: nothing was); left out: whatever it is."""

    expected = serializers.IntegerField(allow_null=True, required=False, min_value=0, max_value=2**31 - 1)
    note = serializers.CharField(allow_blank=True, default="", max_length=2000)


class NewDeployment(_Expected):
    """A commit to make live: a tag, an id, the beginning of one (7 digits or more), or `main`."""

    commit = serializers.CharField(max_length=200)


class NewRollback(_Expected):
    """`to`: the number of the earlier deployment to restore; left out: what was live before."""

    to = serializers.IntegerField(allow_null=True, required=False, min_value=1, max_value=2**31 - 1)
