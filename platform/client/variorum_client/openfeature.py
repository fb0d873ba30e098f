"""Variorum as a provider for OpenFeature: flags, configs and prompts, decided in the app's own process.

    from openfeature import api
    from variorum_client import Client
    from variorum_client.openfeature import VariorumProvider

    api.set_provider_and_wait(VariorumProvider(Client(...)))

A key is a flag's, or `configs/<name>`, or `prompts/<name>`: an object with commit, variant, model, config, source and
path. Needs the extra `openfeature`.
"""

import threading
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Literal

from openfeature.evaluation_context import EvaluationContext
from openfeature.event import ProviderEventDetails
from openfeature.exception import ErrorCode, ProviderNotReadyError
from openfeature.flag_evaluation import FlagResolutionDetails, FlagValueType, Reason
from openfeature.provider import AbstractProvider, Metadata, ProviderStatus
from openfeature.provider._registry import provider_registry  # nothing public gives the status of one provider

from variorum_client.aio import AsyncClient
from variorum_client.client import Client, Context
from variorum_client.delivery import Delivery
from variorum_client.errors import NotReady
from variorum_client.flags import FlagDetails
from variorum_client.live import News
from variorum_client.threads import started

Objects = Sequence[FlagValueType] | Mapping[str, FlagValueType]
Shown = Literal["ready", "stale", "error"]
SETTLE_SECONDS = 10.0
_KINDS = ("prompts/", "configs/")


class VariorumProvider(AbstractProvider):
    """A provider on a client, which stays its owner's: shutting the provider down does not close it."""

    def __init__(self, client: Client | AsyncClient) -> None:
        super().__init__()
        self._client = client.sync if isinstance(client, AsyncClient) else client
        self._end = _nothing
        self._lock = threading.Lock()
        self._shown: Shown | None = None  # None until the registry has said its own word after initialize

    def get_metadata(self) -> Metadata:
        """Its name."""
        return Metadata("Variorum")

    def initialize(self, evaluation_context: EvaluationContext) -> None:
        """Wait until something is known. Raises ProviderNotReadyError; once it is known after all, READY follows.

        What comes from disk or is the bundled fallback makes the provider STALE until the server answers.
        """
        self._end()
        self._shown, self._end = None, self._client.listen(self._heard)
        try:
            self._client.wait()
        except NotReady as error:
            raise ProviderNotReadyError(str(error)) from None
        finally:
            if started(self._settle, "variorum-openfeature", self._end) is None:
                self._shown = "ready"

    def shutdown(self) -> None:
        """Listen no longer."""
        self._end()
        self._end = _nothing

    def _settle(self, mine: object) -> None:
        """The registry calls a provider READY that was initialised well, whatever it says of itself: speak after it."""
        until = time.monotonic() + SETTLE_SECONDS
        while self._status() is ProviderStatus.NOT_READY and self._end is mine and time.monotonic() < until:
            time.sleep(0.002)
        with self._lock:
            if self._end is mine:
                self._shown = "error" if self._status() is ProviderStatus.ERROR else "ready"
                self._show()

    def _status(self) -> ProviderStatus:
        return provider_registry.get_provider_status(self)

    def _show(self) -> None:
        """Tell what the provider is now, unless that was told."""
        now: Shown = "stale" if self._client.stale else "ready" if self._client.known else "error"
        if now == self._shown or now == "error":
            return
        self._shown = now
        if now == "ready":
            self.emit_provider_ready(ProviderEventDetails())
        else:
            message = "The server does not answer; the last good is served."
            self.emit_provider_stale(ProviderEventDetails(message=message))

    def _heard(self, news: News, before: Delivery | None, now: Delivery | None) -> None:
        with self._lock:
            if self._shown is not None:
                self._show()
        if news == "changed" and before is not None and now is not None:
            self.emit_provider_configuration_changed(ProviderEventDetails(flags_changed=_changed(before, now)))

    def resolve_boolean_details(
        self, flag_key: str, default_value: bool, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[bool]:
        """A flag that is true or false."""
        return self._resolved(flag_key, default_value, evaluation_context)

    def resolve_string_details(
        self, flag_key: str, default_value: str, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[str]:
        """A flag that is a text."""
        return self._resolved(flag_key, default_value, evaluation_context)

    def resolve_integer_details(
        self, flag_key: str, default_value: int, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[int]:
        """A flag that is a whole number."""
        return self._resolved(flag_key, default_value, evaluation_context)

    def resolve_float_details(
        self, flag_key: str, default_value: float, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[float]:
        """A flag that is a number."""
        return self._resolved(flag_key, float(default_value), evaluation_context)

    def resolve_object_details(
        self, flag_key: str, default_value: Objects, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[Objects]:
        """A flag that is an object or a list, a config, or a prompt."""
        return self._resolved(flag_key, default_value, evaluation_context)

    def _resolved(self, key: str, default: Any, given: EvaluationContext | None) -> FlagResolutionDetails[Any]:
        context = _context(given)
        if key.startswith(_KINDS):
            return _resolution(self._client.artefact_details(key, default, context))
        return _resolution(self._client.flag_details(key, default, context))


def _resolution(found: FlagDetails) -> FlagResolutionDetails[Any]:
    code = ErrorCode(found.code) if found.code else None
    reason = Reason(found.reason) if found.reason in Reason.__members__ else found.reason
    return FlagResolutionDetails(found.value, code, found.message or None, reason, found.variant)


def _context(given: EvaluationContext | None) -> Context:
    """The context as rules see it; moments are written as ISO 8601."""
    if given is None:
        return {}
    fields = {name: _plain(value) for name, value in given.attributes.items()}
    return {**fields, "targetingKey": given.targeting_key} if given.targeting_key else fields


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).isoformat()
    if isinstance(value, Mapping):
        return {str(name): _plain(inner) for name, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, list | tuple) else value


def _changed(before: Delivery, now: Delivery) -> list[str]:
    """The keys whose answers may be other ones now, sorted."""
    found = {key for key in {*before.flags(), *now.flags()} if _flag(before, key) != _flag(now, key)}
    if before.document.get("$evaluators") != now.document.get("$evaluators"):
        found |= {*now.flags()}
    same = _commit_rules(before) == _commit_rules(now)
    for kind in ("prompts", "configs"):
        names = {name for one in (before, now) for sha in one.commits for name in getattr(one.bundle(sha), kind)}
        mine = [{name: getattr(one.live, kind).get(name) for name in names} for one in (before, now)]
        found |= {f"{kind}/{name}" for name in names if not same or mine[0][name] != mine[1][name]}
    return sorted(found)


def _flag(delivery: Delivery, key: str) -> Any:
    return delivery.document.get("flags", {}).get(key)


def _commit_rules(delivery: Delivery) -> dict[str, Any]:
    flags, values = delivery.document.get("flags", {}), {*delivery.flags()}
    return {key: flag for key, flag in flags.items() if key not in values}


def _nothing() -> None:
    """Nobody listens yet."""
