"""What files, commits and differences look like in JSON."""

from typing import Any

from rest_framework import serializers

from variorum.repos import git
from variorum.repos.comparison_shapes import FileComparison
from variorum.repos.git import FileDiff
from variorum_client.formats import Kind, kind_of

KINDS = ["prompt", "config", "schema", "adapter", "suite", "doc", "other"]


class CommitSerializer(serializers.Serializer[object]):
    """One commit."""

    sha = serializers.CharField()
    parents = serializers.ListField(child=serializers.CharField())
    author_name = serializers.CharField()
    author_email = serializers.CharField()
    at = serializers.DateTimeField()
    subject = serializers.CharField()
    body = serializers.CharField()


class CommitPage(serializers.Serializer[object]):
    """A page of history."""

    items = CommitSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class LfsPointer(serializers.Serializer[object]):
    """A large file behind a pointer."""

    sha256 = serializers.CharField(source="oid")
    size = serializers.IntegerField()


class FileEntry(serializers.Serializer[object]):
    """One file of a commit with the commit that changed it last (null when that is long ago)."""

    path = serializers.CharField()
    name = serializers.CharField()
    kind = serializers.ChoiceField(choices=KINDS)
    size = serializers.IntegerField()
    oid = serializers.CharField()
    lfs = LfsPointer(allow_null=True)
    changed = CommitSerializer(allow_null=True)


class FilePage(serializers.Serializer[object]):
    """Every file of a commit."""

    ref = serializers.CharField()
    commit = serializers.CharField()
    items = FileEntry(many=True)
    next = serializers.CharField(allow_null=True)


class FileProblem(serializers.Serializer[object]):
    """One thing that is wrong with a file; lines and columns count from 1."""

    path = serializers.CharField()
    line = serializers.IntegerField()
    column = serializers.IntegerField()
    code = serializers.CharField()
    message = serializers.CharField()


class FileSerializer(serializers.Serializer[object]):
    """One file: its text (null when it is not text), what it says, what is wrong with it."""

    ref = serializers.CharField()
    commit = serializers.CharField()
    path = serializers.CharField()
    name = serializers.CharField()
    kind = serializers.ChoiceField(choices=KINDS)
    size = serializers.IntegerField()
    text = serializers.CharField(allow_null=True)
    overview = serializers.JSONField(allow_null=True)
    problems = FileProblem(many=True)
    changed = CommitSerializer(allow_null=True)


class DiffLine(serializers.Serializer[object]):
    """One line of a difference with its number on each side."""

    kind = serializers.ChoiceField(choices=["context", "added", "removed"])
    old = serializers.IntegerField(allow_null=True)
    new = serializers.IntegerField(allow_null=True)
    text = serializers.CharField()
    unended = serializers.BooleanField()


class DiffHunk(serializers.Serializer[object]):
    """A run of lines around changes."""

    old_start = serializers.IntegerField()
    old_lines = serializers.IntegerField()
    new_start = serializers.IntegerField()
    new_lines = serializers.IntegerField()
    lines = DiffLine(many=True)


class FileDiffSerializer(serializers.Serializer[object]):
    """One changed file."""

    path = serializers.CharField()
    old_path = serializers.CharField()
    kind = serializers.SerializerMethodField()
    status = serializers.ChoiceField(choices=["added", "deleted", "modified", "renamed"])
    binary = serializers.BooleanField()
    added = serializers.IntegerField()
    removed = serializers.IntegerField()
    truncated = serializers.BooleanField()
    old_text = serializers.CharField(allow_null=True, required=False)
    new_text = serializers.CharField(allow_null=True, required=False)
    hunks = DiffHunk(many=True)
    comparison = FileComparison(allow_null=True, required=False)

    def get_kind(self, file: FileDiff | dict[str, Any]) -> Kind:
        """What the file is."""
        return kind_of(file["path"] if isinstance(file, dict) else file.path)


class CommitDetail(CommitSerializer):
    """One commit with what it changed."""

    files = FileDiffSerializer(many=True)


class Comparison(serializers.Serializer[object]):
    """What lies between two commits."""

    base = CommitSerializer()
    head = CommitSerializer()
    merge_base = serializers.CharField(allow_null=True)
    files = FileDiffSerializer(many=True)


class CheckRequest(serializers.Serializer[object]):
    """A file as it stands in an editor, on top of a branch or commit."""

    path = serializers.CharField(max_length=400, trim_whitespace=False)
    content = serializers.CharField(max_length=git.MAX_FILE, trim_whitespace=False, allow_blank=True)
    ref = serializers.CharField(max_length=200, default="main")


class CheckAnswer(serializers.Serializer[object]):
    """What is wrong with the file and what it says."""

    problems = FileProblem(many=True)
    overview = serializers.JSONField(allow_null=True)


class FrontChange(serializers.Serializer[object]):
    """One field of a prompt's front matter: where it is (["config", "temperature"]) and its value; null removes it."""

    key = serializers.ListField(child=serializers.CharField(max_length=100), min_length=1, max_length=6)
    value = serializers.JSONField(allow_null=True)


class EditRequest(CheckRequest):
    """A prompt as it stands in an editor, and changes to its front matter."""

    changes = serializers.ListField(child=FrontChange(), max_length=50)


class EditAnswer(CheckAnswer):
    """The prompt with the changes in it; comments and layout stay."""

    content = serializers.CharField()


class RenderRequest(serializers.Serializer[object]):
    """A prompt, as text or by its path, with values for its variables."""

    path = serializers.CharField(max_length=400, trim_whitespace=False)
    ref = serializers.CharField(max_length=200, default="main")
    source = serializers.CharField(  # type: ignore[assignment]  # a field of that name
        max_length=git.MAX_FILE, trim_whitespace=False, required=False, allow_blank=True
    )
    variables = serializers.DictField(default=dict)


class RenderedMessage(serializers.Serializer[object]):
    """One message of a rendered prompt."""

    role = serializers.CharField()
    content = serializers.JSONField()


class RenderAnswer(serializers.Serializer[object]):
    """The messages as a model would get them."""

    messages = RenderedMessage(many=True)
    model = serializers.CharField(allow_null=True)
    config = serializers.DictField()
    adapter = serializers.CharField(allow_null=True)
