"""Model calls, and writes of providers."""

import asyncio
import os
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any

import httpx
from django.db import IntegrityError, transaction

from variorum.accounts.access import Actor
from variorum.accounts.models import Project
from variorum.events.services import record
from variorum.inference import calls, loading
from variorum.inference.models import Provider
from variorum.inference.patience import Patience
from variorum.inference.shapes import LOCAL, AdapterRef, Completion, Target
from variorum.inference.targets import resolve
from variorum.lib import crypto
from variorum.lib.errors import Conflict, Invalid
from variorum.lib.net import check_url

TIMEOUT = 120.0
RESERVED = {LOCAL, "prompts"}  # our own model server; a project's prompts at the gateway
_clients: dict[int, httpx.Client] = {}
_lock = threading.Lock()


def complete(
    *,
    project: Project,
    model: str,
    messages: Sequence[Mapping[str, Any]],
    config: Mapping[str, Any] | None = None,
    adapter: AdapterRef | None = None,
    timeout: float = TIMEOUT,
) -> Completion:
    """One chat completion of `provider/model`; `timeout` in seconds, until the answer begins and again until it is
    whole. Raises ProviderError; tried again only while our own server is being replaced."""
    request = calls.Request(resolve(project, model), messages, config or {}, adapter)
    url, headers, extensions = request.address()
    patience, began = Patience(request.target), time.perf_counter()
    while True:
        try:
            with _client().stream(
                "POST", url, json=request.body, headers=headers, extensions=extensions, timeout=timeout
            ) as answer:
                body = calls.Body(request, answer, timeout)
                for piece in answer.iter_raw():
                    body.add(piece)
            response = body.whole()
        except httpx.HTTPError as exc:
            if (pause := patience.after(exc)) is None:
                raise calls.failed(request.target, exc) from None
        else:
            if patience.forgotten(response) and request.adapter:
                loading.load(request.target, request.adapter)
                continue
            if (pause := patience.after(response)) is None:
                return calls.read_answer(request, response, began)
        time.sleep(pause)


async def acomplete(
    *,
    client: httpx.AsyncClient,
    target: Target,
    messages: Sequence[Mapping[str, Any]],
    config: Mapping[str, Any] | None = None,
    adapter: AdapterRef | None = None,
    timeout: float = TIMEOUT,
) -> Completion:
    """The same on an event loop, with the caller's client (see `async_client`) and a target resolved before.

    It touches no database, so it may run in any loop. Raises ProviderError; tried
    again only while our own server is being replaced.
    """
    request = calls.Request(target, messages, config or {}, adapter)
    # The name's lookup blocks: not on the loop.
    url, headers, extensions = await asyncio.to_thread(request.address)
    patience, began = Patience(target), time.perf_counter()
    while True:
        try:
            async with client.stream(
                "POST", url, json=request.body, headers=headers, extensions=extensions, timeout=timeout
            ) as answer:
                body = calls.Body(request, answer, timeout)
                async for piece in answer.aiter_raw():
                    body.add(piece)
            response = body.whole()
        except httpx.HTTPError as exc:
            if (pause := patience.after(exc)) is None:
                raise calls.failed(target, exc) from None
        else:
            if patience.forgotten(response) and adapter:
                await loading.aload(target, adapter)
                continue
            if (pause := patience.after(response)) is None:
                return calls.read_answer(request, response, began)
        await asyncio.sleep(pause)


def async_client(concurrency: int) -> httpx.AsyncClient:
    """A client for `acomplete` that keeps `concurrency` connections; close it with `async with`."""
    limits = httpx.Limits(max_connections=concurrency, max_keepalive_connections=concurrency)
    return httpx.AsyncClient(limits=limits, follow_redirects=False, trust_env=False)


def _client() -> httpx.Client:
    """One client per process, so that connections are kept; made anew after a fork."""
    with _lock:
        if os.getpid() not in _clients:
            _clients.clear()
            limits = httpx.Limits(max_connections=64, max_keepalive_connections=16)
            _clients[os.getpid()] = httpx.Client(limits=limits, follow_redirects=False, trust_env=False)
        return _clients[os.getpid()]


@transaction.atomic
def create_provider(
    *,
    project: Project,
    actor: Actor,
    slug: str,
    name: str,
    base_url: str,
    key: str,
    catalogue: list[dict[str, Any]],
    driver: str = "",
    adapters_root: str = "",
    replicas: Sequence[str] = (),
) -> Provider:
    """A new endpoint. Raises Conflict for a taken name, Invalid for a bad address."""
    for url in (base_url, *replicas):
        check_url(url)
    if slug in RESERVED:
        text = f"{slug} means something else in the name of a model. Choose another."
        raise Invalid(text, errors=[{"where": "slug", "code": "reserved", "detail": text}])
    try:
        with transaction.atomic():
            provider = Provider.objects.create(
                project=project,
                slug=slug,
                name=name,
                base_url=base_url,
                sealed_key=crypto.seal(key),
                catalogue=catalogue,
                driver=driver,
                adapters_root=adapters_root,
                replicas=list(replicas),
            )
    except IntegrityError:
        raise Conflict(f"The project has a provider {slug!r} already.", code="slug_taken") from None
    _tell(provider, actor, "provider.created")
    return provider


@transaction.atomic
def update_provider(*, provider: Provider, actor: Actor, changes: dict[str, Any]) -> Provider:
    """Change what is given. A new address needs the key again: it must not be sent elsewhere unseen."""
    _check_addresses(provider, changes)
    if "key" in changes:
        changes = {**changes, "sealed_key": crypto.seal(changes["key"])}
        del changes["key"]
    for name, value in changes.items():
        setattr(provider, name, value)
    provider.save()
    _tell(provider, actor, "provider.updated")
    return provider


def _check_addresses(provider: Provider, changes: dict[str, Any]) -> None:
    asked = {changes.get("base_url", provider.base_url), *changes.get("replicas", provider.replicas)}
    for url in asked:
        check_url(url)
    if asked - {provider.base_url, *provider.replicas} and provider.sealed_key and "key" not in changes:
        text = "Enter the key again: with a new address it would be sent to another server."
        raise Invalid(text, errors=[{"where": "key", "code": "required", "detail": text}])


@transaction.atomic
def delete_provider(*, provider: Provider, actor: Actor) -> None:
    """Forget an endpoint and its key. Prompts that name it keep their text and fail clearly when called."""
    _tell(provider, actor, "provider.deleted")
    provider.delete()


def draft_provider(*, project: Project, saved: Provider | None, changes: dict[str, Any]) -> Provider:
    """An endpoint as a form says it, not saved, to be tried. The kept key goes to no other address. Raises Invalid."""
    changes = dict(changes)
    if saved:
        _check_addresses(saved, changes)
    else:
        for url in (changes["base_url"], *changes.get("replicas", [])):
            check_url(url)
    row = Provider(project=project, slug=saved.slug if saved else "It", sealed_key=saved.sealed_key if saved else "")
    if "key" in changes:
        row.sealed_key = crypto.seal(changes.pop("key"))
    for name, value in changes.items():
        setattr(row, name, value)
    return row


def _tell(provider: Provider, actor: Actor, kind: str) -> None:
    data = {"name": provider.name, "base_url": provider.base_url}
    record(project=provider.project, actor=actor, kind=kind, subject=("provider", provider.slug), data=data)
