"""What logs look like in JSON. Posted logs are checked by hand in `entries`; these shapes document them."""

from rest_framework import serializers

from monitoring.logs.entries import NAMES


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
