"""A failed model call as a problem document."""

from variorum.inference.shapes import ProviderError
from variorum.lib.errors import Invalid, Problem, UpstreamFailed

OURS = {
    "unknown_provider",
    "not_configured",
    "adapter_unsupported",
    "private_address",
    "invalid_url",
    "unknown_adapter",
}


def as_problem(error: ProviderError) -> Problem:
    """400 when the request or the settings are at fault, 502 when the endpoint is."""
    kind = Invalid if error.code in OURS else UpstreamFailed
    return kind(error.detail, code=error.code, extra={"retryable": error.retryable})
