"""Exports of adapters over HTTP."""

from typing import Any

from django.http import HttpResponseBase, StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from variorum.accounts.access import access_project, actor_of
from variorum.accounts.roles import Role
from variorum.inference.merging import FORMATS
from variorum.jobs.api import JobSerializer
from variorum.jobs.models import Job
from variorum.jobs.queries import access_job, jobs_of
from variorum.lib import objects
from variorum.lib.errors import NotFound
from variorum.training import exports

SHOWN = 20


class NewAdapterExport(serializers.Serializer[object]):
    """Which adapter, of which commit, in which form."""

    folder = serializers.CharField(max_length=200, help_text="adapters/triage")
    ref = serializers.CharField(max_length=200, default="main", help_text="A branch, a tag or a commit.")
    format = serializers.ChoiceField(
        FORMATS,
        help_text="merged: base and adapter in one folder for transformers; gguf: in one file for llama.cpp; "
        "gguf-lora: the adapter alone for llama.cpp.",
    )


class AdapterExport(serializers.Serializer[object]):
    """One export. `size` in bytes; `until` is when the file goes (null: there is none, or not yet)."""

    job = JobSerializer()
    folder = serializers.CharField()
    commit = serializers.CharField()
    format = serializers.ChoiceField(FORMATS)
    size = serializers.IntegerField(allow_null=True)
    sha256 = serializers.CharField(allow_null=True)
    until = serializers.DateTimeField(allow_null=True)


class AdapterExportPage(serializers.Serializer[object]):
    """The newest exports."""

    items = AdapterExport(many=True)
    next = serializers.CharField(allow_null=True)


class AdapterExportsView(APIView):
    """Adapters for where none can be loaded."""

    @extend_schema(
        operation_id="adapter_exports_list", responses=AdapterExportPage, parameters=[OpenApiParameter("folder", str)]
    )
    def get(self, request: Request, project: str) -> Response:
        """Viewer. The newest exports, of one adapter or of all; a file is kept for a week."""
        jobs = jobs_of(access_project(request, project), kind=exports.KIND).order_by("-number")
        if folder := request.query_params.get("folder", ""):
            jobs = jobs.filter(spec__folder=folder)
        return Response(AdapterExportPage({"items": map(_shown, jobs[:SHOWN]), "next": None}).data)

    @extend_schema(operation_id="adapter_exports_create", request=NewAdapterExport, responses={202: JobSerializer})
    def post(self, request: Request, project: str) -> Response:
        """Editor. A job writes the file; the same one that is under way is answered instead of a second.

        422 `unknown_base` when the base model is not installed here, `adapter_mismatch` when it does not fit.
        """
        found = access_project(request, project, Role.EDITOR)
        body = NewAdapterExport(data=request.data)
        body.is_valid(raise_exception=True)
        asked = body.validated_data
        job = exports.start_export(
            project=found,
            actor=actor_of(request),
            folder=asked["folder"].strip("/"),
            ref=asked["ref"],
            form=asked["format"],
        )
        return Response(JobSerializer(job).data, status=202)


class AdapterExportFileView(APIView):
    """The file of an export."""

    @extend_schema(operation_id="adapter_exports_file", responses={(200, "application/zip"): OpenApiTypes.BINARY})
    def get(self, request: Request, project: str, number: int) -> HttpResponseBase:
        """Viewer. Streams it. 409 `export_not_ready`, 404 `export_gone`."""
        job = access_job(request, project, number)
        found = exports.file_of(job)
        try:
            pieces = objects.open_stream(found["key"])
        except FileNotFoundError:
            raise NotFound("The file is gone. Export it again.", code="export_gone") from None
        response = StreamingHttpResponse(pieces, content_type="application/zip")
        name = job.spec["folder"].rpartition("/")[2]
        response["Content-Length"] = str(found["size"])
        response["Content-Disposition"] = f'attachment; filename="{name}-{job.spec["format"]}-{number}.zip"'
        response["ETag"] = f'"{found["sha256"]}"'
        return response


def _shown(job: Job) -> dict[str, Any]:
    there = "key" in job.result and job.ended_at is not None
    until = job.ended_at + exports.KEPT if there and job.ended_at else None
    facts = {name: job.spec[name] for name in ("folder", "commit", "format")}
    return {"job": job, **facts, "size": job.result.get("size"), "sha256": job.result.get("sha256"), "until": until}
