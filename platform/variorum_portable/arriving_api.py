"""Imports of projects over HTTP."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from variorum.accounts.access import Actor, actor_of
from variorum.accounts.roles import Scope
from variorum.jobs.models import Job
from variorum.lib import objects
from variorum.lib.errors import Forbidden
from variorum_portable import arriving

SHOWN = 20


class ImportForm(serializers.Serializer[object]):
    """The file, and where the project goes. Slug and name are those of the file when they are left out."""

    file = serializers.FileField()
    slug = serializers.CharField(required=False, max_length=63, allow_blank=True, default="")
    name = serializers.CharField(required=False, max_length=100, allow_blank=True, default="")


class ImportReport(serializers.Serializer[object]):
    """What came: rows by table, branches and tags, large files, bytes; people who have no account here yet."""

    slug = serializers.CharField()
    name = serializers.CharField()
    rows = serializers.DictField(child=serializers.IntegerField())
    refs = serializers.IntegerField()
    objects = serializers.IntegerField()
    bytes = serializers.IntegerField()
    without_account = serializers.ListField(child=serializers.CharField())


class ImportSerializer(serializers.ModelSerializer[Job]):
    """An import. `done` and `total` in bytes; `code` is the refusal's; `report` is null until the project is here."""

    id = serializers.IntegerField(source="pk")
    slug = serializers.SerializerMethodField()
    code = serializers.CharField(source="result.code", default=None, allow_null=True)
    report = ImportReport(source="result.report", default=None, allow_null=True)
    cancel_requested = serializers.SerializerMethodField()

    class Meta:
        model = Job
        fields = [
            "id", "title", "slug", "state", "done", "total", "message", "error", "code", "report", "cancel_requested",
            "created_at", "ended_at",
        ]  # fmt: skip

    def get_slug(self, job: Job) -> str:
        """The address name that the project gets."""
        return str(job.spec["slug"])

    def get_cancel_requested(self, job: Job) -> bool:
        """Whether somebody asked it to stop."""
        return job.cancel_requested_at is not None


class ImportPage(serializers.Serializer[object]):
    """The caller's newest imports."""

    items = ImportSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class ImportsView(APIView):
    """Projects from files."""

    parser_classes = [MultiPartParser]

    @extend_schema(operation_id="imports_list", responses=ImportPage)
    def get(self, request: Request) -> Response:
        """The caller's newest imports."""
        found = arriving.imports_of(request)[:SHOWN]
        return Response({"items": ImportSerializer(found, many=True).data, "next": None})

    @extend_schema(
        operation_id="imports_create", request={"multipart/form-data": ImportForm}, responses={202: ImportSerializer}
    )
    def post(self, request: Request) -> Response:
        """A person, or a key of the scope admin, whose maker will own the project. A job reads the file, whole or not
        at all. 409 `slug_taken`; 422 `bad_export`, `unknown_version`."""
        actor = _importer(request)
        body = ImportForm(data=request.data)
        body.is_valid(raise_exception=True)
        data: dict[str, Any] = body.validated_data
        with objects.incoming() as incoming:
            for piece in data["file"].chunks():
                incoming.write(piece)
            incoming.start(0)
            job = arriving.start_import(path=incoming.path, actor=actor, slug=data["slug"], name=data["name"])
        return Response(ImportSerializer(job).data, status=202)


class ImportView(APIView):
    """One import."""

    @extend_schema(operation_id="imports_show", responses=ImportSerializer)
    def get(self, request: Request, number: int) -> Response:
        """Whoever began it."""
        return Response(ImportSerializer(arriving.access_import(request, number)).data)

    @extend_schema(operation_id="imports_forget", responses={204: None})
    def delete(self, request: Request, number: int) -> Response:
        """Whoever began it. Removes what is left of one that failed or was cancelled. 409 `import_not_ended`."""
        arriving.forget_import(job=arriving.access_import(request, number))
        return Response(status=204)


class ImportCancelView(APIView):
    """Stop an import."""

    @extend_schema(operation_id="imports_cancel", request=None, responses=ImportSerializer)
    def post(self, request: Request, number: int) -> Response:
        """Whoever began it. 409 `job_ended`."""
        job = arriving.access_import(request, number)
        return Response(ImportSerializer(arriving.cancel_import(job=job, actor=actor_of(request))).data)


def _importer(request: Request) -> Actor:
    actor = actor_of(request)
    if actor.key and Scope.ADMIN not in actor.key.scopes:
        raise Forbidden("This API key lacks the scope admin.", code="scope_missing")
    return actor
