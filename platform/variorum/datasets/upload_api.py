"""Importing a file over HTTP: upload, preview, import."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from variorum.accounts.access import access_project, actor_of
from variorum.accounts.roles import Role
from variorum.datasets import imports, services
from variorum.datasets import serializers as shapes
from variorum.datasets.models import DatasetVersion
from variorum.datasets.queries import access_upload
from variorum.jobs.api import JobSerializer
from variorum.jobs.models import Job


class UploadsView(APIView):
    """Files to import."""

    parser_classes = [MultiPartParser]

    @extend_schema(
        operation_id="uploads_create",
        request={"multipart/form-data": shapes.UploadForm},
        responses={201: shapes.UploadSerializer},
    )
    def post(self, request: Request, project: str) -> Response:
        """Editor. A form with the part `file`; nothing is imported yet."""
        found = access_project(request, project, Role.EDITOR)
        body = shapes.UploadForm(data=request.data)
        body.is_valid(raise_exception=True)
        file = body.validated_data["file"]
        upload = services.keep_upload(
            project=found, actor=actor_of(request), filename=file.name or "upload", pieces=file.chunks()
        )
        return Response(shapes.UploadSerializer(upload).data, status=201)


class PreviewView(APIView):
    """A look at an uploaded file."""

    @extend_schema(
        operation_id="uploads_preview", parameters=[shapes.ReadingOptions], responses=shapes.UploadPreviewSerializer
    )
    def get(self, request: Request, project: str, upload: str) -> Response:
        """Editor. Columns, first rows, the guessed mapping, warnings; 400 naming the line for what cannot be read."""
        found = access_upload(request, project, upload)
        options = shapes.ReadingOptions(data=request.query_params)
        options.is_valid(raise_exception=True)
        return Response(
            shapes.UploadPreviewSerializer(imports.preview(found, _given(request, options.validated_data))).data
        )


class ImportView(APIView):
    """The import itself."""

    @extend_schema(
        operation_id="uploads_import",
        request=shapes.NewImport,
        responses={201: shapes.ImportedSerializer, 202: shapes.ImportedSerializer},
    )
    def post(self, request: Request, project: str, upload: str) -> Response:
        """Editor. 201 with the version; 202 with a job for a file of more than 20,000 lines or 8 MB."""
        found = access_upload(request, project, upload)
        body = shapes.NewImport(data=request.data)
        body.is_valid(raise_exception=True)
        data = body.validated_data
        target = {
            "upload": found,
            "actor": actor_of(request),
            "plan": imports.ImportPlan.of(data),
            "dataset": imports.target_of(found.project, data.get("dataset")),
            "name": data.get("name", ""),
            "description": data["description"],
        }
        if not imports.is_small(found):
            return Response(_queued(imports.start_import(**target)), status=202)
        return Response(_done(*imports.import_upload(**target)), status=201)


def _given(request: Request, options: dict[str, Any]) -> dict[str, Any]:
    """Only what the address names: a missing `header` must stay a guess, not become False."""
    return {name: value for name, value in options.items() if name in request.query_params}


def _done(version: DatasetVersion, created: bool) -> dict[str, Any]:
    shown = shapes.VersionDetail(version).data
    return {"dataset": version.dataset.slug, "version": shown, "created": created, "job": None}


def _queued(job: Job) -> dict[str, Any]:
    return {"dataset": job.spec["dataset"], "version": None, "created": False, "job": JobSerializer(job).data}
