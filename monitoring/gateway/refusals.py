"""What goes wrong, in OpenAI's shape: `{"error": {"message", "type", "param", "code"}}`."""

import json
from collections.abc import Mapping
from typing import Any

from variorum.inference.shapes import ProviderError
from variorum.lib.errors import Problem

KINDS = {400: "invalid_request_error", 401: "invalid_request_error", 403: "invalid_request_error"}
KINDS |= {404: "invalid_request_error", 405: "invalid_request_error", 413: "invalid_request_error"}
PROVIDER_STATUS = {"timed_out": 504, "unknown_provider": 404, "unknown_model": 404, "refused": 400}
PROVIDER_STATUS |= {"adapter_unsupported": 400, "adapter_mismatch": 400, "private_address": 400, "invalid_url": 400}


class Refused(Exception):
    """An answer that is no completion. Never holds a provider's key."""

    def __init__(
        self,
        status: int,
        message: str,
        code: str,
        *,
        kind: str = "",
        param: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.message, self.code, self.param = status, message, code, param
        self.kind = kind or KINDS.get(status, "server_error")
        self.headers = dict(headers or {})

    @property
    def document(self) -> dict[str, Any]:
        """The body."""
        error = {"message": self.message, "type": self.kind, "param": self.param, "code": self.code}
        return {"error": error}

    @property
    def body(self) -> bytes:
        """The body's bytes."""
        return json.dumps(self.document, ensure_ascii=False).encode("utf-8", "replace")

    @property
    def event(self) -> bytes:
        """The same as an event of a stream that had begun."""
        return b"data: " + self.body + b"\n\n"


def shutting_down() -> Refused:
    """The web process ends; another may answer."""
    return Refused(503, "The server ends. Try again.", "shutting_down", headers={"retry-after": "1"})


def of_problem(problem: Problem) -> Refused:
    """One of our problems."""
    headers = {name.lower(): value for name, value in problem.headers.items()}
    code = "invalid_api_key" if problem.status == 401 else problem.stable_code
    return Refused(problem.status, problem.detail, code, headers=headers)


def of_provider(error: ProviderError, param: str | None = None) -> Refused:
    """A call that brought no answer."""
    status = PROVIDER_STATUS.get(error.code, 502)
    code = "model_not_found" if status == 404 else error.code
    kind = "" if status < 500 else "upstream_error"
    return Refused(status, error.detail, code, kind=kind, param="model" if status == 404 else param)


def unknown_model(name: str, hint: str = "") -> Refused:
    """As OpenAI says it."""
    text = f"The model `{name[:200]}` does not exist or you do not have access to it.{hint}"
    return Refused(404, text, "model_not_found", param="model")
