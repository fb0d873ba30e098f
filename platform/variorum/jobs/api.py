"""Jobs over HTTP: list, look, cancel. Rooms start them under their own addresses."""

from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from variorum.accounts.access import access_project, actor_of
from variorum.accounts.roles import Role
from variorum.jobs import queries, services
from variorum.jobs.models import Job
from variorum.lib import pagination


class JobSerializer(serializers.ModelSerializer[Job]):
    """A job with its progress."""

    cancel_requested = serializers.SerializerMethodField()

    class Meta:
        model = Job
        fields = [
            "number", "kind", "title", "state", "done", "total", "message", "error", "result", "attempts", "actor_name",
            "cancel_requested", "created_at", "started_at", "ended_at",
        ]  # fmt: skip

    @extend_schema_field(serializers.BooleanField())
    def get_cancel_requested(self, job: Job) -> bool:
        """Whether somebody asked it to stop."""
        return job.cancel_requested_at is not None


class JobPage(serializers.Serializer[object]):
    """A page of jobs."""

    items = JobSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class JobsView(APIView):
    """A project's jobs."""

    @extend_schema(
        operation_id="jobs_list",
        responses=JobPage,
        parameters=[OpenApiParameter(name, str) for name in ("kind", "state", "cursor", "limit")],
    )
    def get(self, request: Request, project: str) -> Response:
        """Viewer. `state=open` gives those that have not ended."""
        found = access_project(request, project)
        wanted = {name: request.query_params.get(name, "") for name in ("kind", "state")}
        rows = queries.jobs_of(found, **wanted)
        return Response(
            pagination.by_id(request, rows, lambda page: JobSerializer(page, many=True).data, field="number")
        )


class JobView(APIView):
    """One job."""

    @extend_schema(operation_id="jobs_show", responses=JobSerializer)
    def get(self, request: Request, project: str, number: int) -> Response:
        """Viewer."""
        return Response(JobSerializer(queries.access_job(request, project, number)).data)


class JobCancelView(APIView):
    """Stop a job."""

    @extend_schema(operation_id="jobs_cancel", request=None, responses=JobSerializer)
    def post(self, request: Request, project: str, number: int) -> Response:
        """Editor. 409 when it has ended already."""
        job = queries.access_job(request, project, number, Role.EDITOR)
        return Response(JobSerializer(services.request_cancel(job=job, actor=actor_of(request))).data)
