"""Views that belong to no room: health, the single page, and Django's own error handlers."""

from functools import cache
from pathlib import Path
from urllib.parse import urlencode

from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import redirect

from variorum.lib.errors import Forbidden, Invalid, NotFound
from variorum.lib.problems import problem_response

CSP = (
    "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; script-src 'self'; "
    "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)
SIGN_IN = "sign-in"
OPEN = {SIGN_IN, "unsubscribe"}  # pages for people without a session


def health(request: HttpRequest) -> JsonResponse:
    """200 once the database answers; used by the launcher and by load balancers."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return JsonResponse({"status": "ok"})


@cache
def _index(path: Path, modified: float) -> bytes:
    return path.read_bytes()


def page(request: HttpRequest, path: str = "") -> HttpResponseBase:
    """The front end's one HTML file, for every address but the API's. People without a session sign in first."""
    index: Path = settings.FRONTEND_DIST / "index.html"
    if path.startswith(("api/", "assets/")) or request.method not in {"GET", "HEAD"}:
        return problem_response(NotFound("There is nothing at this address."))
    if not index.exists():
        return HttpResponse(
            "The pages are not built. Run `make up`, or `npm ci && npm run build` in frontend/.",
            status=503,
            content_type="text/plain",
        )
    if path not in OPEN and settings.SESSION_COOKIE_NAME not in request.COOKIES:
        # Nobody is signed in for sure: the page would only ask the API to hear so.
        return redirect(f"/{SIGN_IN}?{urlencode({'next': request.get_full_path()})}")
    get_token(request)  # the sign-in form sends it back
    response = HttpResponse(_index(index, index.stat().st_mtime), content_type="text/html; charset=utf-8")
    response["Cache-Control"] = "no-cache"
    response["Content-Security-Policy"] = CSP
    return response


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponseBase:
    """A browser form without its token."""
    return problem_response(Forbidden("The page is out of date. Reload it and try again.", code="csrf"))


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """handler400."""
    return problem_response(Invalid("The request is malformed."))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """handler404."""
    return problem_response(NotFound("There is nothing at this address."))


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """handler403."""
    return problem_response(Forbidden("You may not do this."))
