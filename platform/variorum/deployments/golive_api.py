"""Approvals to go live over HTTP."""

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from variorum.accounts.access import actor_of, person_of
from variorum.deployments import golive, queries
from variorum.deployments.serializers import DeployPreview


class NewGoLive(serializers.Serializer[object]):
    """A commit of main, by its id or the beginning of it."""

    commit = serializers.CharField(max_length=200)


class GoLiveView(APIView):
    """Approvals that a commit goes live."""

    @extend_schema(operation_id="go_live_approve", request=NewGoLive, responses={201: DeployPreview})
    def post(self, request: Request, project: str, environment: str) -> Response:
        """Whose approval counts there, in person. Answers what a deploy would change and what stands in its way."""
        found = queries.access_environment(request, project, environment)
        person = person_of(request)
        golive.may_approve(found, person)
        body = NewGoLive(data=request.data)
        body.is_valid(raise_exception=True)
        commit = body.validated_data["commit"]
        made = golive.approve(environment=found, commit=commit, actor=actor_of(request), user=person)
        return Response(DeployPreview(queries.preview(found, made.commit, person)).data, status=201)
