"""What drafts, comments, verdicts and checks look like in JSON."""

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from variorum.accounts.serializers import UserSerializer
from variorum.drafts.models import Approval, Check, Comment, Draft
from variorum.drafts.review_serializers import NeedSerializer, ReviewerSerializer
from variorum.repos import git
from variorum.repos.serializers import CommitSerializer, FileDiffSerializer, FileProblem

TEXT = 20_000


class CheckSerializer(serializers.ModelSerializer[Check]):
    """A named verdict on a commit."""

    class Meta:
        model = Check
        fields = ["name", "state", "summary", "url", "details", "commit", "updated_at"]
        read_only_fields = fields


class CheckPage(serializers.Serializer[object]):
    """The checks on a commit."""

    items = CheckSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class ApprovalSerializer(serializers.ModelSerializer[Approval]):
    """One verdict of one person on one version."""

    author = UserSerializer(read_only=True)

    class Meta:
        model = Approval
        fields = ["id", "author", "verdict", "commit", "body", "created_at"]
        read_only_fields = fields


class ApprovalPage(serializers.Serializer[object]):
    """Every verdict on a draft, newest first."""

    items = ApprovalSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class NewApproval(serializers.Serializer[object]):
    """A verdict on the version that one has looked at."""

    verdict = serializers.ChoiceField(choices=Approval.Verdict.choices)
    commit = serializers.RegexField(r"^[0-9a-f]{40}$")
    body = serializers.CharField(max_length=TEXT, allow_blank=True, default="")


class BlockerSerializer(serializers.Serializer[object]):
    """One reason why a draft cannot be merged now."""

    code = serializers.CharField()
    detail = serializers.CharField()


class DraftItem(serializers.ModelSerializer[Draft]):
    """A draft in a list."""

    author = UserSerializer(read_only=True, allow_null=True)
    comment_count = serializers.IntegerField(read_only=True)
    open_threads = serializers.IntegerField(read_only=True)
    approval_count = serializers.IntegerField()
    objection_count = serializers.IntegerField()
    required_approvals = serializers.IntegerField()
    check_state = serializers.ChoiceField(choices=Check.State.choices, allow_null=True)
    blockers = BlockerSerializer(many=True)

    class Meta:
        model = Draft
        fields = [
            "number", "title", "state", "author", "author_name", "branch", "base_commit", "head_commit",
            "merged_commit", "paths", "created_at", "updated_at", "ended_at", "ended_by_name", "comment_count",
            "open_threads", "approval_count", "objection_count", "required_approvals", "check_state", "blockers",
        ]  # fmt: skip
        read_only_fields = fields


class DraftPage(serializers.Serializer[object]):
    """A page of drafts."""

    items = DraftItem(many=True)
    next = serializers.CharField(allow_null=True)


class MergeableSerializer(serializers.Serializer[object]):
    """Whether the files would merge: clean, conflicts, problems (the sum would not be fit), nothing, ended.

    `behind`: how many commits main has that the draft has not.
    """

    state = serializers.ChoiceField(choices=["clean", "conflicts", "problems", "nothing", "ended"])
    conflicts = serializers.ListField(child=serializers.CharField())
    problems = FileProblem(many=True)
    onto = serializers.CharField(allow_null=True)
    behind = serializers.IntegerField()


class MaySerializer(serializers.Serializer[object]):
    """What the caller may do with the draft as it is now."""

    comment = serializers.BooleanField()
    save = serializers.BooleanField()  # type: ignore[assignment]  # a field of that name
    approve = serializers.BooleanField()
    request_changes = serializers.BooleanField()
    merge = serializers.BooleanField()
    close = serializers.BooleanField()
    reopen = serializers.BooleanField()


class DraftDetail(DraftItem):
    """A draft with everything that its page shows beside the difference."""

    approvals = ApprovalSerializer(many=True)
    objections = ApprovalSerializer(many=True)
    stale_approvals = ApprovalSerializer(many=True)
    needs = NeedSerializer(many=True)
    reviewers = ReviewerSerializer(many=True)
    checks = CheckSerializer(many=True)
    required_checks = serializers.ListField(child=serializers.CharField())
    mergeable = MergeableSerializer()
    may = MaySerializer()

    class Meta(DraftItem.Meta):
        fields = [
            *DraftItem.Meta.fields,
            *("description", "version", "reverts", "approvals", "objections", "stale_approvals", "needs", "reviewers"),
            *("checks", "required_checks", "mergeable", "may"),
        ]
        read_only_fields = fields


class ExactText(serializers.CharField):
    """A text as it is: not a number, nothing trimmed."""

    def to_internal_value(self, data: object) -> str:
        """Raises ValidationError for anything but a text."""
        if not isinstance(data, str):
            self.fail("invalid")
        return str(super().to_internal_value(data))


class FilesField(serializers.DictField):
    """Path to text; null deletes the file."""

    child = ExactText(max_length=git.MAX_FILE, allow_null=True, allow_blank=True, trim_whitespace=False)


