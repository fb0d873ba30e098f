"""The quality page's figures and sampling rules over HTTP."""

from datetime import timedelta
from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from monitoring.logs.filters import read_range
from monitoring.quality import dashboard, queries, services
from monitoring.quality import serializers as shapes
from variorum.accounts.access import access_project, actor_of
from variorum.accounts.roles import Role
from variorum.lib import pagination
from variorum.lib.errors import Invalid

WEEK = timedelta(days=7)
LONGEST = timedelta(days=400)


class QualityView(APIView):
    """What production was worth."""

    @extend_schema(
        operation_id="quality_show",
        responses=shapes.Dashboard,
        parameters=[
            OpenApiParameter("from", str, description="A time with its zone; a week ago when it is missing."),
            OpenApiParameter("to", str, description="A time with its zone; now when it is missing."),
            OpenApiParameter("environment", str),
            OpenApiParameter("prompt", str),
            OpenApiParameter("group", str, enum=["commit"], description="Also split every figure by commit."),
        ],
    )
    def get(self, request: Request, project: str) -> Response:
        """Viewer. Requests, latency, tokens, cost, scores and deployments of a range, in one answer."""
        found = access_project(request, project)
        return Response(dashboard.answer(_question(request, found)))


def _question(request: Request, project: Any) -> dashboard.Question:
    since, until = read_range(request, default=WEEK, ahead=timedelta(0))
    if until - since > LONGEST:
        raise _bad("from", f"The range may span {LONGEST.days} days.")
    group = request.query_params.get("group", "")
    if group not in ("", "commit"):
        raise _bad("group", "group is commit, or missing.")
    names = {name: request.query_params.get(name, "")[:500] for name in ("environment", "prompt")}
    return dashboard.Question.of(project, since, until, by_commit=group == "commit", **names)


def _bad(where: str, text: str) -> Invalid:
    return Invalid(text, errors=[{"where": where, "code": "invalid", "detail": text}])


class SamplingRulesView(APIView):
    """Which share of the logs is scored, and by what."""

    @extend_schema(operation_id="sampling_rules_list", responses=shapes.SamplingRulePage)
    def get(self, request: Request, project: str) -> Response:
        """Viewer."""
        found = queries.rules_of(access_project(request, project))
        return Response(pagination.whole(shapes.SamplingRuleSerializer(found, many=True).data))

    @extend_schema(
        operation_id="sampling_rules_create",
        request=shapes.NewSamplingRule,
        responses={201: shapes.SamplingRuleSerializer},
    )
    def post(self, request: Request, project: str) -> Response:
        """Maintainer. It is about logs that come from now on."""
        found = access_project(request, project, Role.MAINTAINER)
        body = shapes.NewSamplingRule(data=request.data)
        body.is_valid(raise_exception=True)
        made = services.create_rule(project=found, actor=actor_of(request), **body.validated_data)
        return Response(shapes.SamplingRuleSerializer(made).data, status=201)


class SamplingRuleView(APIView):
    """One sampling rule."""

    @extend_schema(
        operation_id="sampling_rules_change",
        request=shapes.SamplingRuleChange,
        responses=shapes.SamplingRuleSerializer,
    )
    def patch(self, request: Request, project: str, rule: int) -> Response:
        """Maintainer. 409 when somebody changed it meanwhile."""
        found = queries.access_sampling_rule(request, project, rule, Role.MAINTAINER)
        body = shapes.SamplingRuleChange(data=request.data)
        body.is_valid(raise_exception=True)
        changes = dict(body.validated_data)
        seen = changes.pop("version")
        changed = services.change_rule(rule=found, actor=actor_of(request), seen=seen, changes=changes)
        return Response(shapes.SamplingRuleSerializer(changed).data)

    @extend_schema(operation_id="sampling_rules_delete", responses={204: None})
    def delete(self, request: Request, project: str, rule: int) -> Response:
        """Maintainer. What it has not scored yet is forgotten; its scores stay."""
        found = queries.access_sampling_rule(request, project, rule, Role.MAINTAINER)
        services.delete_rule(rule=found, actor=actor_of(request))
        return Response(status=204)
