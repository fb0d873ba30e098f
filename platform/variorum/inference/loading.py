"""Adapters on the servers that answer with them: loaded before traffic comes, let go when nothing names them."""

import asyncio
import logging
import posixpath
from collections.abc import Collection, Iterable
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import Q
from django.utils import timezone

from variorum.inference import adapters
from variorum.inference.models import LoadedAdapter, Provider
from variorum.inference.shapes import LOCAL, AdapterRef, ProviderError, Target
from variorum.inference.targets import models_dir
from variorum.inference.vllm import Vllm
from variorum.lib import crypto

log = logging.getLogger(__name__)
GRACE = timedelta(minutes=10)  # how long an adapter that nothing live names stays for evaluations and late requests
DETAIL = 500


def load(target: Target, adapter: AdapterRef) -> str:
    """Load an adapter wherever the endpoint answers, and wait until it does; the model id to ask for.

    At a provider with several addresses each of them must have it. Raises ProviderError with the first refusal, after
    all were asked. What happened at a provider is written down for the pages.
    """
    served = adapters.served_name(target, adapter)
    path = posixpath.join(target.adapters_root or str(models_dir() / "adapters"), adapters.ensure(adapter))
    refusals = []
    for url in addresses(target):
        refusal = _load_at(Vllm(target.provider, url, target.key), served, path)
        refusals += [refusal] if refusal else []
        _note(target, url, served, refusal.detail if refusal else "")
    if refusals:
        raise refusals[0]
    return served


def _load_at(server: Vllm, served: str, path: str) -> ProviderError | None:
    try:
        read = None if server.provider == LOCAL else server.models().get(served)
        if read in ("", path):
            return None
        server.load(served, path, again=read is not None)  # it was read where the server may not see it any more
        if served not in server.models():
            return ProviderError("unavailable", f"{server.provider} ({server.url}) took the adapter and lists it not.")
    except ProviderError as error:
        return error
    return None


def addresses(target: Target) -> tuple[str, ...]:
    """Where adapters are loaded: every replica, or the one address that there is."""
    return target.replicas or (target.base_url,)


async def aload(target: Target, adapter: AdapterRef) -> str:
    """The same from an event loop."""

    def in_thread() -> str:
        try:
            return load(target, adapter)
        finally:
            connection.close()  # this thread's own

    return await asyncio.to_thread(in_thread)


def _note(target: Target, url: str, served: str, detail: str) -> None:
    provider = Provider.objects.filter(pk=target.provider_id).first() if target.provider_id else None
    if provider is not None:
        LoadedAdapter.objects.update_or_create(
            provider=provider,
            replica=url,
            name=served,
            defaults={"detail": detail[:DETAIL], "asked_at": timezone.now()},
        )


def unload_unnamed(named: Collection[str]) -> None:
    """Unload what we loaded, nothing live names any more, and nobody asked for lately. The clock's."""
    old = LoadedAdapter.objects.exclude(name__in=named).filter(asked_at__lt=timezone.now() - GRACE)
    for row in old.select_related("provider"):
        wanted = LoadedAdapter.objects.filter(replica=row.replica, name=row.name).exclude(pk=row.pk)
        if row.provider.driver and not wanted.filter(~Q(asked_at__lt=timezone.now() - GRACE)).exists():
            try:
                Vllm(row.provider.slug, row.replica, crypto.unseal(row.provider.sealed_key)).unload(row.name)
            except (ProviderError, ValueError) as error:
                log.warning("an adapter is not unloaded: %s", error)
                continue
        row.delete()


def keep_local(wanted: Iterable[tuple[str, AdapterRef]]) -> None:
    """Make our own server keep exactly these (model, adapter): the others stay loaded while there is room."""
    if not settings.MODEL_SERVER_URL:
        return
    server = Vllm(LOCAL, f"{settings.MODEL_SERVER_URL}/v1")
    names = {f"{model}+{adapters.ensure(adapter)}" for model, adapter in wanted}
    kept = {entry["name"] for entry in local_state()["adapters"] if entry["kept"]}
    for name in sorted(names - kept):
        try:
            server.load(name, "")
        except ProviderError as error:
            log.warning("an adapter is not loaded: %s", error)
    for name in kept - names:
        server.unload(name)


def local_state() -> dict[str, Any]:
    """What our own server has loaded, see Vllm.state. Raises ProviderError."""
    return Vllm(LOCAL, f"{settings.MODEL_SERVER_URL}/v1").state()
