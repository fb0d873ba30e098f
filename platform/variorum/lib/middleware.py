"""Turns exceptions that no view caught into problem documents."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase

from variorum.lib.errors import Invalid
from variorum.lib.problems import as_problem, problem_response


class ProblemMiddleware:
    """Outermost: refuses addresses with NUL bytes, maps known exceptions, leaves the rest to handler500."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if "\x00" in request.path or "%00" in request.META.get("QUERY_STRING", ""):
            return problem_response(Invalid("The address holds a NUL character."))
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponseBase | None:
        """Called for exceptions outside of DRF views."""
        problem = as_problem(exception)
        return problem_response(problem) if problem else None
