"""What was live when? The answer for one environment and moment, with its neighbours, tags and texts."""

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NoReturn

from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from variorum.accounts.access import access_project
from variorum.accounts.models import Project
from variorum.deployments import clock, queries
from variorum.deployments.models import Bundle, Deployment, Environment
from variorum.deployments.serializers import DeploymentSerializer
from variorum.lib import pagination
from variorum.lib.errors import Invalid, NotFound
from variorum.repos import tags

SHOWN = 500  # prompts of one answer
AHEAD = timedelta(minutes=5)  # that another clock may be


@dataclass(frozen=True)
class Moment:
    """What one environment served at a moment; `before` and `after` are the deployments on either side of it."""

    environment: str
    name: str
    deployment: Deployment | None
    before: Deployment | None
    after: Deployment | None
    tags: list[str]
    prompts: list[dict[str, Any]] = field(default_factory=list)


def moment_of(environment: Environment, at: datetime, tagged: dict[str, list[str]], *, texts: bool) -> Moment:
    """What was live in an environment at a time, with the texts that apps were served. Four queries."""
    live = queries.live_at(environment, at)
    later = queries.history(environment).filter(created_at__gt=at).order_by("number").first()
    return Moment(
        environment=environment.slug,
        name=environment.name,
        deployment=live,
        before=queries.before(live) if live else None,
        after=later,
        tags=tagged.get(live.commit, []) if live else [],
        prompts=_prompts(live, texts=texts) if live else [],
    )


def _prompts(deployment: Deployment, *, texts: bool) -> list[dict[str, Any]]:
    """The prompts of the frozen bundle: what apps were served, not what Git would give today."""
    body = Bundle.objects.values_list("body", flat=True).get(pk=deployment.bundle_id)
    found = sorted(json.loads(bytes(body))["prompts"].items())[:SHOWN]
    return [
        {
            "name": name,
            "path": entry["path"],
            "model": entry.get("model"),
            "adapter": entry.get("adapter"),
            "text": entry["source"] if texts else None,
        }
        for name, entry in found
    ]


def time_of(request: Request) -> datetime:
    """The moment that an address names; now when it names none. Raises Invalid, `still_to_come`."""
    raw, zone = (request.query_params.get(name, "") for name in ("at", "zone"))
    now = timezone.now()
    if not raw:
        return now
    at = clock.moment(raw.replace(" ", "+") if "T" in raw else raw, zone)  # a plus sign in an address is a blank
    if at is None:
        _bad_time()
    if at > now + AHEAD:
        _still_to_come(at, now)
    return min(at, now)


def _bad_time() -> NoReturn:
    text = "Write the time with its zone, as 2026-11-22T09:30:00Z, or without one and zone=Europe/Berlin."
    raise Invalid(text, errors=[{"where": "at", "code": "invalid", "detail": text}])


def _still_to_come(at: datetime, now: datetime) -> NoReturn:
    text = f"{at:%Y-%m-%d %H:%M} UTC is still to come: it is {now:%Y-%m-%d %H:%M} UTC. Ask for a moment up to now."
    raise Invalid(text, code="still_to_come", errors=[{"where": "at", "code": "still_to_come", "detail": text}])


class ServedPrompt(serializers.Serializer[object]):
    """A prompt as apps were served it; `text` is null unless asked for (`texts=1`)."""

    name = serializers.CharField()
    path = serializers.CharField()
    model = serializers.CharField(allow_null=True)
    adapter = serializers.CharField(allow_null=True)
    text = serializers.CharField(allow_null=True)


class LiveSerializer(serializers.Serializer[object]):
    """What was live in one environment at a moment, the deployments on either side, and the commit's tags."""

    environment = serializers.CharField()
    name = serializers.CharField()
    deployment = DeploymentSerializer(allow_null=True)
    before = DeploymentSerializer(allow_null=True)
    after = DeploymentSerializer(allow_null=True)
    tags = serializers.ListField(child=serializers.CharField())
    prompts = ServedPrompt(many=True)


class LivePage(serializers.Serializer[object]):
    """What was live in each environment at a moment."""

    at = serializers.DateTimeField()
    items = LiveSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class LiveView(APIView):
    """What was live when?"""

    @extend_schema(
        operation_id="environments_live",
        parameters=[
            OpenApiParameter("at", OpenApiTypes.DATETIME),
            OpenApiParameter("zone", str, description="For a time without a zone: Europe/Berlin."),
            OpenApiParameter("environment", str, description="Only this one."),
            OpenApiParameter("texts", bool, description="Add the prompts' texts."),
        ],
        responses=LivePage,
    )
    def get(self, request: Request, project: str) -> Response:
        """Viewer. `at` is a time up to now with its zone, as 2026-11-22T09:30:00Z; left out: now."""
        found = access_project(request, project)
        at = time_of(request)
        texts = request.query_params.get("texts", "").lower() in ("1", "true")
        tagged = tags.names_by_commit(found)
        items = [moment_of(each, at, tagged, texts=texts) for each in _wanted(request, found)]
        return Response(LivePage({"at": at, **pagination.whole(items)}).data)


def _wanted(request: Request, project: Project) -> list[Environment]:
    slug = request.query_params.get("environment", "")
    found = [each for each in queries.environments_of(project) if slug in ("", each.slug)]
    if not found:
        raise NotFound(f"The project has no environment {slug[:63]!r}.")
    return found
