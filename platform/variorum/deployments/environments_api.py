"""The settings of environments over HTTP: what each asks for before something goes live in it."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from variorum.accounts.access import access_project, actor_of
from variorum.accounts.models import User
from variorum.accounts.roles import Role
from variorum.deployments import environments, queries
from variorum.deployments import serializers as shapes
from variorum.deployments.api import environment_facts
from variorum.deployments.models import EnvironmentCheck
from variorum.lib.errors import NotFound


class EnvironmentChange(serializers.Serializer[object]):
    """What is to change; the rest stays. `approvers`: ids of members. `soak_hours` null: not asked for."""

    name = serializers.CharField(max_length=100, required=False)
    guarded = serializers.BooleanField(required=False)
    required_approvals = serializers.IntegerField(min_value=0, max_value=10, required=False)
    approver_role = serializers.ChoiceField(
        choices=[choice for choice in Role.choices if choice[0] != Role.VIEWER], allow_blank=True, required=False
    )
    own_approval_counts = serializers.BooleanField(required=False)
    soak_hours = serializers.IntegerField(min_value=0, max_value=24 * 90, allow_null=True, required=False)
    approvers = serializers.PrimaryKeyRelatedField(
        queryset=User.objects.all(), many=True, required=False, allow_empty=True
    )


class EnvironmentDetail(shapes.EnvironmentSerializer):
    """An environment, and in words what goes when it is removed."""

    takes = serializers.ListField(child=serializers.CharField())


class EnvironmentOrder(serializers.Serializer[object]):
    """The short names of all environments in their new order."""

    order = serializers.ListField(child=serializers.CharField(max_length=63), max_length=environments.MOST)


class NewEnvironmentCheck(serializers.Serializer[object]):
    """A check by its name, and the files or folders it is about, one a line; empty: any file."""

    name = serializers.CharField(max_length=100)
    path = serializers.CharField(max_length=400, allow_blank=True, default="")


class EnvironmentView(APIView):
    """One environment."""

    @extend_schema(operation_id="environments_show", responses=EnvironmentDetail)
    def get(self, request: Request, project: str, environment: str) -> Response:
        """Viewer."""
        found = queries.access_environment(request, project, environment)
        facts = {**environment_facts(found), "takes": environments.takes(found)}
        return Response(EnvironmentDetail(facts).data)

    @extend_schema(
        operation_id="environments_change", request=EnvironmentChange, responses=shapes.EnvironmentSerializer
    )
    def patch(self, request: Request, project: str, environment: str) -> Response:
        """Owner."""
        found = queries.access_environment(request, project, environment, Role.OWNER)
        body = EnvironmentChange(data=request.data)
        body.is_valid(raise_exception=True)
        given: dict[str, Any] = dict(body.validated_data)
        changed = environments.change(environment=found, actor=actor_of(request), **given)
        return Response(shapes.EnvironmentSerializer(environment_facts(changed)).data)

    @extend_schema(
        operation_id="environments_remove", parameters=[OpenApiParameter("confirm", str)], responses={204: None}
    )
    def delete(self, request: Request, project: str, environment: str) -> Response:
        """Owner. With its history. Where something is live, `confirm` must be its short name (409 `still_live`)."""
        found = queries.access_environment(request, project, environment, Role.OWNER)
        confirm = request.query_params.get("confirm", "")
        environments.remove(environment=found, actor=actor_of(request), confirm=confirm)
        return Response(status=204)


class EnvironmentOrderView(APIView):
    """The order of the environments: a promotion goes from one to the next."""

    @extend_schema(operation_id="environments_order", request=EnvironmentOrder, responses=EnvironmentOrder)
    def put(self, request: Request, project: str) -> Response:
        """Owner."""
        found = access_project(request, project, Role.OWNER)
        body = EnvironmentOrder(data=request.data)
        body.is_valid(raise_exception=True)
        slugs = body.validated_data["order"]
        ordered = environments.order(project=found, actor=actor_of(request), slugs=slugs)
        return Response({"order": [each.slug for each in ordered]})


class EnvironmentChecksView(APIView):
    """The checks that one environment requires."""

    @extend_schema(
        operation_id="environment_checks_set",
        request=NewEnvironmentCheck,
        responses={201: shapes.EnvironmentCheckSerializer},
    )
    def post(self, request: Request, project: str, environment: str) -> Response:
        """Owner. The same name again changes its files."""
        found = queries.access_environment(request, project, environment, Role.OWNER)
        body = NewEnvironmentCheck(data=request.data)
        body.is_valid(raise_exception=True)
        made = environments.require_check(environment=found, actor=actor_of(request), **body.validated_data)
        return Response(shapes.EnvironmentCheckSerializer(made).data, status=201)


class EnvironmentCheckView(APIView):
    """One check that an environment requires."""

    @extend_schema(operation_id="environment_checks_drop", responses={204: None})
    def delete(self, request: Request, project: str, environment: str, check: int) -> Response:
        """Owner."""
        found = access_environment_check(request, project, environment, check)
        environments.drop_check(check=found, actor=actor_of(request))
        return Response(status=204)


def access_environment_check(request: Request, project: str, slug: str, check: int) -> EnvironmentCheck:
    """One check of an environment whose project the caller owns. Raises as access_environment, NotFound."""
    environment = queries.access_environment(request, project, slug, Role.OWNER)
    rows = EnvironmentCheck.objects.filter(environment=environment, pk=check)
    found = rows.select_related("environment__project").first()
    if found is None:
        raise NotFound(f"{environment.name} requires no such check.")
    return found
