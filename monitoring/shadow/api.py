"""Shadows over HTTP."""

from collections.abc import Sequence
from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from monitoring.shadow import queries, services
from monitoring.shadow import serializers as shapes
from monitoring.shadow.models import Shadow, ShadowPair
from variorum.accounts.access import access_project, actor_of
from variorum.accounts.roles import Role
from variorum.deployments.queries import access_environment
from variorum.lib import pagination
from variorum.lib.errors import Invalid

ACTS = {"paused": services.pause, "running": services.resume, "stopped": services.stop}


class ShadowsView(APIView):
    """Candidates that answer live requests unseen."""

    @extend_schema(
        operation_id="shadows_list",
        responses=shapes.ShadowPage,
        parameters=[OpenApiParameter("cursor", str), OpenApiParameter("limit", int)],
    )
    def get(self, request: Request, project: str) -> Response:
        """Viewer. Newest first."""
        found = queries.shadows_of(access_project(request, project))

        def shown(rows: Sequence[Shadow]) -> Any:
            return shapes.ShadowSerializer(rows, many=True).data

        return Response(pagination.by_id(request, found, shown, field="number"))

    @extend_schema(operation_id="shadows_start", request=shapes.NewShadow, responses={201: shapes.ShadowSerializer})
    def post(self, request: Request, project: str) -> Response:
        """Maintainer. It is about requests that come from now on."""
        access_project(request, project, Role.MAINTAINER)
        body = shapes.NewShadow(data=request.data)
        body.is_valid(raise_exception=True)
        fields = dict(body.validated_data)
        environment = access_environment(request, project, fields.pop("environment"), Role.MAINTAINER)
        made = services.start_shadow(environment=environment, actor=actor_of(request), **fields)
        return Response(shapes.ShadowSerializer(made).data, status=201)


class ShadowPreviewView(APIView):
    """What a shadow could answer."""

    @extend_schema(
        operation_id="shadows_preview",
        responses=shapes.ShadowPreview,
        parameters=[
            OpenApiParameter("environment", str, required=True),
            OpenApiParameter("commit", str, required=True),
        ],
    )
    def get(self, request: Request, project: str) -> Response:
        """Maintainer. The prompts of a commit beside those that are live."""
        access_project(request, project, Role.MAINTAINER)
        slug = request.query_params.get("environment", "")[:63]
        environment = access_environment(request, project, slug, Role.MAINTAINER)
        found = queries.preview(environment, request.query_params.get("commit", "")[:200])
        return Response(shapes.ShadowPreview(found).data)


class ShadowView(APIView):
    """One shadow."""

    @extend_schema(operation_id="shadows_show", responses=shapes.ShadowSerializer)
    def get(self, request: Request, project: str, shadow: int) -> Response:
        """Viewer."""
        return Response(shapes.ShadowSerializer(queries.access_shadow(request, project, shadow)).data)

    @extend_schema(operation_id="shadows_change", request=shapes.ShadowChange, responses=shapes.ShadowSerializer)
    def patch(self, request: Request, project: str, shadow: int) -> Response:
        """Maintainer. 409 when it is not in a state for that."""
        found = queries.access_shadow(request, project, shadow, Role.MAINTAINER)
        body = shapes.ShadowChange(data=request.data)
        body.is_valid(raise_exception=True)
        changed = ACTS[body.validated_data["state"]](shadow=found, actor=actor_of(request))
        return Response(shapes.ShadowSerializer(changed).data)


class ShadowPairsView(APIView):
    """The requests that a shadow answered again."""

    @extend_schema(
        operation_id="shadows_pairs",
        responses=shapes.ShadowPairPage,
        parameters=[
            OpenApiParameter("outcome", str, enum=list(shapes.FILTERS), description="order: the order mattered."),
            OpenApiParameter("cursor", str),
            OpenApiParameter("limit", int),
        ],
    )
    def get(self, request: Request, project: str, shadow: int) -> Response:
        """Viewer. Both answers side by side, with what the judge said."""
        found = queries.access_shadow(request, project, shadow)
        outcome = request.query_params.get("outcome", "")
        if outcome not in ("", *shapes.FILTERS):
            text = f"outcome is one of {', '.join(shapes.FILTERS)}, or missing."
            raise Invalid(text, errors=[{"where": "outcome", "code": "invalid", "detail": text}])

        def shown(rows: Sequence[ShadowPair]) -> Any:
            sides = queries.side_by_side(found, rows)
            return shapes.ShadowPairSerializer([shapes.present(side) for side in sides], many=True).data

        return Response(pagination.by_id(request, queries.pairs_of(found, outcome), shown, default=20))
