"""What people, projects, members and keys look like in JSON."""

import unicodedata
from datetime import datetime

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from variorum.accounts.models import ApiKey, Membership, Project, User
from variorum.accounts.roles import Role, Scope

TURNING = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"  # of direction: "evil" can be shown as "live"


def plain(value: str) -> None:
    """Names are shown in lists, mails and commits: one line, and no letters that turn or hide what is beside them."""
    if any(unicodedata.category(letter) in ("Cc", "Zl", "Zp") or letter in TURNING for letter in value):
        raise serializers.ValidationError("A name is one line of plain letters.", code="not_plain")


class UserSerializer(serializers.ModelSerializer[User]):
    """A person."""

    class Meta:
        model = User
        fields = ["id", "email", "name"]


class MeSerializer(serializers.ModelSerializer[User]):
    """The signed-in person with their own settings."""

    class Meta:
        model = User
        fields = ["id", "email", "name", "theme", "mail"]


class MeChange(serializers.Serializer[object]):
    """What a person may change of themselves."""

    name = serializers.CharField(max_length=100, required=False, validators=[plain])
    theme = serializers.ChoiceField(choices=["system", "light", "dark"], required=False)


class SignIn(serializers.Serializer[object]):
    """E-mail and password."""

    email = serializers.EmailField(max_length=254)
    password = serializers.CharField(max_length=200, trim_whitespace=False)


class ProjectSerializer(serializers.ModelSerializer[Project]):
    """A project as the caller sees it."""

    role = serializers.ChoiceField(choices=Role.choices, read_only=True)

    class Meta:
        model = Project
        fields = ["slug", "name", "description", "required_approvals", "created_at", "role"]


class ProjectPage(serializers.Serializer[object]):
    """The caller's projects."""

    items = ProjectSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class NewProject(serializers.Serializer[object]):
    """Name and, if wanted, the name in the address."""

    name = serializers.CharField(max_length=100, validators=[plain])
    slug = serializers.RegexField(r"^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$", required=False)
    description = serializers.CharField(max_length=2000, required=False, allow_blank=True, default="")


class ProjectChange(serializers.Serializer[object]):
    """What an owner may change."""

    name = serializers.CharField(max_length=100, required=False, validators=[plain])
    description = serializers.CharField(max_length=2000, required=False, allow_blank=True)
    required_approvals = serializers.IntegerField(min_value=0, max_value=10, required=False)


class MemberSerializer(serializers.ModelSerializer[Membership]):
    """A person with their role. `handle` is how they are called in a text, as in @handle."""

    user = UserSerializer(read_only=True)
    handle = serializers.SerializerMethodField()

    class Meta:
        model = Membership
        fields = ["user", "role", "handle", "created_at"]

    def get_handle(self, member: Membership) -> str:
        """From the directory in the context; else the e-mail address, which always fits."""
        directory = self.context.get("directory")
        return directory.handle(member.user) if directory else member.user.email


class MemberPage(serializers.Serializer[object]):
    """Everybody in a project."""

    items = MemberSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class NewMember(serializers.Serializer[object]):
    """Whom to add. A person who is not here yet needs a name and a first password."""

    email = serializers.EmailField(max_length=254)
    role = serializers.ChoiceField(choices=Role.choices)
    name = serializers.CharField(max_length=100, required=False, validators=[plain])
    password = serializers.CharField(max_length=200, required=False, trim_whitespace=False)


class RoleChange(serializers.Serializer[object]):
    """A member's new role."""

    role = serializers.ChoiceField(choices=Role.choices)


class ApiKeySerializer(serializers.ModelSerializer[ApiKey]):
    """A key without its token."""

    created_by = UserSerializer(read_only=True)
    state = serializers.SerializerMethodField()
    environments = serializers.ListField(child=serializers.CharField(), read_only=True)

    class Meta:
        model = ApiKey
        fields = [
            "id",
            "name",
            "prefix",
            "scopes",
            "environments",
            "state",
            "created_by",
            "created_at",
            "expires_at",
            "revoked_at",
            "last_used_at",
        ]

    @extend_schema_field(serializers.ChoiceField(choices=["active", "expired", "revoked"]))
    def get_state(self, key: ApiKey) -> str:
        """active, expired or revoked."""
        return key.state()


class ApiKeyPage(serializers.Serializer[object]):
    """Every key of a project."""

    items = ApiKeySerializer(many=True)
    next = serializers.CharField(allow_null=True)


class ShownKey(ApiKeySerializer):
    """A new key with its token, which is shown this once."""

    token = serializers.CharField()

    class Meta(ApiKeySerializer.Meta):
        fields = [*ApiKeySerializer.Meta.fields, "token"]


class NewApiKey(serializers.Serializer[object]):
    """What the key is for and until when."""

    name = serializers.CharField(max_length=100, validators=[plain])
    scopes = serializers.ListField(child=serializers.ChoiceField(choices=Scope.choices), min_length=1, max_length=6)
    expires_at = serializers.DateTimeField(allow_null=True, default=None)
    environments = serializers.ListField(
        child=serializers.SlugField(max_length=63),
        max_length=20,
        required=False,
        help_text="The only environments that the key may act in; none: all of them.",
    )

    def validate_expires_at(self, value: datetime | None) -> datetime | None:
        """Years beyond 9000 overflow in clients."""
        if value and value.year > 9000:
            raise serializers.ValidationError("Choose a year before 9000.")
        return value
