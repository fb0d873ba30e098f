"""OpenFeature's Remote Evaluation Protocol over HTTP: the ordinary views."""

from django.http import HttpResponse
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from variorum.accounts.authentication import CHALLENGE, KeyAuthentication, find_key, live_key, touch_key
from variorum.accounts.models import ApiKey, User
from variorum.deployments import runtime, tickets
from variorum.lib.errors import Unauthenticated


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
    match_subclasses = True
    name = "ofrepKey"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        """The scheme as OpenAPI has it."""
        return {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "Or Authorization: Bearer vk_..."}


class OfrepStreamView(runtime.RuntimeStreamView):
    """The change stream in OFREP's words: `refetchEvaluation`."""

    authentication_classes = [TicketAuthentication]
    shape = "ofrep"

    @extend_schema(operation_id="ofrep_stream", responses={(200, "text/event-stream"): OpenApiTypes.STR})
    def get(self, request: Request, environment: str) -> HttpResponse:
        """A key with the scope `runtime`, or the ticket that a bulk evaluation gives."""
        return super().get(request, environment)
