"""What rules, alerts and channels look like in JSON."""

import math
from typing import Any
from urllib.parse import urlsplit

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from evals.metrics.queries import find_metric
from monitoring.alerts import conditions
from monitoring.alerts.models import LONGEST_WINDOW, Alert, AlertRule, Channel
from variorum.events.models import Delivery
from variorum.lib.errors import NotFound

Kind = AlertRule.Kind
STANDINGS = ["good", "unsure", "beyond", "few", "none"]
QUANTILES = (0.5, 0.95, 0.99)
LIMITS = {  # from (excluded) and to (included), and what to say
    Kind.SCORE: (-1e6, 1e6, "A score's limit is a number."),
    Kind.ERRORS: (-1e-12, 1.0, "A limit on errors is a share from 0 to 1."),
    Kind.LATENCY: (0.0, 1e8, "A limit on latency is a number of milliseconds above 0."),
    Kind.COST: (-1e-12, 1e9, "A limit on cost is a number of dollars an hour from 0."),
    Kind.TRAFFIC: (0.0, 1e9, "The least number of requests is above 0; 1 means: no traffic."),
}


class AlertFigures(serializers.Serializer[object]):
    """A figure with its 95 % interval, size, window and threshold. Without data `value` is null."""

    value = serializers.FloatField(allow_null=True)
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)
    n = serializers.IntegerField()
    method = serializers.CharField()
    threshold = serializers.FloatField()
    standing = serializers.ChoiceField(choices=STANDINGS)
    problem = serializers.CharField()

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """`from` is a word of Python."""
        times = {"from": serializers.DateTimeField(), "to": serializers.DateTimeField()}
        return {**super().get_fields(), **times}


class AlertRuleFields(serializers.Serializer[object]):
    """What a rule watches and when it fires; see the documentation of alerts for the units of `threshold`."""

    name = serializers.CharField(max_length=100)
    kind = serializers.ChoiceField(choices=Kind.choices)
    metric = serializers.CharField(max_length=63, required=False, allow_blank=True, default="")
    quantile = serializers.FloatField(required=False, default=0.99)
    threshold = serializers.FloatField()
    prompt = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")
    environment = serializers.CharField(max_length=63, required=False, allow_blank=True, default="")
    window_minutes = serializers.IntegerField(min_value=1, max_value=LONGEST_WINDOW, required=False, default=15)
    minimum_n = serializers.IntegerField(min_value=1, max_value=1_000_000, required=False, default=20)
    consecutive = serializers.IntegerField(min_value=1, max_value=60, required=False, default=2)
    sure = serializers.BooleanField(required=False, default=True)
    enabled = serializers.BooleanField(required=False, default=True)
    channels = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**63 - 1), max_length=50, required=False, default=list
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """The limit fits the kind; a metric is named where one is watched, and nowhere else."""
        low, high, text = LIMITS[Kind(attrs["kind"])]
        if not math.isfinite(attrs["threshold"]) or not low < attrs["threshold"] <= high:
            raise serializers.ValidationError({"threshold": text})
        if attrs["quantile"] not in QUANTILES:
            raise serializers.ValidationError({"quantile": "The quantile is 0.5, 0.95 or 0.99."})
        if attrs["kind"] != Kind.SCORE:
            return {**attrs, "metric": ""}
        try:
            find_metric(self.context["project"], attrs["metric"])
        except NotFound as problem:
            raise serializers.ValidationError({"metric": problem.detail}) from None
        return attrs


class AlertRuleChange(AlertRuleFields):
    """What changes; `version` is the one that the caller saw."""

    version = serializers.IntegerField(min_value=1, max_value=2**31 - 1)


class AlertRuleSerializer(serializers.ModelSerializer[AlertRule]):
    """A rule, its state, and what its last evaluation found. `firing` is the number of the alert that fires."""

    channels = serializers.SerializerMethodField()
    condition = serializers.SerializerMethodField()
    firing = serializers.IntegerField(allow_null=True, read_only=True)
    last = AlertFigures(allow_null=True)

    class Meta:
        model = AlertRule
        fields = [
            "id", "name", "kind", "metric", "quantile", "threshold", "prompt", "environment", "window_minutes",
            "minimum_n", "consecutive", "sure", "enabled", "channels", "silenced_until", "version", "state", "firing",
            "condition", "last", "checked_at", "created_at",
        ]  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(serializers.ListField(child=serializers.IntegerField()))
    def get_channels(self, rule: AlertRule) -> list[int]:
        """Ids."""
        return [channel.pk for channel in rule.channels.all()]

    @extend_schema_field(serializers.CharField())
    def get_condition(self, rule: AlertRule) -> str:
        """In words."""
        return conditions.in_words(rule)


class AlertRulePage(serializers.Serializer[object]):
    """A project's rules by name."""

    items = AlertRuleSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class AlertPreview(AlertFigures):
    """What a rule would find now, and whether it would fire were it so for as many evaluations as it asks."""

    fires = serializers.BooleanField()
    condition = serializers.CharField()


class AlertSilence(serializers.Serializer[object]):
    """For how long; 0 ends the silence."""

    minutes = serializers.IntegerField(min_value=0, max_value=7 * 24 * 60)


