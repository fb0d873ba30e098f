"""Logs over HTTP."""

from datetime import timedelta
from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from monitoring.logs import queries, search, services
from monitoring.logs import serializers as shapes
from monitoring.logs.filters import NAMES, NUMBERS, read_filter, read_range
from variorum.accounts.access import access_key_project, access_project, key_of
from variorum.accounts.roles import Scope
from variorum.lib import pagination
from variorum.lib.parsers import RawJSONParser

RANGE = [OpenApiParameter(name, str, description="A time with its zone.") for name in ("from", "to")]
FILTER = [
    *RANGE,
    OpenApiParameter("status", str, enum=["ok", "error"]),
    *[OpenApiParameter(name, str) for name in NAMES],
    *[OpenApiParameter(name, float) for name in NUMBERS],
]
PAGE = [OpenApiParameter("cursor", str), OpenApiParameter("limit", int)]
DAY = timedelta(days=1)


class IngestView(APIView):
    """Where applications send their logs."""

    parser_classes = [RawJSONParser]

    @extend_schema(operation_id="logs_create", request=shapes.NewLogs, responses=shapes.TakenSerializer)
    def post(self, request: Request) -> Response:
        """An API key of scope `logs`. 200 once every log is durable; a log sent again is a duplicate."""
        project = access_key_project(request, Scope.LOGS)
        body = request.data if isinstance(request.data, bytes) else b""  # DRF parses no empty body
        taken = services.take_logs(project=project, body=body, key=key_of(request))
        return Response(taken._asdict())


class FeedbackView(APIView):
    """What users of an app say about its answers."""

    @extend_schema(operation_id="logs_feedback", request=shapes.NewFeedback, responses={204: None})
    def post(self, request: Request, log: UUID) -> Response:
        """An API key of scope `logs`. 404 while the log itself has not arrived."""
        found = queries.access_key_log(request, log)
        body = shapes.NewFeedback(data=request.data)
        body.is_valid(raise_exception=True)
        services.give_feedback(log=found, **body.validated_data)
        return Response(status=204)


class LogsView(APIView):
    """A project's logs."""

    @extend_schema(operation_id="logs_list", responses=shapes.LogPage, parameters=[*FILTER, *PAGE])
    def get(self, request: Request, project: str) -> Response:
        """Viewer. Newest first. Looking for a `text` may end before the page is full; `next` goes on from there."""
        found = access_project(request, project)
        wanted, limit = read_filter(request), pagination.limit_of(request)
        with queries.patience():
            page = search.page(found, wanted, cursor=request.query_params.get("cursor", ""), limit=limit)
        scores = queries.scores_by_log(found, [log for log, _ in page.items])
        items = [shapes.line(log, texts, scores.get(str(log.id), [])) for log, texts in page.items]
        return Response({"items": items, "next": page.next, "searched_to": page.searched_to})


class LogView(APIView):
    """One log."""

    @extend_schema(operation_id="logs_show", responses=shapes.WholeLogSerializer)
    def get(self, request: Request, project: str, log: UUID) -> Response:
        """Viewer. With its texts and scores."""
        found = queries.whole(queries.access_log(request, project, log))
        return Response(shapes.whole(found.log, found.texts, found.scores))


class HistogramView(APIView):
    """Logs by time."""

    @extend_schema(operation_id="logs_histogram", responses=shapes.Histogram, parameters=FILTER)
    def get(self, request: Request, project: str) -> Response:
        """Viewer. The same filter as the list's, but `text` is not looked at."""
        found = access_project(request, project)
        return Response(shapes.Histogram(queries.histogram(found, read_filter(request))).data)


class FacetsView(APIView):
    """What can be filtered by."""

    @extend_schema(operation_id="logs_facets", responses=shapes.Facets, parameters=RANGE)
    def get(self, request: Request, project: str) -> Response:
        """Viewer. The names in a range, by default the last day."""
        found = access_project(request, project)
        return Response(shapes.Facets(queries.facets(found, *read_range(request, default=DAY))).data)
