"""Rollouts over HTTP."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from monitoring.quality import rollouts as guarded
from monitoring.quality import rollouts_shapes as shapes
from variorum.accounts.access import access_project, actor_of
from variorum.accounts.roles import Role
from variorum.deployments import rollouts
from variorum.deployments.models import Rollout
from variorum.deployments.queries import access_environment, access_rollout
from variorum.lib import pagination
from variorum.lib.errors import Conflict, NotFound

ACTS = {
    "pause": rollouts.pause,
    "resume": rollouts.resume,
    "advance": rollouts.advance,
    "abort": rollouts.abort,
    "rollback": rollouts.roll_back,
}
PAGE = [OpenApiParameter(name, str) for name in ("cursor", "limit", "environment")]


class RolloutsView(APIView):
    """The rollouts of a project."""

    @extend_schema(operation_id="rollouts_list", parameters=PAGE, responses=shapes.RolloutPage)
    def get(self, request: Request, project: str) -> Response:
        """Viewer. Newest first."""
        environment = request.query_params.get("environment", "")[:63]
        rows = guarded.rollouts_of(access_project(request, project), environment)
        page = pagination.by_id(
            request, rows, lambda found: shapes.RolloutSerializer(found, many=True).data, field="number"
        )
        return Response(page)


class StartView(APIView):
    """Bring a candidate to more and more callers."""

    @extend_schema(operation_id="rollouts_start", request=shapes.NewRollout, responses={201: shapes.RolloutDetail})
    def post(self, request: Request, project: str, environment: str) -> Response:
        """Maintainer. The gates are those of a deploy; one rollout at a time in an environment."""
        found = access_environment(request, project, environment, Role.MAINTAINER)
        body = shapes.NewRollout(data=request.data)
        body.is_valid(raise_exception=True)
        given = dict(body.validated_data)
        watch = given.pop("guards")
        made = guarded.start(environment=found, watch=watch, actor=actor_of(request), **given)
        return Response(_detail(made), status=201)


class RolloutView(APIView):
    """One rollout."""

    @extend_schema(operation_id="rollouts_show", responses=shapes.RolloutDetail)
    def get(self, request: Request, project: str, number: int) -> Response:
        """Viewer. With its guards and who did what."""
        return Response(_detail(access_rollout(request, project, number)))


class RolloutActView(APIView):
    """Pause, resume, advance, abort or roll back."""

    @extend_schema(
        operation_id="rollouts_act",
        request=shapes.RolloutAct,
        responses=shapes.RolloutDetail,
        parameters=[OpenApiParameter("act", str, OpenApiParameter.PATH, enum=list(ACTS))],
    )
    def post(self, request: Request, project: str, number: int, act: str) -> Response:
        """Maintainer. Everybody is served accordingly within a second.

        `advance` goes on now, without what the step waits for, and after the last step makes the candidate live for
        all; `abort` and `rollback` give everybody back what was live before (rollback also after completion).
        """
        found = access_rollout(request, project, number, Role.MAINTAINER)
        if act not in ACTS:
            raise NotFound(f"A rollout knows {', '.join(ACTS)}; not {act[:30]!r}.")
        body = shapes.RolloutAct(data=request.data)
        body.is_valid(raise_exception=True)
        seen = body.validated_data.get("step", found.step)
        if seen != found.step:
            text = f"Rollout #{found.number} is at step {found.step + 1} by now. Look at it, then decide again."
            raise Conflict(text, code="rollout_stale")
        ACTS[act](rollout=found, actor=actor_of(request), note=body.validated_data["note"])
        return Response(_detail(found))


def _detail(rollout: Rollout) -> Any:
    found = guarded.rollouts_of(rollout.project).get(pk=rollout.pk)
    found.story = guarded.story(found)  # type: ignore[attr-defined]  # read by the serializer
    return shapes.RolloutDetail(found).data
