"""The lineage of an adapter over HTTP."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from evals.runs.lineage import KINDS, lineage
from variorum.accounts.access import access_project
from variorum.repos.api import REF, path_param, ref_of


class LineageNode(serializers.Serializer[object]):
    """One thing with its page. `column` is its place from the data (0) to the deployments (4)."""

    id = serializers.CharField()
    kind = serializers.ChoiceField(choices=KINDS)
    column = serializers.IntegerField()
    title = serializers.CharField()
    detail = serializers.CharField()
    state = serializers.CharField()
    url = serializers.CharField()


class LineageEdge(serializers.Serializer[object]):
    """An arrow between two nodes."""

    tail = serializers.CharField()
    head = serializers.CharField()


class LineageEarlier(serializers.Serializer[object]):
    """How many older ones are left out."""

    evaluation = serializers.IntegerField()
    deployment = serializers.IntegerField()


class LineageAnswer(serializers.Serializer[object]):
    """What led to an adapter's weights and what became of them."""

    path = serializers.CharField()
    commit = serializers.CharField()
    nodes = LineageNode(many=True)
    edges = LineageEdge(many=True)
    earlier = LineageEarlier()


class LineageView(APIView):
    """Data, job, adapter, evaluations, deployments."""

    @extend_schema(
        operation_id="adapters_lineage",
        responses=LineageAnswer,
        parameters=[REF, OpenApiParameter("path", str, required=True, description="The folder: adapters/triage.")],
    )
    def get(self, request: Request, project: str) -> Response:
        """Viewer. Of the weights that the folder has at `ref`."""
        found = lineage(access_project(request, project), ref_of(request), path_param(request).strip("/"))
        answer: dict[str, Any] = {
            "path": found.folder,
            "commit": found.commit,
            "nodes": found.nodes,
            "edges": [{"tail": tail, "head": head} for tail, head in found.edges],
            "earlier": found.earlier,
        }
        return Response(LineageAnswer(answer).data)
