"""Overrides over HTTP."""

from datetime import timedelta

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from variorum.accounts.access import actor_of, person_of
from variorum.accounts.roles import Role
from variorum.deployments import freezes, gate, overrides, queries
from variorum.deployments.models import Environment, FreezeOverride
from variorum.lib import pagination
from variorum.repos import queries as repos

SHOWN = 100
MINUTES = int(overrides.LONGEST.total_seconds() // 60)


class NewOverride(serializers.Serializer[object]):
    """Why one act goes ahead, and for how many minutes it may. `commit` null: a change of the rules."""

    commit = serializers.CharField(max_length=200, allow_null=True, default=None)
    reason = serializers.CharField(max_length=2000)
    minutes = serializers.IntegerField(min_value=5, max_value=MINUTES, default=30)
    lifts = serializers.ListField(
        child=serializers.ChoiceField(choices=overrides.LIFTS), allow_empty=False, default=["frozen"]
    )


class OverrideSerializer(serializers.ModelSerializer[FreezeOverride]):
    """An override for one act of who made it; `used_at` null: not used (yet)."""

    lifts = serializers.ListField(child=serializers.CharField())

    class Meta:
        model = FreezeOverride
        fields = ["id", "commit", "reason", "lifts", "until", "used_at", "actor_name", "created_at"]
        read_only_fields = fields


class OverridePage(serializers.Serializer[object]):
    """The newest overrides of an environment, newest first."""

    items = OverrideSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class OverridesView(APIView):
    """An owner's word against a freeze or a missing check."""

    @extend_schema(operation_id="overrides_list", responses=OverridePage)
    def get(self, request: Request, project: str, environment: str) -> Response:
        """Viewer. With their reasons, used or not."""
        found = queries.access_environment(request, project, environment)
        rows = FreezeOverride.objects.filter(environment=found).order_by("-pk")[:SHOWN]
        return Response(pagination.whole(OverrideSerializer(rows, many=True).data))

    @extend_schema(operation_id="overrides_add", request=NewOverride, responses={201: OverrideSerializer})
    def post(self, request: Request, project: str, environment: str) -> Response:
        """Owner, in person. One deploy of that commit by them, within so many minutes; the reason stays with it."""
        found = queries.access_environment(request, project, environment, Role.OWNER)
        person_of(request)
        body = NewOverride(data=request.data)
        body.is_valid(raise_exception=True)
        given = body.validated_data
        commit = repos.resolve(found.project, given["commit"]) if given["commit"] else ""
        made = overrides.add(
            environment=found,
            commit=commit,
            actor=actor_of(request),
            reason=given["reason"],
            until=timezone.now() + timedelta(minutes=given["minutes"]),
            lifts=given["lifts"],
            obstacles=_obstacles(found, commit, given["lifts"]),
        )
        return Response(OverrideSerializer(made).data, status=201)


def _obstacles(environment: Environment, commit: str, lifts: list[str]) -> list[str]:
    """What the override lifts, in words."""
    if commit:
        found = gate.obstacles(environment, commit, queries.current(environment))
        return [each["detail"] for each in found if each["code"] in lifts]
    span = freezes.frozen(environment)
    return [freezes.in_words(span.freeze)] if span else []
