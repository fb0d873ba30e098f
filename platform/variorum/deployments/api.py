"""Environments and deployments over HTTP."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from variorum.accounts.access import access_project, actor_of
from variorum.accounts.roles import Role
from variorum.deployments import environments, freezes, queries, services
from variorum.deployments import serializers as shapes
from variorum.deployments.models import Deployment, Environment
from variorum.lib import pagination
from variorum.lib.errors import Invalid, NotFound

PAGE = [OpenApiParameter(name, str) for name in ("cursor", "limit")]


class EnvironmentsView(APIView):
    """The environments of a project."""

    @extend_schema(operation_id="environments_list", responses=shapes.EnvironmentPage)
    def get(self, request: Request, project: str) -> Response:
        """Viewer. Each with what is live and how much of main waits."""
        found = services.ensure_environments(access_project(request, project))
        return Response(pagination.whole(shapes.EnvironmentSerializer(map(environment_facts, found), many=True).data))

    @extend_schema(
        operation_id="environments_add", request=shapes.NewEnvironment, responses={201: shapes.EnvironmentSerializer}
    )
    def post(self, request: Request, project: str) -> Response:
        """Owner. It comes after the others; its short name is for apps and never changes."""
        found = access_project(request, project, Role.OWNER)
        body = shapes.NewEnvironment(data=request.data)
        body.is_valid(raise_exception=True)
        made = environments.add(project=found, actor=actor_of(request), **body.validated_data)
        return Response(shapes.EnvironmentSerializer(environment_facts(made)).data, status=201)


class AllDeploymentsView(APIView):
    """Every deployment of a project."""

    @extend_schema(operation_id="deployments_list", parameters=PAGE, responses=shapes.DeploymentPage)
    def get(self, request: Request, project: str) -> Response:
        """Viewer. Newest first, all environments."""
        return _page(request, queries.deployments_of(access_project(request, project)))


class DeploymentsView(APIView):
    """The deployments of one environment."""

    @extend_schema(operation_id="environment_deployments_list", parameters=PAGE, responses=shapes.DeploymentPage)
    def get(self, request: Request, project: str, environment: str) -> Response:
        """Viewer. Newest first; the first one is live."""
        return _page(request, queries.history(queries.access_environment(request, project, environment)))

    @extend_schema(
        operation_id="deployments_create", request=shapes.NewDeployment, responses={201: shapes.DeploymentSerializer}
    )
    def post(self, request: Request, project: str, environment: str) -> Response:
        """Maintainer. Makes a commit of main live."""
        found = queries.access_environment(request, project, environment, Role.MAINTAINER)
        body = shapes.NewDeployment(data=request.data)
        body.is_valid(raise_exception=True)
        made = services.deploy(environment=found, actor=actor_of(request), **body.validated_data)
        return Response(shapes.DeploymentSerializer(made).data, status=201)


class PreviewView(APIView):
    """What a deploy would change."""

    @extend_schema(
        operation_id="deployments_preview",
        parameters=[OpenApiParameter("commit", str, required=True)],
        responses=shapes.DeployPreview,
    )
    def get(self, request: Request, project: str, environment: str) -> Response:
        """Viewer. The files that differ from what is live, and what stands in the way."""
        found = queries.access_environment(request, project, environment)
        commit = request.query_params.get("commit", "")
        if not commit:
            text = "Say which commit."
            raise Invalid(text, errors=[{"where": "commit", "code": "required", "detail": text}])
        return Response(shapes.DeployPreview(queries.preview(found, commit, actor_of(request).user)).data)


class RollbackView(APIView):
    """Go back."""

    @extend_schema(
        operation_id="deployments_roll_back", request=shapes.NewRollback, responses={201: shapes.DeploymentSerializer}
    )
    def post(self, request: Request, project: str, environment: str) -> Response:
        """Maintainer. Serves an earlier deployment's frozen bundle again."""
        found = queries.access_environment(request, project, environment, Role.MAINTAINER)
        body = shapes.NewRollback(data=request.data)
        body.is_valid(raise_exception=True)
        given = dict(body.validated_data)
        target = _target(found, given.pop("to", None))
        made = services.roll_back(environment=found, actor=actor_of(request), to=target, **given)
        return Response(shapes.DeploymentSerializer(made).data, status=201)


class DeploymentView(APIView):
    """One deployment."""

    @extend_schema(operation_id="deployments_show", responses=shapes.DeploymentDetail)
    def get(self, request: Request, project: str, number: int) -> Response:
        """Viewer. With what it changed against the one before it."""
        found = queries.access_deployment(request, project, number)
        earlier = queries.before(found)
        found.before = earlier  # type: ignore[attr-defined]  # read by the serializer
        found.changes = queries.changes(found.project, earlier.commit if earlier else None, found.commit)  # type: ignore[attr-defined]
        return Response(shapes.DeploymentDetail(found).data)


def _page(request: Request, rows: Any) -> Response:
    return Response(
        pagination.by_id(request, rows, lambda page: shapes.DeploymentSerializer(page, many=True).data, field="number")
    )


def environment_facts(environment: Environment) -> dict[str, Any]:
    """What EnvironmentSerializer shows."""
    live = queries.current(environment)
    target = queries.rollback_target(environment)
    named = environment.approvers.select_related("user").order_by("user__name", "pk")
    return {
        **{name: getattr(environment, name) for name in ("slug", "position", *environments.FIELDS)},
        "approvers": [each.user for each in named],
        "checks": environment.checks.order_by("name"),
        "freeze": _frozen(environment),
        "current": live,
        "waiting": queries.waiting(environment, live),
        "rollback": target.number if target else None,
    }


def _frozen(environment: Environment) -> dict[str, Any] | None:
    span = freezes.frozen(environment)
    return {"reason": span.freeze.reason, "when": freezes.in_words(span.freeze), "ends_at": span.end} if span else None


def _target(environment: Environment, number: int | None) -> Deployment | None:
    if number is None:
        return None
    found = queries.history(environment).filter(number=number).first()
    if found is None:
        raise NotFound(f"#{number} is not a deployment of {environment.slug}.")
    return found
