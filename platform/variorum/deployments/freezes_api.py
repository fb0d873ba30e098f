"""Freeze windows over HTTP."""

from datetime import UTC, datetime
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from variorum.accounts.access import access_project, actor_of
from variorum.accounts.models import Project
from variorum.accounts.roles import Role
from variorum.deployments import clock, freezes, queries
from variorum.deployments.models import Environment, Freeze
from variorum.lib import pagination
from variorum.lib.errors import Conflict, Invalid, NotFound

MOST = 100  # freezes of a project
ONCE = ("starts_at", "ends_at")
WEEKLY = ("from_day", "from_time", "to_day", "to_time")


class FreezeSerializer(serializers.ModelSerializer[Freeze]):
    """A freeze. `environment` null: every one; `now`: it holds at this moment; `next_*`: this or the next stretch."""

    environment = serializers.CharField(source="environment.slug", allow_null=True, default=None, read_only=True)
    when = serializers.CharField(help_text="In words, by the clock of its zone.")
    now = serializers.BooleanField()
    next_start = serializers.DateTimeField(allow_null=True)
    next_end = serializers.DateTimeField(allow_null=True)

    class Meta:
        model = Freeze
        fields = [
            "id", "environment", "kind", "zone", "reason", "starts_at", "ends_at", "from_day", "from_time", "to_day",
            "to_time", "when", "now", "next_start", "next_end", "actor_name", "created_at",
        ]  # fmt: skip
        read_only_fields = fields

    def to_representation(self, instance: Freeze) -> dict[str, Any]:
        """Adds what depends on the moment."""
        at = timezone.now()
        span = freezes.next_span(instance, at)
        told: Any = instance
        told.when, told.now = freezes.in_words(instance), bool(span and span.start <= at)
        told.next_start, told.next_end = (span.start, span.end) if span else (None, None)
        return super().to_representation(instance)


class FreezePage(serializers.Serializer[object]):
    """Every freeze of a project."""

    items = FreezeSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class NewFreeze(serializers.Serializer[object]):
    """When nothing may go live, by the clock of `zone`.

    Once: `starts_at` and `ends_at`, as 2026-12-23T16:00 (or with an offset). Every week: days from 0 (Monday) to 6
    and wall times. `environment` null: every one.
    """

    environment = serializers.CharField(allow_null=True, default=None, max_length=63)
    kind = serializers.ChoiceField(choices=Freeze.Kind.choices)
    zone = serializers.CharField(max_length=64)
    reason = serializers.CharField(max_length=300)
    starts_at = serializers.CharField(max_length=40, required=False)
    ends_at = serializers.CharField(max_length=40, required=False)
    from_day = serializers.IntegerField(min_value=0, max_value=6, required=False)
    from_time = serializers.TimeField(required=False)
    to_day = serializers.IntegerField(min_value=0, max_value=6, required=False)
    to_time = serializers.TimeField(required=False)

    def validate_zone(self, value: str) -> str:
        """One that is known here."""
        if value not in clock.zones():
            raise serializers.ValidationError("This is no time zone; write one as Europe/Berlin.", code="invalid")
        return value

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """What its kind needs, and an end after the beginning."""
        need = ONCE if attrs["kind"] == Freeze.Kind.ONCE else WEEKLY
        if missing := [name for name in need if name not in attrs]:
            raise serializers.ValidationError(dict.fromkeys(missing, "This is needed."), code="required")
        span = {name: attrs.pop(name) for name in (*ONCE, *WEEKLY) if name in attrs}
        if attrs.pop("kind") == Freeze.Kind.ONCE:
            return {**attrs, "once": _once(span, attrs["zone"])}
        if (span["from_day"], span["from_time"]) == (span["to_day"], span["to_time"]):
            raise serializers.ValidationError(
                {"to_time": "It ends when it begins. A freeze must leave some time free."}
            )
        return {**attrs, "weekly": {name: span[name] for name in WEEKLY}}


def _once(span: dict[str, str], zone: str) -> tuple[datetime, datetime]:
    start, end = (moment_in(name, span[name], zone) for name in ONCE)
    if start >= end:
        raise serializers.ValidationError({"ends_at": "It must end after it begins."}, code="invalid")
    return start, end


def moment_in(name: str, raw: str, zone: str) -> datetime:
    """A moment between 2000 and 2100 out of a body. Raises ValidationError naming the field."""
    at = clock.moment(raw, zone)
    if at is None or not datetime(2000, 1, 1, tzinfo=UTC) < at < datetime(2100, 1, 1, tzinfo=UTC):
        raise serializers.ValidationError({name: "Write the date and time as 2026-12-23T16:00."}, code="invalid")
    return at


class FreezesView(APIView):
    """The freezes of a project."""

    @extend_schema(operation_id="freezes_list", responses=FreezePage)
    def get(self, request: Request, project: str) -> Response:
        """Viewer."""
        rows = Freeze.objects.filter(project=access_project(request, project)).select_related("environment")
        return Response(pagination.whole(FreezeSerializer(rows.order_by("pk"), many=True).data))

    @extend_schema(operation_id="freezes_add", request=NewFreeze, responses={201: FreezeSerializer})
    def post(self, request: Request, project: str) -> Response:
        """Owner."""
        found = access_project(request, project, Role.OWNER)
        body = NewFreeze(data=request.data)
        body.is_valid(raise_exception=True)
        if Freeze.objects.filter(project=found).count() >= MOST:
            raise Conflict(f"A project has at most {MOST} freezes. Remove those that are over.", code="too_many")
        given = dict(body.validated_data)
        where = _environment(found, given.pop("environment"))
        made = freezes.add(project=found, actor=actor_of(request), environment=where, **given)
        return Response(FreezeSerializer(made).data, status=201)


def _environment(project: Project, slug: str | None) -> Environment | None:
    if slug is None:
        return None
    found = queries.environment_of(project, slug)
    if found is None:
        text = f"The project has no environment {slug!r}."
        raise Invalid(text, errors=[{"where": "environment", "code": "unknown", "detail": text}])
    return found


class FreezeView(APIView):
    """One freeze."""

    @extend_schema(operation_id="freezes_remove", responses={204: None})
    def delete(self, request: Request, project: str, freeze: int) -> Response:
        """Owner. Also one that holds now."""
        freezes.remove(freeze=access_freeze(request, project, freeze), actor=actor_of(request))
        return Response(status=204)


def access_freeze(request: Request, slug: str, freeze: int) -> Freeze:
    """One freeze of a project that the caller owns. Raises as access_project, NotFound."""
    project = access_project(request, slug, Role.OWNER)
    found = Freeze.objects.select_related("project", "environment").filter(project=project, pk=freeze).first()
    if found is None:
        raise NotFound("The project has no such freeze.")
    return found
