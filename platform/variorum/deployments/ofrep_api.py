"""Evaluation over HTTP, our own and OpenFeature's Remote Evaluation Protocol: the ordinary views.

In production the lane (`asking`) answers nearly everything; the two are held together by a test.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, cast

from django.http import HttpResponse, HttpResponseNotModified
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import UnsupportedMediaType
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from variorum.accounts.access import access_key_project
from variorum.accounts.authentication import KeyAuthentication, find_key, live_key, touch_key
from variorum.accounts.models import ApiKey, User
from variorum.accounts.roles import Scope
from variorum.accounts.strangers import CHALLENGE
from variorum.deployments import evaluation, ofrep, runtime, serving, tickets
from variorum.deployments.evaluation import Reply
from variorum.deployments.queries import NOTHING
from variorum.lib.errors import Forbidden, NotFound, TooLarge, Unauthenticated
from variorum.lib.parsers import RawJSONParser
from variorum_client.delivery import Delivery

# Pages of other origins may ask: what opens the door is the key, never a cookie.
OFREP_HEADERS = {"Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": "ETag, Retry-After"}
PREFLIGHT = {
    **OFREP_HEADERS,
    "Access-Control-Allow-Methods": "GET, POST",
    "Access-Control-Allow-Headers": "Authorization, X-API-Key, Content-Type, If-None-Match, Last-Event-ID",
    "Access-Control-Max-Age": "86400",
}

OFREP_REFUSALS = {400, 404}  # whose bodies OFREP names, as plain JSON; the rest are problem documents by type, too


class OfrepAuthentication(KeyAuthentication):
    """A key as a bearer token or, as the protocol also has it, in `X-API-Key`."""

    def authenticate(self, request: Request) -> tuple[User, ApiKey] | None:
        """None when neither header is there."""
        token = request.headers.get("X-API-Key")
        if token is None or "Authorization" in request.headers:
            return super().authenticate(request)
        key = find_key(token)
        touch_key(key)
        return key.created_by, key


class TicketAuthentication(OfrepAuthentication):
    """Also by the ticket in the address of a stream (see `tickets`)."""

    def authenticate(self, request: Request) -> tuple[User, ApiKey] | None:
        """None when there is neither a header nor a ticket."""
        ticket = request.query_params.get("ticket")
        found = super().authenticate(request)
        if found is not None or ticket is None:
            return found
        digest = tickets.read(ticket, request.parser_context["kwargs"]["environment"])
        if digest is None:
            text = "The ticket in this address has ended or was not made here. Evaluate in bulk to get a new one."
            raise Unauthenticated(text, code="ticket_ended", headers=CHALLENGE)
        key = live_key(digest.hex())
        return key.created_by, key


class OfrepScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How these are called in the OpenAPI document."""

    target_class = "variorum.deployments.ofrep_api.OfrepAuthentication"
    name = "ofrepKey"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        """The scheme as OpenAPI has it."""
        return {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "Or Authorization: Bearer vk_..."}


class TicketScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How a ticket is called there."""

    target_class = "variorum.deployments.ofrep_api.TicketAuthentication"
    name = "ofrepTicket"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        """The scheme as OpenAPI has it."""
        return {"type": "apiKey", "in": "query", "name": "ticket", "description": "Or a key, as for OFREP."}


class _Cors(APIView):
    """Answers pages of other origins, and their browser's question beforehand."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Nobody needs a key to ask whether they may ask."""
        if request.method != "OPTIONS":
            super().initial(request, *args, **kwargs)

    def options(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        """What a browser wants to know before it sends the key."""
        return Response(status=204, headers=PREFLIGHT)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Every answer, refusals too, can be read by the page, and refusals by OFREP's clients."""
        if isinstance(response, Response) and response.exception:
            response.data = {**ofrep.refusal(response.data["detail"], self.kwargs.get("key")), **response.data}
            if response.status_code in OFREP_REFUSALS:
                response.content_type = "application/json"
        found = super().finalize_response(request, response, *args, **kwargs)
        for name, value in OFREP_HEADERS.items():
            found[name] = value
        return found


class OfrepStreamView(_Cors, runtime.RuntimeStreamView):
    """The change stream in OFREP's words: `refetchEvaluation`."""

    authentication_classes = [TicketAuthentication]
    shape = "ofrep"

    @extend_schema(operation_id="ofrep_stream", responses={(200, "text/event-stream"): OpenApiTypes.STR})
    def get(self, request: Request, environment: str) -> HttpResponse:
        """A key with the scope `runtime`, or the ticket that a bulk evaluation gives."""
        return super().get(request, environment)


class ContextSerializer(serializers.Serializer[object]):
    """Who asks: `targetingKey` and whatever rules look at; at most 16 KB, 8 deep."""

    context = serializers.DictField(required=False)  # type: ignore[assignment]  # a field's name


class Evaluate(ContextSerializer):
    """What is wanted. Each of the three is a list of names or "all"; none of them: everything."""

    prompts = serializers.JSONField(required=False, help_text='Names, or "all".')
    configs = serializers.JSONField(required=False, help_text='Names, or "all".')
    flags = serializers.JSONField(required=False, help_text='Keys of rules, or "all".')
    variables = serializers.DictField(required=False, help_text="Given: the prompts come rendered, as messages.")


class EvaluateView(APIView):
    """Which commits a caller gets, with what is in them."""

    authentication_classes = [KeyAuthentication]
    parser_classes = [RawJSONParser]

    @extend_schema(operation_id="runtime_evaluate", request=Evaluate, responses=OpenApiTypes.OBJECT)
    def post(self, request: Request, environment: str) -> HttpResponse:
        """A key with the scope `runtime`. What is wrong with one artefact stands in its place."""
        delivery = _delivery(request, environment)
        found = evaluation.answer(delivery, evaluation.read(_body(request)))
        return _respond(Reply(200, evaluation.dumps(found), {}))


class FlagView(_Cors):
    """One flag, as OpenFeature's server providers ask."""

    authentication_classes = [OfrepAuthentication]
    parser_classes = [RawJSONParser]

    @extend_schema(operation_id="ofrep_flag", request=ContextSerializer, responses=OpenApiTypes.OBJECT)
    def post(self, request: Request, key: str, environment: str = "") -> HttpResponse:
        """A key with the scope `runtime`. Refusals of a flag are OFREP's: `errorCode` and `errorDetails`."""
        environment = environment or _only(request)
        delivery = _delivery(request, environment, {"errorCode": "FLAG_NOT_FOUND"})
        return _respond(ofrep.one(delivery, key, _body(request)))


class FlagsView(_Cors):
    """All flags, as OpenFeature's web providers ask."""

    authentication_classes = [OfrepAuthentication]
    parser_classes = [RawJSONParser]

    @extend_schema(
        operation_id="ofrep_flags",
        request=ContextSerializer,
        responses={200: OpenApiTypes.OBJECT, 304: None},
        parameters=[OpenApiParameter("If-None-Match", str, OpenApiParameter.HEADER)],
    )
    def post(self, request: Request, environment: str = "") -> HttpResponse:
        """A key with the scope `runtime`. The ETag is made of the results; `eventStreams` tells where changes are."""
        environment = environment or _only(request)
        delivery = _delivery(request, environment)
        ticket = tickets.issue(bytes.fromhex(cast("ApiKey", request.auth).token_hash), environment)
        given = request.META.get("HTTP_IF_NONE_MATCH", "").encode("latin-1", "replace")
        return _respond(ofrep.every(delivery, _body(request), given, stream_address(environment, ticket)))


class OwnFlagView(FlagView):
    """The same where the protocol has it, for a key that is bound to exactly one environment."""

    @extend_schema(operation_id="ofrep_own_flag", request=ContextSerializer, responses=OpenApiTypes.OBJECT)
    def post(self, request: Request, key: str, environment: str = "") -> HttpResponse:
        """As below the environment's own address."""
        return super().post(request, key, environment)


class OwnFlagsView(FlagsView):
    """The same where the protocol has it, for a key that is bound to exactly one environment."""

    @extend_schema(operation_id="ofrep_own_flags", request=ContextSerializer, responses=OpenApiTypes.OBJECT)
    def post(self, request: Request, environment: str = "") -> HttpResponse:
        """As below the environment's own address."""
        return super().post(request, environment)


def stream_address(environment: str, ticket: str) -> str:
    """Where OFREP's clients hear of changes; fit for an EventSource, which sends no headers."""
    return f"/api/v1/runtime/{environment}/ofrep/v1/stream?ticket={ticket}"


def _only(request: Request) -> str:
    """The environment of a key that is bound to exactly one. Raises Unauthenticated, Forbidden."""
    access_key_project(request, Scope.RUNTIME)
    bound = cast("ApiKey", request.auth).environments
    if len(bound) != 1:
        text = (
            "This API key is not bound to exactly one environment. Ask below /api/v1/runtime/<environment>/ofrep/v1/."
        )
        raise Forbidden(text, code="environment_unclear")
    return str(bound[0])


def _delivery(request: Request, environment: str, missing: Mapping[str, str] = MappingProxyType({})) -> Delivery:
    """What an environment serves. Raises as access_key_project, and NotFound with the members of `missing`."""
    project = access_key_project(request, Scope.RUNTIME, environment=environment)
    found = serving.ready(project.pk, environment)
    if found is None:
        text = f"Nothing is deployed to {environment[:63]!r} in {project.slug}."
        raise NotFound(text, code=NOTHING, headers=runtime.HEADERS, extra=missing)
    return serving.compiled(found)


def _body(request: Request) -> bytes:
    if request.headers.get("Content-Encoding", "identity") != "identity":
        raise UnsupportedMediaType("", "Send the body as it is: a Content-Encoding is not read here.")
    body = request.data if isinstance(request.data, bytes) else b""  # DRF parses no empty body
    if len(body) > evaluation.MAX_BODY:
        raise TooLarge(f"The body is larger than {evaluation.MAX_BODY // 1_000_000} MB.")
    return body


def _respond(reply: Reply) -> HttpResponse:
    headers = {**runtime.HEADERS, **reply.headers}
    if reply.status == 304:
        return HttpResponseNotModified(headers=headers)
    return HttpResponse(reply.body, status=reply.status, content_type="application/json", headers=headers)