class AlertCondition(serializers.Serializer[object]):
    """A rule as it was when its alert fired."""

    kind = serializers.ChoiceField(choices=Kind.choices)
    metric = serializers.CharField()
    quantile = serializers.FloatField()
    threshold = serializers.FloatField()
    prompt = serializers.CharField()
    environment = serializers.CharField()
    window_minutes = serializers.IntegerField()
    minimum_n = serializers.IntegerField()
    consecutive = serializers.IntegerField()
    sure = serializers.BooleanField()


class SuspectCommit(serializers.Serializer[object]):
    """A commit that served in the window, with its own figure and the deployment that last made it live."""

    commit = serializers.CharField()
    deployment = serializers.IntegerField(allow_null=True)
    value = serializers.FloatField(allow_null=True)
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)
    n = serializers.IntegerField()
    method = serializers.CharField()


class SuspectDeployment(serializers.Serializer[object]):
    """A deployment made in the window or shortly before it."""

    number = serializers.IntegerField()
    environment = serializers.CharField()
    commit = serializers.CharField()
    subject = serializers.CharField()
    kind = serializers.CharField()
    actor_name = serializers.CharField()
    at = serializers.DateTimeField()


class AlertSuspects(serializers.Serializer[object]):
    """The worst commit and the newest deployment first."""

    commits = SuspectCommit(many=True)
    deployments = SuspectDeployment(many=True)


class AlertSerializer(serializers.ModelSerializer[Alert]):
    """One firing of a rule. `rule` is null when the rule was deleted."""

    rule = serializers.PrimaryKeyRelatedField[AlertRule](read_only=True, allow_null=True)
    silenced_until = serializers.DateTimeField(source="rule.silenced_until", allow_null=True, read_only=True)
    condition = AlertCondition()
    figures = AlertFigures()
    resolved_figures = AlertFigures(allow_null=True)
    suspects = AlertSuspects()
    resolution = serializers.ChoiceField(choices=["", *Alert.Resolution.values])

    class Meta:
        model = Alert
        fields = [
            "number", "rule", "rule_name", "condition", "state", "opened_at", "resolved_at", "resolution", "figures",
            "resolved_figures", "suspects", "told_at", "acknowledged_at", "acknowledged_name", "silenced_until",
        ]  # fmt: skip
        read_only_fields = fields


class AlertPage(serializers.Serializer[object]):
    """A page of alerts, newest first."""

    items = AlertSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class ChannelSerializer(serializers.ModelSerializer[Channel]):
    """A channel without its secret. Of a webhook's address only maintainers see more than the host."""

    address = serializers.SerializerMethodField()
    last_state = serializers.ChoiceField(choices=Delivery.State.choices, allow_null=True, read_only=True)

    class Meta:
        model = Channel
        fields = ["id", "kind", "name", "address", "enabled", "version", "last_state", "created_at"]
        read_only_fields = fields

    @extend_schema_field(serializers.CharField())
    def get_address(self, channel: Channel) -> str:
        """Addresses of webhooks often hold a token."""
        if channel.kind == Channel.Kind.WEBHOOK and not self.context.get("whole"):
            parts = urlsplit(channel.address)
            return f"{parts.scheme}://{parts.hostname}/…"
        return channel.address


class ChannelPage(serializers.Serializer[object]):
    """A project's channels by name."""

    items = ChannelSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class NewChannel(serializers.Serializer[object]):
    """`address` is a URL for a webhook, for the inbox the least role that is told (viewer, when absent)."""

    kind = serializers.ChoiceField(choices=Channel.Kind.choices)
    name = serializers.CharField(max_length=100)
    address = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")


class ChannelChange(serializers.Serializer[object]):
    """What changes; `version` is the one that the caller saw."""

    version = serializers.IntegerField(min_value=1, max_value=2**31 - 1)
    name = serializers.CharField(max_length=100, required=False)
    address = serializers.CharField(max_length=500, required=False)
    enabled = serializers.BooleanField(required=False)


class MadeChannel(ChannelSerializer):
    """A channel just made, with its signing secret (empty for the inbox): shown this once."""

    secret = serializers.CharField()

    class Meta(ChannelSerializer.Meta):
        fields = [*ChannelSerializer.Meta.fields, "secret"]
        read_only_fields = fields


class DeliverySerializer(serializers.ModelSerializer[Delivery]):
    """A message in the outbox: waiting for its next attempt, delivered, or given up."""

    type = serializers.SerializerMethodField()
    next_at = serializers.SerializerMethodField()

    class Meta:
        model = Delivery
        fields = [
            "id", "message_id", "type", "state", "attempts", "next_at", "last_status", "last_error", "created_at",
        ]  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(serializers.CharField())
    def get_type(self, delivery: Delivery) -> str:
        """As in `alert.firing`."""
        return str(delivery.payload.get("type", ""))

    @extend_schema_field(serializers.DateTimeField(allow_null=True))
    def get_next_at(self, delivery: Delivery) -> str | None:
        """Null when no attempt follows."""
        return delivery.next_at.isoformat() if delivery.state == Delivery.State.WAITING else None


class DeliveryPage(serializers.Serializer[object]):
    """A page of messages, newest first."""

    items = DeliverySerializer(many=True)
    next = serializers.CharField(allow_null=True)


class ChannelTest(serializers.Serializer[object]):
    """The trial message: its delivery, or null when it has arrived already."""

    delivery = DeliverySerializer(allow_null=True)
