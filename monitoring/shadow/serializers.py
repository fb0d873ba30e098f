"""What shadows look like in JSON."""

from typing import Any

from rest_framework import serializers

from monitoring.logs.texts import answered, asked
from monitoring.shadow.models import Shadow, ShadowPair
from monitoring.shadow.queries import Side

ACTS = ("running", "paused", "stopped")
FILTERS = ("win", "tie", "loss", "unjudged", "error", "order")
MOST_TEXT = 20_000  # characters of one answer in the list


class NewShadow(serializers.Serializer[object]):
    """A shadow to be started. The limits that are left out do not hold; no prompts: all that the commit changes."""

    environment = serializers.CharField(max_length=63)
    commit = serializers.CharField(max_length=200)
    metric = serializers.CharField(max_length=63, help_text="A judge, or a code metric whose values are compared.")
    share = serializers.FloatField(min_value=0.0001, max_value=1, help_text="Of the live commit's requests.")
    pairs_wanted = serializers.IntegerField(min_value=10, max_value=5000, default=200)
    prompts = serializers.ListField(child=serializers.CharField(max_length=200), max_length=100, default=list)
    margin = serializers.FloatField(min_value=0, max_value=0.5, default=0.05)
    max_answers = serializers.IntegerField(min_value=1, max_value=2**31 - 1, allow_null=True, default=None)
    max_tokens = serializers.IntegerField(min_value=1, max_value=2**53, allow_null=True, default=None)
    max_cost = serializers.DecimalField(
        max_digits=12, decimal_places=4, min_value=0, allow_null=True, default=None, help_text="US dollars."
    )


class ShadowChange(serializers.Serializer[object]):
    """`paused` pauses, `running` resumes, `stopped` ends it for good."""

    state = serializers.ChoiceField(choices=ACTS)


class ShadowInterval(serializers.Serializer[object]):
    """A figure with its 95 % interval."""

    value = serializers.FloatField()
    low = serializers.FloatField()
    high = serializers.FloatField()
    n = serializers.IntegerField()
    method = serializers.CharField()
    confidence = serializers.FloatField()


class ShadowDifference(serializers.Serializer[object]):
    """Two means over the pairs that have both figures, and what the candidate's differ by."""

    live = serializers.FloatField()
    candidate = serializers.FloatField()
    difference = ShadowInterval()


class ShadowFigures(serializers.Serializer[object]):
    """What the pairs say so far. Latencies are milliseconds, costs US dollars a request."""

    pairs = serializers.IntegerField()
    wins = serializers.IntegerField()
    ties = serializers.IntegerField()
    losses = serializers.IntegerField()
    order_mattered = serializers.IntegerField()
    unjudged = serializers.IntegerField()
    errors = serializers.IntegerField()  # type: ignore[assignment]  # not this serializer's own errors
    waiting = serializers.IntegerField()
    rate = ShadowInterval(allow_null=True)
    latency = ShadowDifference(allow_null=True)
    cost = ShadowDifference(allow_null=True)
    value = ShadowDifference(allow_null=True)
    verdict = serializers.ChoiceField(choices=["better", "worse", "inconclusive"])
    not_worse = serializers.BooleanField()
    words = serializers.CharField()


class ShadowMetric(serializers.Serializer[object]):
    """By what the answers are compared."""

    slug = serializers.CharField()
    name = serializers.CharField()
    version = serializers.IntegerField()
    kind = serializers.CharField()


class ShadowSerializer(serializers.ModelSerializer[Shadow]):
    """A shadow with what it has spent and found. `words` says why it ended."""

    environment = serializers.CharField(source="environment.slug")
    environment_name = serializers.CharField(source="environment.name")
    metric = ShadowMetric()
    max_cost = serializers.FloatField(allow_null=True)
    cost = serializers.FloatField()
    judge_cost = serializers.FloatField()
    skipped = serializers.DictField(child=serializers.IntegerField())
    figures = ShadowFigures(allow_null=True)

    class Meta:
        model = Shadow
        fields = [
            "number", "environment", "environment_name", "baseline", "commit", "subject", "prompts", "share", "metric",
            "pairs_wanted", "margin", "max_answers", "max_tokens", "max_cost", "answers", "tokens", "cost",
            "judge_cost", "skipped", "state", "ended", "words", "figures", "actor_name", "created_at", "ended_at",
        ]  # fmt: skip
        read_only_fields = fields


class ShadowPage(serializers.Serializer[object]):
    """Shadows, newest first."""

    items = ShadowSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class ShadowSaid(serializers.Serializer[object]):
    """What the judge said in one order: candidate, live or tie; nothing when it gave no verdict."""

    winner = serializers.CharField()
    reason = serializers.CharField()
    problem = serializers.CharField()


class ShadowAnswer(serializers.Serializer[object]):
    """One of the two answers. `text` is null when it is not there, or no longer kept."""

    text = serializers.CharField(allow_null=True)
    latency_ms = serializers.FloatField(allow_null=True)
    input_tokens = serializers.IntegerField(allow_null=True)
    output_tokens = serializers.IntegerField(allow_null=True)
    cost = serializers.FloatField(allow_null=True)
    value = serializers.FloatField(allow_null=True)


class ShadowPairSerializer(serializers.Serializer[object]):
    """A request with both answers. `first` is what the judge said with the candidate's answer first."""

    id = serializers.IntegerField()
    log = serializers.CharField()
    prompt = serializers.CharField()
    asked = serializers.CharField()
    outcome = serializers.ChoiceField(choices=ShadowPair.Result.choices)
    order_mattered = serializers.BooleanField()
    error = serializers.CharField()
    live = ShadowAnswer()
    candidate = ShadowAnswer()
    first = ShadowSaid(allow_null=True)
    second = ShadowSaid(allow_null=True)


class ShadowPairPage(serializers.Serializer[object]):
    """Pairs, newest first."""

    items = ShadowPairSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class ShadowPrompt(serializers.Serializer[object]):
    """A prompt of the candidate. `requests` is how many the live commit had of it in seven days."""

    name = serializers.CharField()
    model = serializers.CharField()
    changed = serializers.BooleanField()
    problem = serializers.CharField()
    requests = serializers.IntegerField()


class ShadowPreview(serializers.Serializer[object]):
    """What a shadow of a commit could answer."""

    commit = serializers.CharField()
    subject = serializers.CharField()
    live = serializers.CharField()
    prompts = ShadowPrompt(many=True)


def present(side: Side) -> dict[str, Any]:
    """A pair for ShadowPairSerializer."""
    pair = side.pair
    live = answered(side.texts)[:MOST_TEXT] if side.log else None
    return {
        "id": pair.pk,
        "log": str(pair.log_id),
        "prompt": pair.prompt,
        "asked": asked(side.texts)[:MOST_TEXT],
        "outcome": pair.outcome,
        "order_mattered": pair.order_mattered,
        "error": pair.error,
        "live": _answer(pair, "live_", live),
        "candidate": _answer(pair, "", None if pair.output is None else pair.output[:MOST_TEXT]),
        "first": pair.first,
        "second": pair.second,
    }


def _answer(pair: ShadowPair, prefix: str, text: str | None) -> dict[str, Any]:
    names = ("latency_ms", "input_tokens", "output_tokens", "cost", "value")
    return {"text": text, **{name: getattr(pair, prefix + name) for name in names}}
