"""What goes to a model and what comes back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

LOCAL = "local"
LOADED = "variorum-"  # begins the names under which adapters of a project are loaded elsewhere


@dataclass(frozen=True)
class AdapterRef:
    """A LoRA adapter by content: the weights' SHA-256 (an object in the store) and its adapter_config.json.

    `base_sha256` is the hash of the base model that its card names, "" when it names none.
    """

    sha256: str
    config: Mapping[str, Any]
    base_sha256: str = ""


@dataclass(frozen=True)
class Target:
    """Where a `provider/model` name leads. `key` is a secret: it is not shown in repr."""

    provider: str
    model: str
    base_url: str
    key: str = field(repr=False, default="")
    input_price: Decimal | None = None
    output_price: Decimal | None = None
    driver: str = ""  # how adapters are loaded there (Provider.Driver)
    adapters_root: str = ""
    replicas: tuple[str, ...] = ()
    provider_id: int | None = None  # the row's key; None for our own server
    project_id: int | None = None


@dataclass(frozen=True)
class Completion:
    """One answer. Tokens are the endpoint's own count or None; cost in US dollars or None when no price is known."""

    text: str
    model: str
    finish_reason: str
    latency_ms: float
    input_tokens: int | None
    output_tokens: int | None
    cost: Decimal | None


class ProviderError(Exception):
    """A model call that brought no answer.

    `code`: unknown_provider, unknown_model, unknown_adapter, adapter_unsupported, adapter_mismatch, adapter_refused
    (the server cannot load it), adapters_off (it loads none), not_configured, private_address, refused (4xx),
    rate_limited, unavailable (5xx, no connection), timed_out, bad_answer, answer_too_large.
    `retryable` says whether the same call may work later; `retry_after` the seconds that the endpoint asked for.
    Never holds a key.
    """

    def __init__(self, code: str, detail: str, *, retryable: bool = False, retry_after: float | None = None) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.retryable = retryable
        self.retry_after = retry_after
