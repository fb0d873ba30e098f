"""Logs over HTTP."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from monitoring.logs import serializers as shapes
from monitoring.logs import services
from variorum.accounts.access import access_key_project
from variorum.accounts.roles import Scope
from variorum.lib.parsers import RawJSONParser


class IngestView(APIView):
    """Where applications send their logs."""

    parser_classes = [RawJSONParser]

    @extend_schema(operation_id="logs_create", request=shapes.NewLogs, responses=shapes.TakenSerializer)
    def post(self, request: Request) -> Response:
        """An API key of scope `logs`. 200 once every log is durable; a log sent again is a duplicate."""
        project = access_key_project(request, Scope.LOGS)
        body = request.data if isinstance(request.data, bytes) else b""  # DRF parses no empty body
        taken = services.take_logs(project=project, body=body)
        return Response(taken._asdict())
