"""One client for every OpenAI-compatible endpoint: the request, the answer, and what can go wrong."""

import json
import time
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import httpx

from variorum.inference import adapters, fit
from variorum.inference.shapes import LOCAL, AdapterRef, Completion, ProviderError, Target
from variorum.lib.errors import Problem
from variorum.lib.safe_http import pinned
from variorum_client.chat import settings_of

MAX_ANSWER = 8_000_000  # bytes
MILLION = Decimal(1_000_000)


class Request:
    """A chat completion that is ready to be sent: address, headers and body."""

    def __init__(
        self,
        target: Target,
        messages: Sequence[Mapping[str, Any]],
        config: Mapping[str, Any],
        adapter: AdapterRef | None,
    ) -> None:
        self.target = target
        self.adapter = adapter
        model = target.model
        if adapter is not None:
            if target.provider == LOCAL and (wrong := fit.mismatch(adapter, target.model)):
                raise ProviderError("adapter_mismatch", wrong)
            model = adapters.served_name(target, adapter)
        self.body = {**settings_of(config), "model": model, "messages": list(messages), "stream": False}
        self.headers = {"content-type": "application/json", "accept-encoding": "identity"}
        if target.key:
            self.headers["authorization"] = f"Bearer {target.key}"

    def address(self) -> tuple[str, dict[str, str], dict[str, Any]]:
        """URL, headers, extensions; our own server as it is, others pinned to a checked address."""
        url = f"{self.target.base_url.rstrip('/')}/chat/completions"
        if self.target.provider == LOCAL:
            return url, self.headers, {}
        try:
            target, host, extensions = pinned(url)
        except Problem as problem:
            raise ProviderError(
                problem.stable_code, problem.detail, retryable=problem.stable_code == "unknown_host"
            ) from None
        return target, {**self.headers, **host}, extensions


class Body:
    """An answer as it is read: at most MAX_ANSWER bytes, not packed, within `seconds` of its head.

    Raises ProviderError, and httpx.ReadTimeout when it takes too long.
    """

    def __init__(self, request: Request, answer: httpx.Response, seconds: float) -> None:
        self._provider, self._answer = request.target.provider, answer
        self._end, self._read = time.monotonic() + seconds, bytearray()
        packed = answer.headers.get("content-encoding", "identity").lower() != "identity"
        if packed:  # which may stand for any number of bytes
            raise ProviderError("bad_answer", f"{self._provider} packed its answer, though it was asked not to.")

    def add(self, piece: bytes) -> None:
        """The next bytes."""
        self._read += piece
        if len(self._read) > MAX_ANSWER:
            text = f"{self._provider} answered with more than {MAX_ANSWER / 1_000_000:g} MB."
            raise ProviderError("answer_too_large", text)
        if time.monotonic() > self._end:
            raise httpx.ReadTimeout("The answer takes too long.")

    def whole(self) -> httpx.Response:
        """The answer with what was read."""
        names = ("content-type", "retry-after")
        kept = {name: self._answer.headers[name] for name in names if name in self._answer.headers}
        return httpx.Response(self._answer.status_code, headers=kept, content=bytes(self._read))


def read_answer(request: Request, response: httpx.Response, began: float) -> Completion:
    """The completion in an answer. Raises ProviderError."""
    if response.status_code >= 300:
        raise _refusal(request.target, response)
    try:
        data = json.loads(response.content)
        choice = data["choices"][0]
        text = choice["message"].get("content") or ""
        usage = data.get("usage") or {}
        tokens = tuple(usage.get(name) for name in ("prompt_tokens", "completion_tokens"))
        if not isinstance(text, str) or not all(t is None or isinstance(t, int) for t in tokens):
            raise TypeError
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError):
        text = f"{request.target.provider} answered something that is no chat completion."
        raise ProviderError("bad_answer", text, retryable=True) from None
    return Completion(
        text=text,
        model=str(data.get("model") or request.target.model),
        finish_reason=str(choice.get("finish_reason") or ""),
        latency_ms=(time.perf_counter() - began) * 1000,
        input_tokens=tokens[0],
        output_tokens=tokens[1],
        cost=cost_of(request.target, tokens[0], tokens[1]),
    )


def cost_of(target: Target, input_tokens: int | None, output_tokens: int | None) -> Decimal | None:
    """US dollars, or None when a price or a count is unknown."""
    if None in (target.input_price, target.output_price, input_tokens, output_tokens):
        return None
    assert target.input_price is not None  # noqa: S101  (for the type checker; looked at above)
    assert target.output_price is not None  # noqa: S101
    return (target.input_price * (input_tokens or 0) + target.output_price * (output_tokens or 0)) / MILLION


def _refusal(target: Target, response: httpx.Response) -> ProviderError:
    status = response.status_code
    said = _said(response, target.key)
    if status == 429:
        return ProviderError(
            "rate_limited", f"{target.provider} asks to slow down{said}", retryable=True, retry_after=_seconds(response)
        )
    if status >= 500:
        wait = _seconds(response)
        return ProviderError(
            "unavailable", f"{target.provider} answered {status}{said}", retryable=True, retry_after=wait
        )
    if status == 404:
        return ProviderError("unknown_model", f"{target.provider} does not know the model {target.model!r}{said}")
    return ProviderError("refused", f"{target.provider} refused the request ({status}){said}")


def _said(response: httpx.Response, key: str) -> str:
    """What an OpenAI-like error body says, bounded; never the key, which some endpoints repeat."""
    try:
        text = str(json.loads(response.content)["error"]["message"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return "."
    if key:
        text = text.replace(key, "[key]")
        text = text.replace(key[:8], "[key]") if len(key) >= 12 else text
    return f": {text[:300]}"


def _seconds(response: httpx.Response) -> float | None:
    raw = response.headers.get("retry-after", "")
    try:
        return min(max(float(raw), 0.0), 3600.0)
    except ValueError:
        return None


def failed(target: Target, exc: httpx.HTTPError) -> ProviderError:
    """A broken connection or a time-out in words."""
    if isinstance(exc, httpx.TimeoutException):
        return ProviderError("timed_out", f"{target.provider} did not answer in time.", retryable=True)
    return ProviderError("unavailable", f"{target.provider} cannot be reached ({type(exc).__name__}).", retryable=True)
