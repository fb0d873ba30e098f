"""What every address of Git LFS has in common: its media type, its errors, who may come in."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from variorum.accounts.authentication import BASIC_CHALLENGE, GitAuthentication
from variorum.lib.parsers import StrictJSONParser

MEDIA_TYPE = "application/vnd.git-lfs+json"


class LfsParser(StrictJSONParser):
    """JSON under the media type of Git LFS."""

    media_type = MEDIA_TYPE


class LfsRenderer(JSONRenderer):
    """The same on the way out."""

    media_type = MEDIA_TYPE


class _Whatever(BaseContentNegotiation):
    """One media type in, one out, whatever the headers say: transfers carry octets."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        return parsers[0]

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        return renderers[0], renderers[0].media_type


class LfsView(APIView):
    """An API key as Basic's password or as Bearer. Errors carry `message`, which the client shows."""

    authentication_classes = [GitAuthentication]
    parser_classes = [LfsParser]
    renderer_classes = [LfsRenderer]
    content_negotiation_class = _Whatever
    schema = None

    def handle_exception(self, exc: Exception) -> Response:
        """Problem documents that a Git LFS client can show; nobody is asked for a password."""
        response = super().handle_exception(exc)
        if isinstance(response.data, dict):
            response.data["message"] = response.data.get("detail", "")
        response.content_type = MEDIA_TYPE
        if response.status_code == 401:
            response["WWW-Authenticate"] = response["LFS-Authenticate"] = BASIC_CHALLENGE["WWW-Authenticate"]
        return response


def address_of(request: HttpRequest | Request, path: str) -> str:
    """An address of this server as the caller reached it; https when the installation says that it is."""
    scheme = "https" if settings.SECURE_HTTPS else request.scheme
    return f"{scheme}://{request.get_host()}{path}"
