"""The preview of rules over HTTP."""

from datetime import timedelta

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from monitoring.quality.rule_preview import preview
from variorum.deployments.queries import access_environment


class RulesToPreview(serializers.Serializer[object]):
    """A document of rules, and how many hours back from now."""

    document = serializers.DictField()
    hours = serializers.IntegerField(min_value=1, max_value=24 * 30, default=24)


class VariantCount(serializers.Serializer[object]):
    """How many requests would have got a variant."""

    variant = serializers.CharField()
    count = serializers.IntegerField()


class FieldCount(serializers.Serializer[object]):
    """A field of the context and a number of requests."""

    name = serializers.CharField()
    count = serializers.IntegerField()


class RulePreview(serializers.Serializer[object]):
    """One rule: `about` requests it is about, what they would have got from it, how many failed, and which fields that
    it asks for the logs do not know."""

    key = serializers.CharField()
    about = serializers.IntegerField()
    variants = VariantCount(many=True)
    failed = serializers.IntegerField()
    lacking = FieldCount(many=True)


class RulesPreview(serializers.Serializer[object]):
    """Of `total` requests `n` were looked at; `stopped`: time was up. The logs of `telling` say which context they were
    made with. `known`: the fields of all these contexts."""

    total = serializers.IntegerField()
    n = serializers.IntegerField()
    live = serializers.IntegerField()
    telling = serializers.IntegerField()
    stopped = serializers.BooleanField()
    rules = RulePreview(many=True)
    known = FieldCount(many=True)


class RulesPreviewView(APIView):
    """What rules would have given the requests of the last hours."""

    @extend_schema(operation_id="rules_preview", request=RulesToPreview, responses=RulesPreview)
    def post(self, request: Request, project: str, environment: str) -> Response:
        """Viewer. Changes nothing."""
        found = access_environment(request, project, environment)
        body = RulesToPreview(data=request.data)
        body.is_valid(raise_exception=True)
        until = timezone.now()
        since = until - timedelta(hours=body.validated_data["hours"])
        seen = preview(environment=found, document=body.validated_data["document"], since=since, until=until)
        return Response(RulesPreview(seen).data)
