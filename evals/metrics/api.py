"""Metrics and scores over HTTP."""

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from evals.metrics import functions, judging, queries, services
from evals.metrics import serializers as shapes
from evals.metrics.models import Metric
from evals.metrics.queries import access_metric
from evals.metrics.scoring import score_output
from variorum.accounts.access import access_project, actor_of
from variorum.accounts.roles import Role
from variorum.lib import pagination
from variorum.lib.errors import Invalid


class MetricsView(APIView):
    """The metrics that a project may use."""

    @extend_schema(operation_id="metrics_list", responses=shapes.MetricPage)
    def get(self, request: Request, project: str) -> Response:
        """Viewer. The newest version of each, the project's own first."""
        found = queries.metrics_of(access_project(request, project))
        return Response(pagination.whole(shapes.MetricSerializer(found, many=True).data))

    @extend_schema(operation_id="metrics_create", request=shapes.NewMetric, responses={201: shapes.MetricSerializer})
    def post(self, request: Request, project: str) -> Response:
        """Editor."""
        found = access_project(request, project, Role.EDITOR)
        body = shapes.NewMetric(data=request.data)
        body.is_valid(raise_exception=True)
        made = services.create_metric(project=found, actor=actor_of(request), **body.validated_data)
        return Response(shapes.MetricSerializer(made).data, status=201)


class MetricView(APIView):
    """One metric."""

    @extend_schema(operation_id="metrics_show", responses=shapes.MetricSerializer)
    def get(self, request: Request, project: str, metric: str) -> Response:
        """Viewer. Its newest version."""
        return Response(shapes.MetricSerializer(access_metric(request, project, metric)).data)

    @extend_schema(operation_id="metrics_change", request=shapes.MetricChange, responses=shapes.MetricSerializer)
    def patch(self, request: Request, project: str, metric: str) -> Response:
        """Editor. Another config makes a new version; 409 when somebody else made one meanwhile."""
        found = access_metric(request, project, metric, Role.EDITOR)
        body = shapes.MetricChange(data=request.data)
        body.is_valid(raise_exception=True)
        changes = dict(body.validated_data)
        changed = services.change_metric(
            metric=found, actor=actor_of(request), seen=changes.pop("version"), changes=changes
        )
        return Response(shapes.MetricSerializer(changed).data)

    @extend_schema(operation_id="metrics_archive", responses={204: None})
    def delete(self, request: Request, project: str, metric: str) -> Response:
        """Editor. Takes it out of the lists; its scores stay."""
        services.archive_metric(metric=access_metric(request, project, metric, Role.EDITOR), actor=actor_of(request))
        return Response(status=204)


class MetricVersionsView(APIView):
    """The versions of a metric."""

    @extend_schema(operation_id="metric_versions_list", responses=shapes.MetricPage)
    def get(self, request: Request, project: str, metric: str) -> Response:
        """Viewer. Newest first."""
        found = queries.versions_of(access_metric(request, project, metric))
        return Response(pagination.whole(shapes.MetricSerializer(found, many=True).data))


class FunctionsView(APIView):
    """What metrics can be made of."""

    @extend_schema(operation_id="metric_functions_list", responses=shapes.FunctionPage)
    def get(self, request: Request, project: str) -> Response:
        """Viewer. Every code metric with the JSON Schema of its config, and that of a judge's."""
        access_project(request, project)
        items = [
            {
                "function": name,
                "name": module.NAME,
                "description": module.ABOUT,
                "binary": module.BINARY,
                "config_schema": module.CONFIG,
            }
            for name, module in functions.FUNCTIONS.items()
        ]
        return Response({**pagination.whole(items), "judge": judging.CONFIG})


class TrialsView(APIView):
    """Trying a metric on one output."""

    @extend_schema(operation_id="metric_trials_create", request=shapes.Trial, responses=shapes.MetricVerdictSerializer)
    def post(self, request: Request, project: str) -> Response:
        """Editor. Nothing is stored; a judge's model is called once."""
        found = access_project(request, project, Role.EDITOR)
        body = shapes.Trial(data=request.data)
        body.is_valid(raise_exception=True)
        data = body.validated_data
        fields = services.definition(data["kind"], data["function"], data["config"])
        metric = Metric(project=found, slug="trial", **fields)
        case = {name: data[name] for name in ("input", "output", "expected", "labels") if name in data}
        return Response(shapes.MetricVerdictSerializer(score_output(metric, **case)).data)


class ScoresView(APIView):
    """The scores of one subject."""

    @extend_schema(
        operation_id="scores_list",
        responses=shapes.ScorePage,
        parameters=[OpenApiParameter(name, str, required=True) for name in ("subject_kind", "subject_id")],
    )
    def get(self, request: Request, project: str) -> Response:
        """Viewer. By kind ("result", "log") and id."""
        found = access_project(request, project)
        kind, subject = (request.query_params.get(name, "") for name in ("subject_kind", "subject_id"))
        if not kind or not subject:
            raise Invalid("Name the subject: subject_kind and subject_id.")
        rows = queries.scores_of(found, kind, [subject])
        return Response(pagination.whole(shapes.ScoreSerializer(rows, many=True).data))
