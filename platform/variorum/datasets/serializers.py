"""What datasets, versions, rows and imports look like in JSON."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from variorum.datasets.formats.encoding import NAMES
from variorum.datasets.formats.files import FORMATS
from variorum.datasets.models import Dataset, DatasetVersion, Upload
from variorum.jobs.api import JobSerializer


class DatasetSerializer(serializers.ModelSerializer[Dataset]):
    """A dataset with the size of its newest version; `last_version` is 0 before the first."""

    rows = serializers.IntegerField(allow_null=True, read_only=True)
    changed_at = serializers.DateTimeField(allow_null=True, read_only=True)

    class Meta:
        model = Dataset
        fields = ["slug", "name", "description", "last_version", "rows", "changed_at", "created_at"]
        read_only_fields = fields


class DatasetPage(serializers.Serializer[object]):
    """A page of datasets, newest first."""

    items = DatasetSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class NewDataset(serializers.Serializer[object]):
    """An empty dataset."""

    name = serializers.CharField(max_length=100)
    slug = serializers.RegexField(
        r"^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$", required=False, default="", allow_blank=True
    )
    description = serializers.CharField(max_length=2000, required=False, allow_blank=True, default="")


class DatasetChange(serializers.Serializer[object]):
    """A new name or description."""

    name = serializers.CharField(max_length=100, required=False)
    description = serializers.CharField(max_length=2000, required=False, allow_blank=True)


class ColumnSerializer(serializers.Serializer[object]):
    """An input column: text, number, boolean, list, object, mixed or empty."""

    name = serializers.CharField()
    type = serializers.CharField()


class LengthSerializer(serializers.Serializer[object]):
    """Lengths in characters."""

    min = serializers.IntegerField()
    mean = serializers.FloatField()
    p50 = serializers.FloatField()
    p95 = serializers.FloatField()
    max = serializers.IntegerField()


class ColumnProfileSerializer(ColumnSerializer):
    """A column at a glance."""

    missing = serializers.IntegerField()
    distinct = serializers.IntegerField()
    length = LengthSerializer(allow_null=True)


class LabelCount(serializers.Serializer[object]):
    """How often an expected value occurs."""

    label = serializers.CharField()  # type: ignore[assignment]  # a field's own label is not asked here
    count = serializers.IntegerField()


class TagCount(serializers.Serializer[object]):
    """How often a tag occurs."""

    tag = serializers.CharField()
    count = serializers.IntegerField()


class ProfileSerializer(serializers.Serializer[object]):
    """A version at a glance. `labels` is empty when the expected values are free text."""

    row_count = serializers.IntegerField()
    columns = ColumnProfileSerializer(many=True)
    expected = ColumnProfileSerializer()
    labels = LabelCount(many=True)
    label_count = serializers.IntegerField()
    majority_rate = serializers.FloatField(allow_null=True)
    tags = TagCount(many=True)
    duplicates = serializers.IntegerField()
    contradictions = serializers.IntegerField()


class VersionSerializer(serializers.ModelSerializer[DatasetVersion]):
    """A version in a list."""

    columns = ColumnSerializer(many=True)
    parent = serializers.SerializerMethodField()  # type: ignore[assignment]  # the stubs' Field.parent
    source = serializers.DictField()  # type: ignore[assignment]  # the stubs' Field.source

    class Meta:
        model = DatasetVersion
        fields = [
            "number", "sha256", "row_count", "size", "columns", "expected_column", "source", "parent", "actor_name",
            "created_at",
        ]  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(serializers.IntegerField(allow_null=True))
    def get_parent(self, version: DatasetVersion) -> int | None:
        """The number of the version that this one was made from."""
        return version.parent.number if version.parent else None


class VersionDetail(VersionSerializer):
    """A version with its profile."""

    profile = ProfileSerializer()

    class Meta(VersionSerializer.Meta):
        fields = [*VersionSerializer.Meta.fields, "profile"]
        read_only_fields = fields


class VersionPage(serializers.Serializer[object]):
    """A page of versions, newest first."""

    items = VersionSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class RowSerializer(serializers.Serializer[object]):
    """One row with its position in the version."""

    index = serializers.IntegerField()
    input = serializers.DictField()
    expected = serializers.CharField(allow_null=True)
    tags = serializers.ListField(child=serializers.CharField())


class RowPage(serializers.Serializer[object]):
    """Rows from an offset on; `total` counts all that match."""

    items = RowSerializer(many=True)
    next = serializers.CharField(allow_null=True)
    total = serializers.IntegerField()


class NewRows(serializers.Serializer[object]):
    """Rows to add to the newest version; when that is not `base`, the caller's, it is a conflict."""

    rows = serializers.ListField(child=serializers.JSONField(), min_length=1, max_length=10_000)
    base = serializers.IntegerField(min_value=0, max_value=2**31 - 1, required=False)
    note = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")


