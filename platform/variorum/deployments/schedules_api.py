"""Scheduled deploys and promotion over HTTP."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from variorum.accounts.access import access_project, actor_of, check_environment, key_of
from variorum.accounts.roles import Role
from variorum.deployments import promotion, queries, schedules, services
from variorum.deployments import serializers as shapes
from variorum.deployments.carrying import Carried, carried
from variorum.deployments.freezes_api import moment_in
from variorum.deployments.models import Environment, ScheduledDeploy
from variorum.deployments.rules_api import RuleChange, RuleFault
from variorum.lib import pagination
from variorum.lib.errors import Invalid, NotFound


class ScheduledDeploySerializer(serializers.ModelSerializer[ScheduledDeploy]):
    """A commit that is to go live at a moment. `problem` says why it failed; `deployment` is the number it made."""

    environment = serializers.CharField(source="environment.slug", read_only=True)
    deployment = serializers.IntegerField(source="deployment.number", allow_null=True, default=None, read_only=True)

    class Meta:
        model = ScheduledDeploy
        fields = [
            "id", "environment", "commit", "subject", "at", "zone", "note", "allow_between", "state", "deployment",
            "problem", "actor_name", "created_at", "ended_at",
        ]  # fmt: skip
        read_only_fields = fields


class ScheduledDeployPage(serializers.Serializer[object]):
    """A page of scheduled deploys, the newest first."""

    items = ScheduledDeploySerializer(many=True)
    next = serializers.CharField(allow_null=True)


class NewScheduledDeploy(serializers.Serializer[object]):
    """A commit and the moment: with its offset, or by the clock of `zone`, as 2026-11-24T09:00.

    Unless `allow_between`, it is given up when something else went live there in between.
    """

    commit = serializers.CharField(max_length=200)
    at = serializers.CharField(max_length=40)
    zone = serializers.CharField(max_length=64)
    note = serializers.CharField(allow_blank=True, default="", max_length=2000)
    allow_between = serializers.BooleanField(default=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """The moment in UTC."""
        return {**attrs, "at": moment_in("at", attrs["at"], attrs["zone"])}


class PromotionRules(serializers.Serializer[object]):
    """How the rules of the source (`number`; null: it never had any) differ from those in force here (`expected`).

    `faults` keep them from being in force here; `commits` are the subjects of the commits that either names, by id;
    `rollout` is one that is under way in the source: it stays behind.
    """

    number = serializers.IntegerField(allow_null=True)
    expected = serializers.IntegerField(allow_null=True)
    changes = RuleChange(many=True)
    before = serializers.DictField()
    after = serializers.DictField()
    commits = serializers.DictField(child=serializers.CharField())
    faults = RuleFault(many=True)
    rollout = serializers.IntegerField(allow_null=True)


class PromotionPreview(shapes.DeployPreview):
    """What promoting would change: what is live in `origin`, and for how many seconds it was in all.

    `rules` is null for a key that is bound to other environments than the source.
    """

    origin = serializers.CharField()
    deployment = shapes.DeploymentSerializer()
    seconds_live = serializers.IntegerField()
    rules = PromotionRules(allow_null=True)


class NewPromotion(serializers.Serializer[object]):
    """`origin`: an environment (left out: the one before). `commit`: what the caller saw live there, if they looked.

    `rules`: carry these rules of the source too (their number, as seen; left out: the rules here stay).
    `expected_rules`: the number of the rules that the caller saw in force here (null: none were).
    """

    origin = serializers.CharField(max_length=63, required=False)
    commit = serializers.CharField(max_length=40, required=False)
    expected = serializers.IntegerField(allow_null=True, required=False, min_value=0, max_value=2**31 - 1)
    note = serializers.CharField(allow_blank=True, default="", max_length=1900)
    rules = serializers.IntegerField(required=False, min_value=1, max_value=2**31 - 1)
    expected_rules = serializers.IntegerField(allow_null=True, required=False, min_value=0, max_value=2**31 - 1)


class ScheduledDeploysView(APIView):
    """The scheduled deploys of a project."""

    @extend_schema(
        operation_id="scheduled_deploys_list",
        parameters=[OpenApiParameter(name, str) for name in ("cursor", "limit")],
        responses=ScheduledDeployPage,
    )
    def get(self, request: Request, project: str) -> Response:
        """Viewer."""
        rows = ScheduledDeploy.objects.filter(project=access_project(request, project))
        rows = rows.select_related("environment", "deployment")
        return Response(pagination.by_id(request, rows, lambda page: ScheduledDeploySerializer(page, many=True).data))


class EnvironmentScheduleView(APIView):
    """Schedule a deploy."""

    @extend_schema(
        operation_id="scheduled_deploys_add", request=NewScheduledDeploy, responses={201: ScheduledDeploySerializer}
    )
    def post(self, request: Request, project: str, environment: str) -> Response:
        """Maintainer. All that a deploy asks for is asked when the time has come; its maker hears of a failure."""
        found = queries.access_environment(request, project, environment, Role.MAINTAINER)
        body = NewScheduledDeploy(data=request.data)
        body.is_valid(raise_exception=True)
        made = schedules.add(environment=found, actor=actor_of(request), **body.validated_data)
        return Response(ScheduledDeploySerializer(made).data, status=201)


class ScheduledDeployView(APIView):
    """One scheduled deploy."""

    @extend_schema(operation_id="scheduled_deploys_cancel", responses=ScheduledDeploySerializer)
    def delete(self, request: Request, project: str, scheduled: int) -> Response:
        """Maintainer. Calls it off; 409 `not_waiting` when it has ended."""
        found = access_scheduled_deploy(request, project, scheduled)
        cancelled = schedules.cancel(scheduled=found, actor=actor_of(request))
        return Response(ScheduledDeploySerializer(cancelled).data)


def access_scheduled_deploy(request: Request, slug: str, scheduled: int) -> ScheduledDeploy:
    """One scheduled deploy of a project in which the caller may deploy. Raises as access_project, NotFound."""
    project = access_project(request, slug, Role.MAINTAINER)
    rows = ScheduledDeploy.objects.select_related("environment__project", "deployment")
    found = rows.filter(project=project, pk=scheduled).first()
    if found is None:
        raise NotFound("The project has no such scheduled deploy.")
    check_environment(key_of(request), found.environment.slug)
    return found


class PromotionView(APIView):
    """From one environment to the next."""

    @extend_schema(
        operation_id="promotions_preview", parameters=[OpenApiParameter("origin", str)], responses=PromotionPreview
    )
    def get(self, request: Request, project: str, environment: str) -> Response:
        """Viewer. What promoting to this environment would change, and what stands in its way."""
        found = queries.access_environment(request, project, environment)
        source = _source(found, request.query_params.get("origin"))
        shown = promotion.preview(found, source, actor_of(request).user)
        key = key_of(request)
        if key is not None and not key.opens(source.environment.slug):
            shown["rules"] = None
        return Response(PromotionPreview(shown).data)

    @extend_schema(operation_id="promotions_create", request=NewPromotion, responses={201: shapes.DeploymentSerializer})
    def post(self, request: Request, project: str, environment: str) -> Response:
        """Maintainer. Deploys what is live in the source, with all that a deploy asks for; its rules too if wanted.

        When the commit is live here already, `rules` alone are put in force, and what is live is answered.
        """
        found = queries.access_environment(request, project, environment, Role.MAINTAINER)
        body = NewPromotion(data=request.data)
        body.is_valid(raise_exception=True)
        given = dict(body.validated_data)
        source = _source(found, given.pop("origin", None))
        promotion.still(source, given.pop("commit", None))
        rules = _carried(request, source, found, given.pop("rules", None), given.pop("expected_rules", services.ANY))
        made = promotion.promote(target=found, source=source, actor=actor_of(request), rules=rules, **given)
        return Response(shapes.DeploymentSerializer(made).data, status=201)


def _carried(
    request: Request, source: promotion.Source, target: Environment, number: int | None, expected: int | None
) -> Carried | None:
    if number is None:
        return None
    check_environment(key_of(request), source.environment.slug)
    return carried(source=source.environment, target=target, number=number, expected=expected)


def _source(target: Environment, slug: str | None) -> promotion.Source:
    if not slug:
        return promotion.source_of(target)
    named = queries.environment_of(target.project, slug)
    if named is None:
        text = f"The project has no environment {slug[:63]!r}."
        raise Invalid(text, errors=[{"where": "origin", "code": "unknown", "detail": text}])
    return promotion.source_of(target, named)
