"""The audit trail and the inbox over HTTP."""

from collections.abc import Iterable

from django.conf import settings
from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser, FormParser
from rest_framework.permissions import AllowAny
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from variorum.accounts.access import access_project
from variorum.accounts.models import MailChoice, Project
from variorum.events import mail, queries, services, stream
from variorum.events.models import Event, Notice
from variorum.lib import pagination
from variorum.lib.asgi import GRANT
from variorum.lib.parsers import StrictJSONParser


class EventSerializer(serializers.ModelSerializer[Event]):
    """One line of the audit trail."""

    class Meta:
        model = Event
        fields = ["id", "at", "kind", "actor_name", "subject_kind", "subject_id", "data"]


class EventPage(serializers.Serializer[object]):
    """A page of events."""

    items = EventSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class NoticeSerializer(serializers.ModelSerializer[Notice]):
    """One line of the inbox."""

    project = serializers.SlugRelatedField[Project](slug_field="slug", read_only=True)

    class Meta:
        model = Notice
        fields = ["id", "at", "project", "title", "body", "url", "read_at", "kind"]


class NoticePage(serializers.Serializer[object]):
    """A page of the inbox with the number of unread lines."""

    items = NoticeSerializer(many=True)
    next = serializers.CharField(allow_null=True)
    unread = serializers.IntegerField()


class ReadSerializer(serializers.Serializer[object]):
    """Up to which notice the person has read."""

    upto = serializers.IntegerField(min_value=1, max_value=2**62)


class MailSerializer(serializers.Serializer[object]):
    """Which notices also come by mail. `on`: whether this installation sends mail at all."""

    choice = serializers.ChoiceField(choices=MailChoice.choices)
    on = serializers.BooleanField(read_only=True)


class UnsubscribedSerializer(serializers.Serializer[object]):
    """Whose mail has ended."""

    email = serializers.CharField()


class EventsView(APIView):
    """What happened in a project, newest first."""

    @extend_schema(
        operation_id="events_list",
        responses=EventPage,
        parameters=[OpenApiParameter(name, str) for name in ("kind", "subject_kind", "subject_id", "cursor", "limit")],
    )
    def get(self, request: Request, project: str) -> Response:
        """Viewer. `kind` is a prefix, as in `draft.`."""
        found = access_project(request, project)
        wanted = {name: request.query_params.get(name, "") for name in ("kind", "subject_kind", "subject_id")}
        rows = queries.events_of(found, **wanted)
        return Response(pagination.by_id(request, rows, lambda page: EventSerializer(page, many=True).data))


class WhateverAccepted(BaseContentNegotiation):
    """Browsers ask for `text/event-stream` alone; refusals are JSON all the same."""

    def select_parser(self, request: Request, parsers: Iterable[BaseParser]) -> BaseParser | None:
        return next(iter(parsers))

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        first = next(iter(renderers))
        return first, first.media_type or ""


class StreamView(APIView):
    """The live stream's door. The ASGI server takes over once it is open; a plain WSGI server makes pages poll."""

    content_negotiation_class = WhateverAccepted

    @extend_schema(operation_id="events_stream", responses={(200, "text/event-stream"): OpenApiTypes.STR})
    def get(self, request: Request, project: str) -> HttpResponse:
        """Viewer. Events `{"kind", "subject": {"kind", "id"}, "data"}`; the kind `resync` means: ask the API again."""
        found = access_project(request, project)
        scope = request.META.get("asgi.scope")
        if scope is not None:
            scope[GRANT] = found.pk  # the lane takes over with it
        return HttpResponse(f"retry: 5000\nid: 0\ndata: {stream.RESYNC}\n\n", content_type="text/event-stream")


class InboxView(APIView):
    """The signed-in person's notices."""

    @extend_schema(operation_id="inbox_list", responses=NoticePage)
    def get(self, request: Request) -> Response:
        """Newest first, from all projects."""
        user = queries.access_inbox(request)
        rows = queries.notices_of(user)
        page = pagination.by_id(request, rows, lambda found: NoticeSerializer(found, many=True).data)
        return Response({**page, "unread": rows.filter(read_at=None).count()})

    @extend_schema(operation_id="inbox_read", request=ReadSerializer, responses={204: None})
    def post(self, request: Request) -> Response:
        """Mark notices up to an id as read."""
        user = queries.access_inbox(request)
        body = ReadSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        services.read_notices(user=user, upto=body.validated_data["upto"])
        return Response(status=204)


class MailView(APIView):
    """Which of one's notices come by mail."""

    @extend_schema(operation_id="mail_show", responses=MailSerializer)
    def get(self, request: Request) -> Response:
        """The signed-in person's choice."""
        user = queries.access_inbox(request)
        return Response({"choice": user.mail, "on": settings.MAIL.on})

    @extend_schema(operation_id="mail_choose", request=MailSerializer, responses=MailSerializer)
    def put(self, request: Request) -> Response:
        """Choose all, mine (mentions and reviews) or none."""
        user = queries.access_inbox(request)
        body = MailSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        return Response(
            {"choice": mail.choose(user=user, choice=body.validated_data["choice"]).mail, "on": settings.MAIL.on}
        )


class UnsubscribeView(APIView):
    """No more mail, by the link that stands in every one. Nobody needs to sign in: mail programs press it."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    parser_classes = (FormParser, StrictJSONParser)

    @extend_schema(
        operation_id="mail_unsubscribe",
        request=None,
        responses=UnsubscribedSerializer,
        parameters=[OpenApiParameter("token", str, required=True)],
    )
    def post(self, request: Request) -> Response:
        """One click, as RFC 8058 has it. Twice is the same as once."""
        user = mail.unsubscribe(request.query_params.get("token", ""))
        return Response({"email": user.email})
