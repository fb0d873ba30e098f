"""Evaluations and their results over HTTP."""

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from evals.runs import queries
from evals.runs import serializers as shapes
from evals.runs.comparison import compare
from evals.runs.queries import access_evaluation
from variorum.accounts.access import access_project
from variorum.lib import pagination

BIGGEST = 2**31 - 1


class EvaluationsView(APIView):
    """A project's evaluations."""

    @extend_schema(
        operation_id="evaluations_list",
        responses=shapes.EvaluationPage,
        parameters=[
            OpenApiParameter("suite", str),
            OpenApiParameter("draft", int),
            OpenApiParameter("commit", str, description="A commit or its beginning."),
            OpenApiParameter("cursor", str),
            OpenApiParameter("limit", int),
        ],
    )
    def get(self, request: Request, project: str) -> Response:
        """Viewer. Newest first."""
        found = access_project(request, project)
        asked = request.query_params
        draft = pagination.integer_of(request, "draft", default=0, low=1, high=BIGGEST) or None
        rows = queries.evaluations_of(
            found, suite=asked.get("suite", ""), draft=draft, commit=asked.get("commit", "")[:40]
        )
        return Response(
            pagination.by_id(
                request, rows, lambda page: shapes.EvaluationSerializer(page, many=True).data, field="number"
            )
        )


class EvaluationView(APIView):
    """One evaluation."""

    @extend_schema(operation_id="evaluations_show", responses=shapes.EvaluationDetail)
    def get(self, request: Request, project: str, number: int) -> Response:
        """Viewer. With its figures, its comparison and what it froze. Cancel it as a job."""
        return Response(shapes.EvaluationDetail(access_evaluation(request, project, number)).data)


class ComparisonView(APIView):
    """An evaluation against any other one."""

    @extend_schema(
        operation_id="evaluations_compare",
        responses=shapes.PairedComparisonSerializer,
        parameters=[OpenApiParameter("with", int, required=True)],
    )
    def get(self, request: Request, project: str, number: int) -> Response:
        """Viewer. 400 when the two ran on different data."""
        after = access_evaluation(request, project, number)
        other = pagination.integer_of(request, "with", default=number, low=1, high=BIGGEST)
        before = queries.find_evaluation(after.project, other)
        return Response(shapes.PairedComparisonSerializer(compare(before, after)).data)


class ResultsView(APIView):
    """The rows of an evaluation."""

    @extend_schema(
        operation_id="results_list",
        responses=shapes.ResultPage,
        parameters=[
            OpenApiParameter("show", str, enum=list(queries.SHOWN)),
            OpenApiParameter("metric", str, description="What `show` speaks of; the first one by default."),
            OpenApiParameter("q", str, description="In the output or the expected value."),
            OpenApiParameter("label", str),
            OpenApiParameter("offset", int),
            OpenApiParameter("limit", int),
            OpenApiParameter("cursor", str),
        ],
    )
    def get(self, request: Request, project: str, number: int) -> Response:
        """Viewer. By position; also while the evaluation runs."""
        found = access_evaluation(request, project, number)
        asked = request.query_params
        rows = queries.results_of(
            found,
            show=asked.get("show", "all"),
            metric=asked.get("metric", ""),
            text=asked.get("q", ""),
            label=asked.get("label"),
        )
        limit, offset = pagination.limit_of(request), _offset(request)
        page, total = list(rows[offset : offset + limit]), rows.count()
        after = offset + len(page)
        context = {"before": queries.befores(found, page)}
        return Response({
            "items": shapes.ResultSerializer(page, many=True, context=context).data,
            "next": pagination.encode_cursor(after) if page and after < total else None,
            "total": total,
        })  # fmt: skip


class ResultView(APIView):
    """One row of an evaluation."""

    @extend_schema(operation_id="results_show", responses=shapes.ResultDetail)
    def get(self, request: Request, project: str, number: int, index: int) -> Response:
        """Viewer. With the reason of every score, beside the baseline's row."""
        found = access_evaluation(request, project, number)
        result = queries.find_result(found, index)
        before = queries.befores(found, [result]).get(index)
        scores = queries.result_scores(found.project, [row for row in (result, before) if row])
        for row in (result, before):
            if row is not None:
                row.scores = scores[str(row.pk)]  # type: ignore[attr-defined]
        return Response(shapes.ResultDetail({"result": result, "before": before}).data)


def _offset(request: Request) -> int:
    cursor = request.query_params.get("cursor", "")
    if not cursor:
        return pagination.integer_of(request, "offset", default=0, low=0, high=BIGGEST)
    after = pagination.decode_cursor(cursor)
    return after if isinstance(after, int) and not isinstance(after, bool) and 0 <= after <= BIGGEST else 0
