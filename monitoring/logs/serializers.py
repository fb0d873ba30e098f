"""What logs look like in JSON. Posted logs are checked by hand in `entries`; these shapes document them."""

from typing import Any

from rest_framework import serializers

from evals.metrics.models import Score
from evals.metrics.serializers import ScoreSerializer
from monitoring.logs.entries import NAMES
from monitoring.logs.models import Log
from monitoring.logs.texts import Texts, answered, asked

PREVIEW = 160


class NewMessage(serializers.Serializer[object]):
    """One message of a chat. Further members, as tool calls, are kept."""

    role = serializers.CharField()
    content = serializers.JSONField(help_text="A text, or a list of parts.")


class NewInput(serializers.Serializer[object]):
    """What the model was given. A bare text instead of the object means `text`."""

    variables = serializers.DictField(required=False, help_text="The values with which the prompt was filled.")
    messages = NewMessage(many=True, required=False)
    text = serializers.CharField(required=False)


class NewLog(serializers.Serializer[object]):
    """One production call. Prompts and commits need not be known here."""

    id = serializers.UUIDField(help_text="Made by the caller; version 7 is best. Sent again it is a duplicate.")
    environment = serializers.CharField(max_length=NAMES["environment"])
    started_at = serializers.DateTimeField(required=False, help_text="Needed unless the id is a version 7 UUID.")
    prompt = serializers.CharField(max_length=NAMES["prompt"], required=False)
    commit = serializers.CharField(max_length=NAMES["commit"], required=False)
    variant = serializers.CharField(
        max_length=NAMES["variant"], required=False, help_text="The rule and variant that chose the commit."
    )
    model = serializers.CharField(max_length=NAMES["model"], required=False)
    adapter = serializers.CharField(max_length=NAMES["adapter"], required=False)
    latency_ms = serializers.FloatField(min_value=0, required=False)
    input = NewInput(required=False)
    output = serializers.JSONField(required=False, help_text="A text or any JSON.")
    error = serializers.CharField(required=False, help_text="What went wrong. Its presence makes the log an error.")
    reference = serializers.CharField(required=False, help_text="The right answer, when it is known.")
    input_tokens = serializers.IntegerField(min_value=0, required=False)
    output_tokens = serializers.IntegerField(min_value=0, required=False)
    cost = serializers.FloatField(min_value=0, required=False)
    tags = serializers.ListField(child=serializers.CharField(max_length=100), max_length=20, required=False)
    metadata = serializers.DictField(required=False)
    user = serializers.CharField(max_length=NAMES["user"], required=False)
    session = serializers.CharField(max_length=NAMES["session"], required=False)


class NewLogs(serializers.Serializer[object]):
    """A batch, stored whole or not at all."""

    logs = serializers.ListField(child=NewLog(), min_length=1, max_length=1000)


class TakenSerializer(serializers.Serializer[object]):
    """How many logs were new, and how many were here already."""

    accepted = serializers.IntegerField()
    duplicates = serializers.IntegerField()


class ShortScore(serializers.Serializer[object]):
    """A score as lists show it."""

    metric = serializers.CharField()
    version = serializers.IntegerField()
    name = serializers.CharField()
    author = serializers.CharField()
    value = serializers.FloatField(allow_null=True)
    label = serializers.CharField()  # type: ignore[assignment]  # a field's own label is not asked here


class LogSerializer(serializers.Serializer[object]):
    """One line of the list. `asked` and `answered` are the beginnings of the last message and of the output."""

    id = serializers.UUIDField()
    started_at = serializers.DateTimeField()
    prompt = serializers.CharField()
    environment = serializers.CharField()
    commit = serializers.CharField()
    variant = serializers.CharField()
    model = serializers.CharField()
    adapter = serializers.CharField()
    status = serializers.ChoiceField(choices=["ok", "error"])
    latency_ms = serializers.FloatField(allow_null=True)
    input_tokens = serializers.IntegerField(allow_null=True)
    output_tokens = serializers.IntegerField(allow_null=True)
    cost = serializers.FloatField(allow_null=True)
    tags = serializers.ListField(child=serializers.CharField())
    user = serializers.CharField()
    session = serializers.CharField()
    asked = serializers.CharField()
    answered = serializers.CharField()
    scores = ShortScore(many=True)


class LogPage(serializers.Serializer[object]):
    """A page of logs. With a text to look for, `searched_to` says how far back this page has looked."""

    items = LogSerializer(many=True)
    next = serializers.CharField(allow_null=True)
    searched_to = serializers.DateTimeField(allow_null=True)


class WholeLogSerializer(LogSerializer):
    """One log with everything in it."""

    received_at = serializers.DateTimeField()
    input = serializers.DictField(allow_null=True, help_text="variables, messages and text, as far as they were sent.")
    output = serializers.JSONField(allow_null=True)
    error = serializers.CharField(allow_null=True)
    reference = serializers.CharField(allow_null=True)
    metadata = serializers.DictField(allow_null=True)
    scores = ScoreSerializer(many=True)  # type: ignore[assignment]  # more than in lists


class Bar(serializers.Serializer[object]):
    """The logs of one step of time."""

    at = serializers.DateTimeField()
    ok = serializers.IntegerField()
    errors = serializers.IntegerField()  # type: ignore[assignment]  # not this serializer's own errors


class Histogram(serializers.Serializer[object]):
    """Logs by time; steps without logs are left out."""

    step = serializers.IntegerField(help_text="Seconds.")
    items = Bar(many=True)


class Facet(serializers.Serializer[object]):
    """A name and how many requests had it."""

    value = serializers.CharField()
    count = serializers.IntegerField()


class Facets(serializers.Serializer[object]):
    """The names that occur in a range."""

    prompt = Facet(many=True)
    environment = Facet(many=True)
    commit = Facet(many=True)
    model = Facet(many=True)


class NewFeedback(serializers.Serializer[object]):
    """What a user of the app says about an answer: 0 bad, 1 good. The same user again replaces what they said."""

    value = serializers.FloatField(min_value=0, max_value=1)
    comment = serializers.CharField(max_length=4000, required=False, allow_blank=True, default="")
    user = serializers.CharField(max_length=60, required=False, allow_blank=True, default="")


def line(log: Log, texts: Texts, scores: list[Score]) -> dict[str, Any]:
    """A log for a list."""
    same = (
        "id", "started_at", "prompt", "environment", "commit", "variant", "model", "adapter", "latency_ms",
        "input_tokens", "output_tokens", "tags", "session",
    )  # fmt: skip
    return {
        **{name: getattr(log, name) for name in same},
        "status": "error" if log.failed else "ok",
        "cost": None if log.cost is None else float(log.cost),
        "user": log.end_user,
        "asked": _cut(asked(texts)),
        "answered": _cut(answered(texts)),
        "scores": [
            {
                "metric": score.metric.slug,
                "version": score.metric.version,
                "name": score.metric.name,
                "author": score.author,
                "value": score.value,
                "label": score.label,
            }
            for score in scores
        ],
    }


def whole(log: Log, texts: Texts, scores: list[Score]) -> dict[str, Any]:
    """A log in full."""
    members = ("input", "output", "error", "reference", "metadata")
    return {
        **line(log, texts, scores),
        "received_at": log.received_at,
        **{name: texts.get(name) for name in members},
        "scores": ScoreSerializer(scores, many=True).data,
    }


def _cut(text: str) -> str:
    text = " ".join(text[: PREVIEW * 2].split())
    return text if len(text) <= PREVIEW else text[: PREVIEW - 1] + "…"
