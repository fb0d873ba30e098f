"""Every error of every path becomes one problem document."""

import logging
from typing import Any, cast

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation, TooManyFilesSent
from django.db import DataError, OperationalError
from django.http import Http404, HttpRequest, JsonResponse
from drf_standardized_errors.formatter import ExceptionFormatter
from drf_standardized_errors.handler import exception_handler as standardized_handler
from drf_standardized_errors.types import ErrorResponse
from rest_framework.exceptions import APIException
from rest_framework.response import Response

from variorum.lib.errors import Invalid, NotFound, Problem, TooLarge, Unavailable, problem_document

CONTENT_TYPE = "application/problem+json"
log = logging.getLogger(__name__)


def as_problem(exc: BaseException) -> Problem | None:
    """The problem that an exception of Django or of the database means, or None for a fault of ours."""
    if isinstance(exc, Problem):
        return exc
    if isinstance(exc, Http404):
        return NotFound("There is nothing at this address, or it is not for you.")
    if isinstance(exc, RequestDataTooBig | TooManyFilesSent):
        return TooLarge("The body is larger than allowed here. Send less at once.")
    if isinstance(exc, DataError):
        return Invalid("A value cannot be stored: it is out of range or holds characters that no text may hold.")
    if isinstance(exc, SuspiciousOperation):
        return Invalid("The request is malformed.")
    if isinstance(exc, OperationalError):
        return Unavailable("The database does not answer now. Try again in a moment.", headers={"Retry-After": "2"})
    return None


def problem_response(problem: Problem) -> JsonResponse:
    """The problem as a plain Django response."""
    return JsonResponse(problem.document(), status=problem.status, content_type=CONTENT_TYPE, headers=problem.headers)


def exception_handler(exc: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's handler: our problems as they are, DRF's own through drf-standardized-errors' formatter."""
    problem = as_problem(exc)
    if problem is not None:
        response = Response(
            problem.document(), status=problem.status, headers=problem.headers, content_type=CONTENT_TYPE
        )
    elif isinstance(exc, APIException | PermissionDenied):
        handled = standardized_handler(exc, cast("Any", context))
        if handled is None:
            return None
        response = handled
        response.content_type = CONTENT_TYPE
    else:
        return None
    response.exception = True
    return response


class ProblemFormatter(ExceptionFormatter):
    """drf-standardized-errors' flat error list, written as RFC 9457."""

    def format_error_response(self, error_response: ErrorResponse) -> dict[str, Any]:
        """Each error names its field in `where`; the first one is the document's detail."""
        errors = [
            {"where": error.attr or "", "code": str(error.code), "detail": str(error.detail)}
            for error in error_response.errors
        ]
        status = int(self.exc.status_code)
        first = errors[0]
        detail = f"{first['where']}: {first['detail']}" if first["where"] else first["detail"]
        fixed = {400: "invalid", 401: "unauthenticated", 403: "forbidden", 404: "not_found", 429: "rate_limited"}
        code = fixed.get(status, first["code"])
        return problem_document(status=status, code=code, detail=detail, errors=errors if status == 400 else [])  # type: ignore[arg-type]


def server_error(request: HttpRequest) -> JsonResponse:
    """handler500: says nothing of the inside; the log has the trace."""
    document = problem_document(
        status=500, code="internal", detail="Something broke on our side. It was written to the server's log."
    )
    return JsonResponse(document, status=500, content_type=CONTENT_TYPE)
