"""Datasets, their versions and rows over HTTP."""

from django.http import HttpResponseBase, StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from variorum.accounts.access import access_project, actor_of
from variorum.accounts.roles import Role
from variorum.datasets import exports, queries, services
from variorum.datasets import serializers as shapes
from variorum.datasets.queries import access_dataset, access_version
from variorum.lib import pagination
from variorum.lib.errors import Invalid


class DatasetsView(APIView):
    """A project's datasets."""

    @extend_schema(
        operation_id="datasets_list",
        responses=shapes.DatasetPage,
        parameters=[OpenApiParameter(name, str) for name in ("cursor", "limit")],
    )
    def get(self, request: Request, project: str) -> Response:
        """Viewer."""
        rows = queries.datasets_of(access_project(request, project))
        return Response(pagination.by_id(request, rows, lambda page: shapes.DatasetSerializer(page, many=True).data))

    @extend_schema(operation_id="datasets_create", request=shapes.NewDataset, responses={201: shapes.DatasetSerializer})
    def post(self, request: Request, project: str) -> Response:
        """Editor. An empty dataset; most come from an import."""
        found = access_project(request, project, Role.EDITOR)
        body = shapes.NewDataset(data=request.data)
        body.is_valid(raise_exception=True)
        made = services.create_dataset(project=found, actor=actor_of(request), **body.validated_data)
        return Response(_shown(found, made.slug), status=201)


class DatasetView(APIView):
    """One dataset."""

    @extend_schema(operation_id="datasets_show", responses=shapes.DatasetSerializer)
    def get(self, request: Request, project: str, dataset: str) -> Response:
        """Viewer."""
        found = access_dataset(request, project, dataset)
        return Response(_shown(found.project, found.slug))

    @extend_schema(operation_id="datasets_change", request=shapes.DatasetChange, responses=shapes.DatasetSerializer)
    def patch(self, request: Request, project: str, dataset: str) -> Response:
        """Editor."""
        found = access_dataset(request, project, dataset, Role.EDITOR)
        body = shapes.DatasetChange(data=request.data)
        body.is_valid(raise_exception=True)
        changed = services.update_dataset(dataset=found, actor=actor_of(request), changes=body.validated_data)
        return Response(_shown(changed.project, changed.slug))

    @extend_schema(operation_id="datasets_delete", responses={204: None})
    def delete(self, request: Request, project: str, dataset: str) -> Response:
        """Maintainer. 409 while evaluations or trainings refer to it."""
        services.delete_dataset(
            dataset=access_dataset(request, project, dataset, Role.MAINTAINER), actor=actor_of(request)
        )
        return Response(status=204)


class VersionsView(APIView):
    """The versions of a dataset."""

    @extend_schema(
        operation_id="dataset_versions_list",
        responses=shapes.VersionPage,
        parameters=[OpenApiParameter(name, str) for name in ("cursor", "limit")],
    )
    def get(self, request: Request, project: str, dataset: str) -> Response:
        """Viewer."""
        rows = queries.versions_of(access_dataset(request, project, dataset))
        return Response(
            pagination.by_id(request, rows, lambda page: shapes.VersionSerializer(page, many=True).data, field="number")
        )

    @extend_schema(
        operation_id="dataset_versions_create", request=shapes.NewRows, responses={201: shapes.VersionDetail}
    )
    def post(self, request: Request, project: str, dataset: str) -> Response:
        """Editor. The newest version plus these rows, as a new version."""
        found = access_dataset(request, project, dataset, Role.EDITOR)
        body = shapes.NewRows(data=request.data)
        body.is_valid(raise_exception=True)
        data = body.validated_data
        base = queries.find_version(found, str(data["base"])) if data.get("base") else None
        version = services.append_rows(
            dataset=found,
            rows=data["rows"],
            actor=actor_of(request),
            base=base,
            source={"kind": "rows", "note": data["note"]},
        )
        return Response(shapes.VersionDetail(version).data, status=201)


class VersionView(APIView):
    """One version."""

    @extend_schema(operation_id="dataset_versions_show", responses=shapes.VersionDetail)
    def get(self, request: Request, project: str, dataset: str, version: str) -> Response:
        """Viewer. By number, `latest`, or the first digits of its content hash."""
        return Response(shapes.VersionDetail(access_version(request, project, dataset, version)).data)


class RowsView(APIView):
    """The rows of a version."""

    @extend_schema(
        operation_id="dataset_rows_list",
        responses=shapes.RowPage,
        parameters=[
            OpenApiParameter("offset", int),
            OpenApiParameter("limit", int),
            OpenApiParameter("cursor", str),
            OpenApiParameter("q", str, description="Rows that hold this text anywhere."),
            OpenApiParameter("label", str, description="Rows with this expected value."),
            OpenApiParameter("tag", str),
        ],
    )
    def get(self, request: Request, project: str, dataset: str, version: str) -> Response:
        """Viewer. Any page of a large table costs the same; versions are frozen, so offsets are stable."""
        found = access_version(request, project, dataset, version)
        limit, offset = pagination.limit_of(request), _offset(request)
        asked = request.query_params
        items, total = queries.search(
            found,
            text=asked.get("q", ""),
            label=asked.get("label"),
            tag=asked.get("tag", ""),
            offset=offset,
            limit=limit,
        )
        after = offset + len(items)
        return Response({
            "items": [{"index": index, **row} for index, row in items],
            "next": pagination.encode_cursor(after) if items and after < total else None,
            "total": total,
        })  # fmt: skip


class ExportView(APIView):
    """A version as a file."""

    @extend_schema(
        operation_id="dataset_versions_export",
        parameters=[OpenApiParameter("as", str, enum=list(exports.FORMATS), default="jsonl")],
        responses={(200, "application/x-ndjson"): OpenApiTypes.BINARY, (200, "text/csv"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, project: str, dataset: str, version: str) -> HttpResponseBase:
        """Viewer. Streamed; JSON lines come back as the same version when imported."""
        found = access_version(request, project, dataset, version)
        wanted = request.query_params.get("as", "jsonl")
        if wanted not in exports.FORMATS:
            raise Invalid(f"as must be one of {', '.join(exports.FORMATS)}.")
        response = StreamingHttpResponse(exports.export(found, wanted), content_type=exports.FORMATS[wanted])
        response["Content-Disposition"] = f'attachment; filename="{exports.file_name(found, wanted)}"'
        return response


def _shown(project: object, slug: str) -> object:
    return shapes.DatasetSerializer(queries.datasets_of(project).get(slug=slug)).data  # type: ignore[arg-type]


def _offset(request: Request) -> int:
    cursor = request.query_params.get("cursor", "")
    if not cursor:
        return pagination.integer_of(request, "offset", default=0, low=0, high=2**31 - 1)
    after = pagination.decode_cursor(cursor)
    if not isinstance(after, int) or isinstance(after, bool) or not 0 <= after < 2**31:
        raise Invalid("This cursor is not one of ours; ask for the first page again.")
    return after
