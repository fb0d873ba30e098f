"""One error tree, one JSON shape: RFC 9457 problem documents with a stable `code`."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, ClassVar, TypedDict


class Detail(TypedDict):
    """One thing that is wrong: where (field, pointer or path:line:col), a stable code, and what to do."""

    where: str
    code: str
    detail: str


class Problem(Exception):
    """An answer that says what went wrong. `extra` is merged in the document (never over its own members)."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "error"

    def __init__(
        self,
        detail: str,
        *,
        code: str | None = None,
        errors: Sequence[Detail] = (),
        extra: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.stable_code = code or self.code
        self.errors = list(errors)
        self.extra = dict(extra or {})
        self.headers = dict(headers or {})

    def document(self) -> dict[str, Any]:
        """The problem as a JSON-able dict, in the member order of RFC 9457."""
        return problem_document(
            status=self.status, code=self.stable_code, detail=self.detail, errors=self.errors, extra=self.extra
        )


def problem_document(
    *, status: int, code: str, detail: str, errors: Sequence[Detail] = (), extra: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Build a problem document; `type` is a URN of the code so that it is stable and needs no web page."""
    return {
        **(extra or {}),
        "type": f"urn:variorum:problem:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
        "errors": list(errors),
    }


class Invalid(Problem):
    """What was sent cannot be used as it is."""

    status = 400
    code = "invalid"


class Unauthenticated(Problem):
    """Nobody is signed in, or the key is unknown, expired or revoked."""

    status = 401
    code = "unauthenticated"


class Forbidden(Problem):
    """Signed in, but the role or the key's scope is too low."""

    status = 403
    code = "forbidden"


class NotFound(Problem):
    """No such thing, or not for this caller: the two answers are the same on purpose."""

    status = 404
    code = "not_found"


class TooSlow(Problem):
    """The body did not come in time."""

    status = 408
    code = "too_slow"


class Conflict(Problem):
    """Somebody else was faster, or the thing is not in the state that this needs."""

    status = 409
    code = "conflict"


class Gone(Problem):
    """It was there once."""

    status = 410
    code = "gone"


class PreconditionFailed(Problem):
    """The caller's If-Match names an older version."""

    status = 412
    code = "precondition_failed"


class TooLarge(Problem):
    """The body is larger than allowed here."""

    status = 413
    code = "too_large"


class Unprocessable(Problem):
    """Well-formed, but the artefact in it has problems; `errors` lists them with path, line and column."""

    status = 422
    code = "unprocessable"


class RateLimited(Problem):
    """Too many requests; `retry-after` is set."""

    status = 429
    code = "rate_limited"


class UpstreamFailed(Problem):
    """A model endpoint or another server that we asked did not answer well."""

    status = 502
    code = "upstream_failed"


class Unavailable(Problem):
    """A part that is needed is not there now; trying again later may help."""

    status = 503
    code = "unavailable"
