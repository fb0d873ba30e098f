"""Approvals to go live over HTTP."""

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from variorum.accounts.access import actor_of, person_of
from variorum.accounts.roles import Role
from variorum.deployments import golive, queries
from variorum.deployments.serializers import DeployPreview


class EnvironmentChange(serializers.Serializer[object]):
    """How many maintainers or owners must approve that a commit goes live here."""

    required_approvals = serializers.IntegerField(min_value=0, max_value=10)


class NewGoLive(serializers.Serializer[object]):
    """A commit of main, by its id or the beginning of it."""

    commit = serializers.CharField(max_length=200)


class EnvironmentView(APIView):
    """One environment's rules."""

    @extend_schema(operation_id="environments_change", request=EnvironmentChange, responses=EnvironmentChange)
    def patch(self, request: Request, project: str, environment: str) -> Response:
        """Owner."""
        found = queries.access_environment(request, project, environment, Role.OWNER)
        body = EnvironmentChange(data=request.data)
        body.is_valid(raise_exception=True)
        count = body.validated_data["required_approvals"]
        changed = golive.require(environment=found, actor=actor_of(request), count=count)
        return Response({"required_approvals": changed.required_approvals})


class GoLiveView(APIView):
    """Approvals that a commit goes live."""

    @extend_schema(operation_id="go_live_approve", request=NewGoLive, responses={201: DeployPreview})
    def post(self, request: Request, project: str, environment: str) -> Response:
        """Maintainer, in person. Answers what a deploy would change and what still stands in its way."""
        found = queries.access_environment(request, project, environment, Role.MAINTAINER)
        body = NewGoLive(data=request.data)
        body.is_valid(raise_exception=True)
        made = golive.approve(
            environment=found, commit=body.validated_data["commit"], actor=actor_of(request), user=person_of(request)
        )
        return Response(DeployPreview(queries.preview(found, made.commit)).data, status=201)
