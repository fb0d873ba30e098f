"""Exports over HTTP."""

from typing import Any

from django.http import HttpResponseBase, StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from variorum.accounts.access import access_project, actor_of
from variorum.accounts.roles import Role
from variorum.jobs.api import JobSerializer
from variorum.jobs.models import Job
from variorum.jobs.queries import access_job, jobs_of
from variorum.lib import objects
from variorum.lib.errors import NotFound
from variorum_portable.exporting import left_out
from variorum_portable.tasks import KEPT, KIND, file_of, start_export

SHOWN = 20


class ExportSerializer(serializers.Serializer[object]):
    """One export. `size` in bytes; `until` is when the file goes (null: there is none, or not yet)."""

    job = JobSerializer()
    size = serializers.IntegerField(allow_null=True)
    sha256 = serializers.CharField(allow_null=True)
    until = serializers.DateTimeField(allow_null=True)


class LeftOut(serializers.Serializer[object]):
    """What is not in an export, and why."""

    what = serializers.CharField()
    why = serializers.CharField()


class ExportPage(serializers.Serializer[object]):
    """The newest exports, and what none of them holds."""

    items = ExportSerializer(many=True)
    left_out = LeftOut(many=True)
    next = serializers.CharField(allow_null=True)


class ExportsView(APIView):
    """A project as one file."""

    @extend_schema(operation_id="exports_list", responses=ExportPage)
    def get(self, request: Request, project: str) -> Response:
        """Maintainer. The newest exports; a file is kept for a week."""
        found = access_project(request, project, Role.MAINTAINER)
        jobs = jobs_of(found, kind=KIND).order_by("-number")[:SHOWN]
        kinds = [{"what": what, "why": why} for what, why in left_out().items()]
        return Response(ExportPage({"items": map(_shown, jobs), "left_out": kinds, "next": None}).data)

    @extend_schema(operation_id="exports_create", request=None, responses={202: JobSerializer})
    def post(self, request: Request, project: str) -> Response:
        """Maintainer. A job writes the file; the one under way is answered instead of a second."""
        found = access_project(request, project, Role.MAINTAINER)
        return Response(JobSerializer(start_export(project=found, actor=actor_of(request))).data, status=202)


class ExportFileView(APIView):
    """The file of an export."""

    @extend_schema(operation_id="exports_file", responses={(200, "application/zip"): OpenApiTypes.BINARY})
    def get(self, request: Request, project: str, number: int) -> HttpResponseBase:
        """Maintainer. Streams it. 409 `export_not_ready`, 404 `export_gone`."""
        found = file_of(access_job(request, project, number, Role.MAINTAINER))
        try:
            pieces = objects.open_stream(found["key"])
        except FileNotFoundError:
            raise NotFound("The file is gone. Export the project again.", code="export_gone") from None
        response = StreamingHttpResponse(pieces, content_type="application/zip")
        response["Content-Length"] = str(found["size"])
        response["Content-Disposition"] = f'attachment; filename="{project}-export-{number}.zip"'
        response["ETag"] = f'"{found["sha256"]}"'
        return response


def _shown(job: Job) -> dict[str, Any]:
    there = "key" in job.result and job.ended_at is not None
    until = job.ended_at + KEPT if there and job.ended_at else None
    return {"job": job, "size": job.result.get("size"), "sha256": job.result.get("sha256"), "until": until}
