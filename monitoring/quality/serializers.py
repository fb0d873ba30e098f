"""What sampling rules and the dashboard look like in JSON."""

from rest_framework import serializers

from monitoring.logs.entries import NAMES
from monitoring.quality.models import SamplingRule
from monitoring.quality.sampling import capped, month_now


class SamplingRuleSerializer(serializers.ModelSerializer[SamplingRule]):
    """A rule with its state: how many logs wait, and this month's costs."""

    monthly_cap = serializers.FloatField(allow_null=True)
    waiting = serializers.IntegerField(default=0)
    spent = serializers.SerializerMethodField()
    skipped = serializers.SerializerMethodField()
    capped = serializers.SerializerMethodField()

    class Meta:
        model = SamplingRule
        fields = [
            "id", "metric", "environment", "prompt", "rate", "enabled", "monthly_cap", "spent", "skipped", "capped",
            "waiting", "version", "created_at",
        ]  # fmt: skip
        read_only_fields = fields

    def get_spent(self, rule: SamplingRule) -> float:
        """US dollars that its judges cost this month."""
        return float(rule.spent) if rule.month == month_now() else 0.0

    def get_skipped(self, rule: SamplingRule) -> int:
        """Chosen logs that were not scored this month because the cap was reached."""
        return rule.skipped if rule.month == month_now() else 0

    def get_capped(self, rule: SamplingRule) -> bool:
        """Whether this month's money is spent."""
        return capped(rule)


class SamplingRulePage(serializers.Serializer[object]):
    """A project's rules."""

    items = SamplingRuleSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class RuleFields(serializers.Serializer[object]):
    """What a rule says. Empty names mean any."""

    environment = serializers.CharField(max_length=NAMES["environment"], required=False, allow_blank=True)
    prompt = serializers.CharField(max_length=NAMES["prompt"], required=False, allow_blank=True)
    enabled = serializers.BooleanField(required=False)
    monthly_cap = serializers.DecimalField(
        max_digits=12, decimal_places=4, min_value=0, allow_null=True, required=False, help_text="US dollars."
    )


class NewSamplingRule(RuleFields):
    """A new rule."""

    metric = serializers.CharField(max_length=63)
    rate = serializers.FloatField(min_value=0, max_value=1)


class SamplingRuleChange(RuleFields):
    """What changes; `version` is the one that the caller saw."""

    version = serializers.IntegerField(min_value=1, max_value=2**31 - 1)
    metric = serializers.CharField(max_length=63, required=False)
    rate = serializers.FloatField(min_value=0, max_value=1, required=False)


class WholeFigures(serializers.Serializer[object]):
    """Figures of an entire range. Latencies are milliseconds, within 4.5 %; cost is US dollars."""

    requests = serializers.IntegerField()
    errors = serializers.IntegerField()  # type: ignore[assignment]  # not this serializer's own errors
    error_rate = serializers.FloatField(allow_null=True)
    latency_mean = serializers.FloatField(allow_null=True)
    latency_p50 = serializers.FloatField(allow_null=True)
    latency_p99 = serializers.FloatField(allow_null=True)
    input_tokens = serializers.IntegerField()
    output_tokens = serializers.IntegerField()
    cost = serializers.FloatField()


class Named(serializers.Serializer[object]):
    """Which requests a series is of."""

    kind = serializers.ChoiceField(choices=["all", "commit", "other"])
    commit = serializers.CharField()


class Series(Named):
    """The figures of some requests, one value a step."""

    requests = serializers.ListField(child=serializers.IntegerField())
    errors = serializers.ListField(child=serializers.IntegerField())  # type: ignore[assignment]
    error_rate = serializers.ListField(child=serializers.FloatField(allow_null=True))
    latency_mean = serializers.ListField(child=serializers.FloatField(allow_null=True))
    latency_p50 = serializers.ListField(child=serializers.FloatField(allow_null=True))
    latency_p99 = serializers.ListField(child=serializers.FloatField(allow_null=True))
    input_tokens = serializers.ListField(child=serializers.IntegerField())
    output_tokens = serializers.ListField(child=serializers.IntegerField())
    cost = serializers.ListField(child=serializers.FloatField())
    whole = WholeFigures()


class WholeScore(serializers.Serializer[object]):
    """A mean score of an entire range with its 95 % interval."""

    n = serializers.IntegerField()
    mean = serializers.FloatField(allow_null=True)
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)


class ScoreSeries(Named):
    """Mean scores with their intervals, one a step."""

    n = serializers.ListField(child=serializers.IntegerField())
    mean = serializers.ListField(child=serializers.FloatField(allow_null=True))
    low = serializers.ListField(child=serializers.FloatField(allow_null=True))
    high = serializers.ListField(child=serializers.FloatField(allow_null=True))
    whole = WholeScore()


class MetricScores(serializers.Serializer[object]):
    """What one metric version says. Versions are never pooled."""

    metric = serializers.CharField()
    version = serializers.IntegerField()
    name = serializers.CharField()
    binary = serializers.BooleanField()
    series = ScoreSeries(many=True)


class Marker(serializers.Serializer[object]):
    """A deployment in the range."""

    number = serializers.IntegerField()
    environment = serializers.CharField()
    commit = serializers.CharField()
    subject = serializers.CharField()
    kind = serializers.ChoiceField(choices=["deploy", "rollback"])
    actor_name = serializers.CharField()
    at = serializers.DateTimeField()


class Dashboard(serializers.Serializer[object]):
    """Every figure of the quality page. The ends of the range are moved out to whole steps."""

    until = serializers.DateTimeField()
    since = serializers.DateTimeField()
    step = serializers.IntegerField(help_text="Seconds.")
    times = serializers.ListField(child=serializers.DateTimeField(), help_text="The beginning of each step.")
    series = Series(many=True)
    scores = MetricScores(many=True)
    deployments = Marker(many=True)