class UploadSerializer(serializers.ModelSerializer[Upload]):
    """A file that waits to be imported."""

    class Meta:
        model = Upload
        fields = ["id", "filename", "size", "lines", "created_at"]
        read_only_fields = fields


class UploadForm(serializers.Serializer[object]):
    """The file, as a form sends it."""

    file = serializers.FileField(allow_empty_file=True)


class ReadingOptions(serializers.Serializer[object]):
    """How to read the file; what is not given is guessed."""

    format = serializers.ChoiceField(choices=[(name, name) for name in FORMATS], required=False)
    encoding = serializers.ChoiceField(choices=[(name, name) for name in NAMES], required=False)
    delimiter = serializers.CharField(max_length=1, min_length=1, trim_whitespace=False, required=False)
    header = serializers.BooleanField(required=False)

    def validate_delimiter(self, value: str) -> str:
        """Any character but a quote or a line end."""
        if value in '"\r\n':
            raise serializers.ValidationError("A quote or a line end cannot part fields.")
        return value


class MappingSerializer(serializers.Serializer[object]):
    """Which column is what. `renamed` gives input columns another name."""

    input = serializers.ListField(child=serializers.CharField(max_length=200), min_length=1, max_length=200)
    expected = serializers.CharField(max_length=200, allow_null=True, required=False)
    tags = serializers.ListField(child=serializers.CharField(max_length=200), max_length=20, required=False)
    renamed = serializers.DictField(child=serializers.CharField(max_length=200), required=False)


class SubsetSerializer(serializers.Serializer[object]):
    """A part of the rows: only these labels, the first N of each, N in all drawn evenly with a seed."""

    labels = serializers.ListField(child=serializers.CharField(max_length=10_000), max_length=1000, required=False)
    per_label = serializers.IntegerField(min_value=1, max_value=1_000_000, allow_null=True, required=False)
    limit = serializers.IntegerField(min_value=1, max_value=10_000_000, allow_null=True, required=False)
    seed = serializers.IntegerField(min_value=0, max_value=2**31 - 1, required=False, default=0)


class PreviewColumn(ColumnSerializer):
    """A column of the file."""

    missing = serializers.IntegerField()
    distinct = serializers.IntegerField()


class PreviewRow(serializers.Serializer[object]):
    """A record with the line on which it begins."""

    line = serializers.IntegerField()
    values = serializers.DictField()


class PreviewWarning(serializers.Serializer[object]):
    """What a person should look at; line 0 speaks of the whole file."""

    line = serializers.IntegerField()
    code = serializers.CharField()
    detail = serializers.CharField()


class GuessedMapping(serializers.Serializer[object]):
    """The mapping as guessed."""

    input = serializers.ListField(child=serializers.CharField())
    expected = serializers.CharField(allow_null=True)
    tags = serializers.ListField(child=serializers.CharField())
    renamed = serializers.DictField(child=serializers.CharField())


class UploadPreviewSerializer(serializers.Serializer[object]):
    """How the file is read and what is in it. `native`: our own export, whose mapping is known."""

    format = serializers.CharField()
    encoding = serializers.CharField()
    delimiter = serializers.CharField(allow_blank=True)
    header = serializers.BooleanField()
    native = serializers.BooleanField()
    columns = PreviewColumn(many=True)
    mapping = GuessedMapping(allow_null=True)
    rows = PreviewRow(many=True)
    row_count = serializers.IntegerField()
    complete = serializers.BooleanField()
    labels = LabelCount(many=True)
    warnings = PreviewWarning(many=True)


class NewImport(serializers.Serializer[object]):
    """Where to and how. Either `dataset` (a slug) or `name` of a new dataset."""

    dataset = serializers.CharField(max_length=63, required=False)
    name = serializers.CharField(max_length=100, required=False)
    description = serializers.CharField(max_length=2000, required=False, allow_blank=True, default="")
    mapping = MappingSerializer(required=False)
    reading = ReadingOptions(required=False)
    subset = SubsetSerializer(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Exactly one target."""
        if bool(attrs.get("dataset")) == bool(attrs.get("name")):
            raise serializers.ValidationError({"dataset": "Name either a dataset or a new dataset's name."})
        return attrs


class ImportedSerializer(serializers.Serializer[object]):
    """What came of it: the version at once, or the job that will make it."""

    dataset = serializers.CharField(allow_null=True)
    version = VersionDetail(allow_null=True)
    created = serializers.BooleanField()
    job = JobSerializer(allow_null=True)
