"""What a comparison of a file looks like in JSON."""

from rest_framework import serializers

from variorum_client.formats.comparing.printing import GROUPS

GROUP_NAMES = list(GROUPS)


class SpanSerializer(serializers.Serializer[object]):
    """A run of words; the old text is all but the added ones, the new text all but the removed ones."""

    kind = serializers.ChoiceField(choices=["same", "removed", "added"])
    text = serializers.CharField(trim_whitespace=False)


class PassageSerializer(serializers.Serializer[object]):
    """A message of a prompt (or a paragraph, role ""), in both versions; places and lines count from 1."""

    state = serializers.ChoiceField(choices=["same", "changed", "added", "removed"])
    role = serializers.CharField()
    old_role = serializers.CharField()
    old_index = serializers.IntegerField(allow_null=True)
    new_index = serializers.IntegerField(allow_null=True)
    old_lines = serializers.ListField(child=serializers.IntegerField(), allow_null=True)
    new_lines = serializers.ListField(child=serializers.IntegerField(), allow_null=True)
    moved = serializers.BooleanField()
    spans = SpanSerializer(many=True)


class ComparisonRow(serializers.Serializer[object]):
    """One named value that changed, in words; null where a side does not have it."""

    group = serializers.ChoiceField(choices=GROUP_NAMES)
    key = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # a field of that name
    state = serializers.ChoiceField(choices=["same", "changed", "added", "removed"])
    old = serializers.CharField(allow_null=True)
    new = serializers.CharField(allow_null=True)
    note = serializers.CharField()


class ConsequenceSerializer(serializers.Serializer[object]):
    """What follows for others: breaks (some callers will fail), warns (look out), says (good to know)."""

    level = serializers.ChoiceField(choices=["breaks", "warns", "says"])
    code = serializers.CharField()
    subject = serializers.CharField()
    message = serializers.CharField()


class FileComparison(serializers.Serializer[object]):
    """What changed in one file, as what it is; an adapter's folder is compared as one, at its first changed file."""

    path = serializers.CharField()
    kind = serializers.CharField()
    state = serializers.ChoiceField(choices=["same", "changed", "added", "removed"])
    moved_from = serializers.CharField()
    consequences = ConsequenceSerializer(many=True)
    rows = ComparisonRow(many=True)
    passages = PassageSerializer(many=True)
    notes = serializers.ListField(child=serializers.CharField())
    readable = serializers.BooleanField()
