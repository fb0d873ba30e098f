"""The door through which apps fetch their bundle: the ordinary view, and what its fast lane shares with it."""

import json
from functools import lru_cache

from django.http import HttpResponse, HttpResponseNotModified
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from variorum.accounts.access import access_key_project
from variorum.accounts.authentication import KeyAuthentication
from variorum.accounts.models import Project
from variorum.accounts.roles import Scope
from variorum.deployments import etags, serving
from variorum.deployments.queries import NOTHING
from variorum.deployments.serving import Ready
from variorum.events.api import WhateverAccepted
from variorum.lib.errors import NotFound

STREAM = "stream"  # the shape of the change stream for our own clients
HEADERS = {"Cache-Control": "private, no-cache", "Vary": "Authorization"}


def identity(ready: Ready) -> str:
    """What names a state in a stream: the hash of what is served."""
    return ready.etag.decode().strip('"')


def message(ready: Ready, shape: str = STREAM) -> bytes:
    """The event that tells of a state: for our own clients, or as OFREP has it."""
    return _message(identity(ready), ready.commit, shape)


@lru_cache(maxsize=256)  # everybody who listens is told the same
def _message(name: str, commit: str, shape: str) -> bytes:
    if shape == STREAM:
        return _event(name, {"etag": f'"{name}"', "commit": commit}, b"event: bundle\n")
    return _event(name, {"type": "refetchEvaluation", "etag": name})


def _event(name: str, data: dict[str, str], kind: bytes = b"") -> bytes:
    return kind + f"id: {name}\ndata: {json.dumps(data, separators=(',', ':'))}\n\n".encode()


class RuntimeBundleView(APIView):
    """The bundle that is live in an environment, for the key's project. Answers HEAD too."""

    authentication_classes = [KeyAuthentication]

    @extend_schema(
        operation_id="runtime_bundle",
        parameters=[OpenApiParameter("If-None-Match", str, OpenApiParameter.HEADER)],
        responses={200: OpenApiTypes.OBJECT, 304: OpenApiResponse(description="The bundle did not change.")},
    )
    def get(self, request: Request, environment: str) -> HttpResponse:
        """A key with the scope `runtime`. The ETag is the bundle's hash."""
        project = access_key_project(request, Scope.RUNTIME, environment=environment)
        return _answer(request, _ready(project, environment))


class RuntimeStreamView(APIView):
    """The door of the change stream; the ASGI server takes over. A plain WSGI server says what is served, once."""

    authentication_classes = [KeyAuthentication]
    content_negotiation_class = WhateverAccepted
    shape = STREAM

    @extend_schema(operation_id="runtime_stream", responses={(200, "text/event-stream"): OpenApiTypes.STR})
    def get(self, request: Request, environment: str) -> HttpResponse:
        """A key with the scope `runtime`. Events `bundle` with `{"etag", "commit"}`, now and at each change."""
        project = access_key_project(request, Scope.RUNTIME, environment=environment)
        said = message(_ready(project, environment), self.shape)
        return HttpResponse(b"retry: 5000\n\n" + said, content_type="text/event-stream", headers=HEADERS)


def _ready(project: Project, environment: str) -> Ready:
    found = serving.ready(project.pk, environment)
    if found is None:
        raise NotFound(f"Nothing is deployed to {environment[:63]!r} in {project.slug}.", code=NOTHING, headers=HEADERS)
    return found


def _answer(request: Request, ready: Ready) -> HttpResponse:
    given = request.META.get("HTTP_IF_NONE_MATCH", "").encode("latin-1", "replace")
    if given and etags.matches(given, ready.etag):
        response: HttpResponse = HttpResponseNotModified()
    else:
        response = HttpResponse(ready.body, content_type="application/json")
    response["ETag"] = ready.etag.decode()
    for name, value in HEADERS.items():
        response[name] = value
    return response
