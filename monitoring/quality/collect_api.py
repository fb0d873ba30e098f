"""Logs -> dataset over HTTP."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from monitoring.quality import collect
from variorum.accounts.access import access_project, actor_of
from variorum.accounts.roles import Role
from variorum.datasets.queries import find_dataset
from variorum.datasets.serializers import VersionDetail
from variorum.datasets.services import create_dataset
from variorum.lib.errors import Invalid


class CollectFilter(serializers.Serializer[object]):
    """Which logs, as in the list of logs; `days` back from now."""

    days = serializers.IntegerField(min_value=1, max_value=366, default=7)
    prompt = serializers.CharField(max_length=200, required=False)
    environment = serializers.CharField(max_length=63, required=False)
    commit = serializers.CharField(max_length=64, required=False)
    status = serializers.ChoiceField(choices=["ok", "error"], required=False)
    tag = serializers.CharField(max_length=100, required=False)
    score = serializers.CharField(max_length=63, required=False)
    score_above = serializers.FloatField(required=False)
    score_below = serializers.FloatField(required=False)


class CollectRequest(serializers.Serializer[object]):
    """Either `logs` (ids) or `filter` with a sample size; into a dataset, or a new one by `name`."""

    logs = serializers.ListField(child=serializers.UUIDField(), min_length=1, max_length=1000, required=False)
    filter = CollectFilter(required=False)
    sample = serializers.IntegerField(min_value=1, max_value=collect.MOST, default=500)
    seed = serializers.IntegerField(min_value=0, max_value=2**31 - 1, default=0)
    dataset = serializers.CharField(max_length=63, required=False)
    name = serializers.CharField(max_length=100, required=False)
    expected = serializers.ChoiceField(choices=collect.EXPECTED, default="reference")
    corrections = serializers.DictField(child=serializers.CharField(max_length=100_000), default=dict)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Exactly one way to choose and one target."""
        if ("logs" in attrs) == ("filter" in attrs):
            raise serializers.ValidationError({"logs": "Choose logs either by their ids or by a filter."})
        if bool(attrs.get("dataset")) == bool(attrs.get("name")):
            raise serializers.ValidationError({"dataset": "Name either a dataset or a new dataset's name."})
        return attrs


class CollectAnswer(serializers.Serializer[object]):
    """The dataset and the version that came of it."""

    dataset = serializers.CharField()
    version = VersionDetail()


class CollectView(APIView):
    """Make dataset rows of logs."""

    @extend_schema(operation_id="logs_collect", request=CollectRequest, responses={201: CollectAnswer})
    def post(self, request: Request, project: str) -> Response:
        """Editor. A new version with the logs' lineage; corrections (by log id) go before reference and output."""
        found = access_project(request, project, Role.EDITOR)
        body = CollectRequest(data=request.data)
        body.is_valid(raise_exception=True)
        data = body.validated_data
        logs = (
            collect.by_ids(found, data["logs"])
            if "logs" in data
            else collect.by_filter(found, data["filter"], sample=data["sample"], seed=data["seed"])
        )
        unknown = sorted(set(data["corrections"]) - {str(log.id) for log in logs})
        if unknown:
            raise Invalid(
                f"The correction of {unknown[0]} is for a log that was not chosen.", code="unknown_correction"
            )
        actor = actor_of(request)
        target = (
            find_dataset(found, data["dataset"])
            if data.get("dataset")
            else create_dataset(project=found, actor=actor, name=data["name"])
        )
        version = collect.collect(
            dataset=target, logs=logs, actor=actor, expected=data["expected"], corrections=data["corrections"]
        )
        return Response(CollectAnswer({"dataset": target.slug, "version": version}).data, status=201)
