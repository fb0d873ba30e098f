"""What metrics and scores look like in JSON."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from evals.metrics.models import Metric, Score

RUNNABLE = [choice for choice in Metric.Kind.choices if choice[0] != Metric.Kind.HUMAN]


class MetricSerializer(serializers.ModelSerializer[Metric]):
    """One version of a metric; `built_in` ones are in every project and stay as they are."""

    config = serializers.DictField()
    built_in = serializers.SerializerMethodField()

    class Meta:
        model = Metric
        fields = [
            "slug", "version", "kind", "name", "description", "function", "config", "binary", "built_in", "archived_at",
            "actor_name", "created_at",
        ]  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(serializers.BooleanField())
    def get_built_in(self, metric: Metric) -> bool:
        """Whether it belongs to no project."""
        return metric.project_id is None


class MetricPage(serializers.Serializer[object]):
    """Metrics, the project's own first."""

    items = MetricSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class NewMetric(serializers.Serializer[object]):
    """A metric of the project's own. `function` is a code metric's; a judge is described by its config."""

    name = serializers.CharField(max_length=100)
    slug = serializers.RegexField(
        r"^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$", required=False, default="", allow_blank=True
    )
    description = serializers.CharField(max_length=2000, required=False, allow_blank=True, default="")
    kind = serializers.ChoiceField(choices=RUNNABLE)
    function = serializers.CharField(max_length=40, required=False, allow_blank=True, default="")
    config = serializers.DictField(required=False, default=dict)


class MetricChange(serializers.Serializer[object]):
    """What changes; `version` is the one that the caller saw."""

    version = serializers.IntegerField(min_value=1, max_value=2**31 - 1)
    name = serializers.CharField(max_length=100, required=False)
    description = serializers.CharField(max_length=2000, required=False, allow_blank=True)
    function = serializers.CharField(max_length=40, required=False)
    config = serializers.DictField(required=False)


class FunctionSerializer(serializers.Serializer[object]):
    """A code metric to make one's own of: its config as JSON Schema."""

    function = serializers.CharField()
    name = serializers.CharField()
    description = serializers.CharField()
    binary = serializers.BooleanField()
    config_schema = serializers.DictField()


class FunctionPage(serializers.Serializer[object]):
    """Every code metric, and what a judge's config looks like."""

    items = FunctionSerializer(many=True)
    next = serializers.CharField(allow_null=True)
    judge = serializers.DictField()


class Trial(serializers.Serializer[object]):
    """A metric as it is being edited, and one output to judge by it."""

    kind = serializers.ChoiceField(choices=RUNNABLE)
    function = serializers.CharField(max_length=40, required=False, allow_blank=True, default="")
    config = serializers.DictField(required=False, default=dict)
    input = serializers.DictField(required=False, default=dict)
    output = serializers.CharField(max_length=100_000, allow_blank=True, trim_whitespace=False)
    expected = serializers.CharField(
        max_length=100_000, allow_blank=True, allow_null=True, required=False, default=None, trim_whitespace=False
    )
    labels = serializers.ListField(child=serializers.CharField(max_length=200), max_length=1000, required=False)


class MetricVerdictSerializer(serializers.Serializer[object]):
    """A value from 0 to 1, or none with the problem that stood in the way."""

    value = serializers.FloatField(allow_null=True)
    label = serializers.CharField()  # type: ignore[assignment]  # a field's own label is not asked here
    reason = serializers.CharField()
    problem = serializers.CharField()
    input_tokens = serializers.IntegerField(allow_null=True)
    output_tokens = serializers.IntegerField(allow_null=True)
    cost = serializers.FloatField(allow_null=True)


class ScoreSerializer(serializers.ModelSerializer[Score]):
    """A score with the metric version that gave it."""

    metric = serializers.SlugRelatedField[Any](slug_field="slug", read_only=True)
    version = serializers.IntegerField(source="metric.version", read_only=True)
    name = serializers.CharField(source="metric.name", read_only=True)
    cost = serializers.FloatField(allow_null=True, read_only=True)

    class Meta:
        model = Score
        fields = [
            "metric", "version", "name", "author", "value", "label", "reason", "problem", "input_tokens",
            "output_tokens", "cost", "commit", "environment", "at",
        ]  # fmt: skip
        read_only_fields = fields


class ScorePage(serializers.Serializer[object]):
    """All scores of one subject."""

    items = ScoreSerializer(many=True)
    next = serializers.CharField(allow_null=True)
