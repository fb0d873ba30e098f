"""What suggestions, requests for review, rules and the review desk look like in JSON."""

from rest_framework import serializers

from variorum.accounts.roles import Role
from variorum.accounts.serializers import UserSerializer
from variorum.drafts.models import ApprovalRule, Mention, RequiredCheck, ReviewRequest
from variorum.drafts.needs import OWNERS, PATH, PROJECT
from variorum.repos.serializers import FileProblem

WHY = ["asked", "changed", "needed"]
NEEDS = [PROJECT, PATH, OWNERS]
BIG = 2**62


class ApplySuggestions(serializers.Serializer[object]):
    """The comments whose suggestions are taken up together."""

    comments = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=BIG), min_length=1, max_length=200
    )


class AskReviewers(serializers.Serializer[object]):
    """Whom to ask for a review."""

    users = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=BIG), min_length=1, max_length=20
    )


class ReviewerSerializer(serializers.ModelSerializer[ReviewRequest]):
    """Somebody who was asked. `state`: waiting, or their verdict on the latest version."""

    user = UserSerializer(read_only=True)
    state = serializers.ChoiceField(choices=["waiting", "approve", "request_changes"], read_only=True)

    class Meta:
        model = ReviewRequest
        fields = ["user", "asked_by_name", "created_at", "state"]
        read_only_fields = fields


class NeedSerializer(serializers.Serializer[object]):
    """One demand for approvals. `words` says what is missing and from whom; empty when nothing is."""

    kind = serializers.ChoiceField(choices=NEEDS)
    count = serializers.IntegerField()
    given = serializers.IntegerField()
    paths = serializers.ListField(child=serializers.CharField())
    asked_by = serializers.CharField()
    people = serializers.ListField(child=serializers.CharField())
    words = serializers.CharField()


class ApprovalRuleSerializer(serializers.ModelSerializer[ApprovalRule]):
    """So many approvals for files covered by a pattern."""

    people = UserSerializer(many=True, read_only=True, source="by_name")

    class Meta:
        model = ApprovalRule
        fields = ["id", "pattern", "count", "role", "people"]
        read_only_fields = fields


class ApprovalRulePage(serializers.Serializer[object]):
    """Every rule of a project, by pattern."""

    items = ApprovalRuleSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class NewApprovalRule(serializers.Serializer[object]):
    """A pattern as in CODEOWNERS, how many, and whose approval counts: members with at least a role, and people."""

    pattern = serializers.CharField(max_length=400)
    count = serializers.IntegerField(min_value=1, max_value=10, default=1)
    role = serializers.ChoiceField(choices=[Role.EDITOR, Role.MAINTAINER, Role.OWNER], allow_blank=True, default="")
    people = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=BIG), max_length=50, default=list
    )


class RequiredCheckSerializer(serializers.ModelSerializer[RequiredCheck]):
    """A check that must pass before a change of `path` (files or folders, one a line; empty: any) may merge."""

    class Meta:
        model = RequiredCheck
        fields = ["id", "name", "path"]
        read_only_fields = fields


class RequiredCheckPage(serializers.Serializer[object]):
    """Every required check of a project, by name."""

    items = RequiredCheckSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class NewRequiredCheck(serializers.Serializer[object]):
    """A check by its name, and the files or folders it is about."""

    name = serializers.CharField(max_length=100)
    path = serializers.CharField(max_length=400, allow_blank=True, default="")


class OwnersRuleSerializer(serializers.Serializer[object]):
    """One line of the OWNERS file on main; `owners` without the leading @."""

    line = serializers.IntegerField()
    pattern = serializers.CharField()
    owners = serializers.ListField(child=serializers.CharField())


class OwnersSerializer(serializers.Serializer[object]):
    """Who must approve a change: of `path` when one is given (`needs`), and what OWNERS on main says in all."""

    path = serializers.CharField()
    needs = NeedSerializer(many=True)
    checks = serializers.ListField(child=serializers.CharField())
    rules = OwnersRuleSerializer(many=True)
    problems = FileProblem(many=True)


class MentionedDraft(serializers.Serializer[object]):
    """The draft in which somebody was named."""

    number = serializers.IntegerField()
    title = serializers.CharField()
    state = serializers.CharField()


class MentionSerializer(serializers.ModelSerializer[Mention]):
    """A call by name; `comment` and `approval` are null for one in the draft's description."""

    draft = MentionedDraft(read_only=True)
    text = serializers.SerializerMethodField()
    by = serializers.SerializerMethodField()

    class Meta:
        model = Mention
        fields = ["id", "draft", "comment", "approval", "text", "by", "created_at"]
        read_only_fields = fields

    def get_text(self, mention: Mention) -> str:
        """What was said, or the description."""
        said = mention.comment or mention.approval
        return (said.body if said else mention.draft.description)[:300]

    def get_by(self, mention: Mention) -> str:
        """Who said it."""
        if mention.approval:
            return mention.approval.author.name
        return mention.comment.author_name if mention.comment else mention.draft.author_name