class NewDraft(serializers.Serializer[object]):
    """A title, and files if there are any yet; `base` is main or the commit that was looked at."""

    title = serializers.CharField(max_length=200)
    description = serializers.CharField(max_length=TEXT, allow_blank=True, default="")
    files = FilesField(default=dict)
    base = serializers.CharField(max_length=200, default="main")


class DraftChange(serializers.Serializer[object]):
    """A new title or description, on top of `version`."""

    title = serializers.CharField(max_length=200, required=False)
    description = serializers.CharField(max_length=TEXT, allow_blank=True, required=False)
    version = serializers.IntegerField(min_value=1, max_value=2**31 - 1)


class SaveRequest(serializers.Serializer[object]):
    """Files on top of `expected_head`, the version that the editor opened. `renames` maps old paths to new ones."""

    files = FilesField(default=dict)
    renames = serializers.DictField(child=serializers.CharField(max_length=400, trim_whitespace=False), default=dict)
    expected_head = serializers.RegexField(r"^[0-9a-f]{40}$")
    message = serializers.CharField(max_length=2000, allow_blank=True, default="")


class MergeRequest(serializers.Serializer[object]):
    """The version that one has looked at."""

    expected_head = serializers.RegexField(r"^[0-9a-f]{40}$")


class DraftDiff(serializers.Serializer[object]):
    """What the draft changes."""

    base = serializers.CharField()
    head = serializers.CharField()
    files = FileDiffSerializer(many=True)


class DraftCommits(serializers.Serializer[object]):
    """The draft's own commits, newest first."""

    items = CommitSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class ConflictSerializer(serializers.Serializer[object]):
    """One file that both sides changed; null where a side does not have it."""

    path = serializers.CharField()
    base = serializers.CharField(allow_null=True)
    ours = serializers.CharField(allow_null=True)
    theirs = serializers.CharField(allow_null=True)


class ConflictPage(serializers.Serializer[object]):
    """Every conflict between main (ours) and the draft (theirs)."""

    items = ConflictSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class CommentPosition(serializers.Serializer[object]):
    """A line of a file of the present difference."""

    path = serializers.CharField()
    line = serializers.IntegerField()


class CommentSerializer(serializers.ModelSerializer[Comment]):
    """A remark. `current` says where its line stands now: null when the line is gone or it speaks of no line.

    `suggestion_state`: open (it can be taken up), outdated (its lines have changed), applied; null without one.
    """

    author = UserSerializer(read_only=True, allow_null=True)
    current = serializers.SerializerMethodField()
    suggestion_state = serializers.SerializerMethodField()

    class Meta:
        model = Comment
        fields = [
            "id", "parent", "author", "author_name", "body", "path", "side", "line", "end_line", "commit", "current",
            "suggestion", "original", "suggestion_state", "applied_commit", "created_at", "edited_at", "resolved_at",
            "resolved_by_name",
        ]  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(CommentPosition(allow_null=True))
    def get_current(self, comment: Comment) -> dict[str, str | int] | None:
        """From the positions in the context."""
        found = self.context.get("positions", {}).get(comment.pk)
        return {"path": found[0], "line": found[1]} if found else None

    @extend_schema_field(serializers.ChoiceField(choices=["open", "outdated", "applied"], allow_null=True))
    def get_suggestion_state(self, comment: Comment) -> str | None:
        """From the ranges in the context."""
        if comment.suggestion is None:
            return None
        if comment.applied_commit:
            return "applied"
        return "open" if self.context.get("ranges", {}).get(comment.pk) else "outdated"


class CommentPage(serializers.Serializer[object]):
    """A draft's conversation, oldest first."""

    items = CommentSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class NewComment(serializers.Serializer[object]):
    """A remark: on the draft, at lines, or in answer to a thread.

    `suggestion`: a text that would replace the lines `line` to `end_line` of the new side; empty: they would go.
    """

    body = serializers.CharField(max_length=TEXT, allow_blank=True, default="")
    parent = serializers.IntegerField(  # type: ignore[assignment]  # a field of that name
        min_value=1, max_value=2**62, allow_null=True, default=None
    )
    path = serializers.CharField(max_length=400, allow_blank=True, default="", trim_whitespace=False)
    side = serializers.ChoiceField(choices=["", "old", "new"], default="")
    line = serializers.IntegerField(min_value=1, max_value=10**6, allow_null=True, default=None)
    end_line = serializers.IntegerField(min_value=1, max_value=10**6, allow_null=True, default=None)
    suggestion = ExactText(max_length=TEXT, allow_null=True, allow_blank=True, trim_whitespace=False, default=None)
    commit = serializers.CharField(max_length=40, allow_blank=True, default="")

    def validate(self, attrs: dict[str, object]) -> dict[str, object]:
        """A remark says something, or suggests something."""
        if not attrs["body"] and attrs["suggestion"] is None:
            raise serializers.ValidationError({"body": "Say something, or suggest a text."})
        if attrs["suggestion"] is not None and attrs["parent"] is not None:
            raise serializers.ValidationError({"suggestion": "An answer cannot suggest; comment on the lines."})
        return attrs


class CommentChange(serializers.Serializer[object]):
    """A corrected text, or a thread settled."""

    body = serializers.CharField(max_length=TEXT, required=False)
    resolved = serializers.BooleanField(required=False)
