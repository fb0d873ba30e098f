"""Outgoing requests that connect to the address that was checked, and follow no redirects."""

import asyncio
import ssl
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import httpcore
import httpx

from variorum.lib.net import resolve_public
from variorum.lib.pool import Pool
from variorum.lib.streams import Backend


def pinned(url: str) -> tuple[str, dict[str, str], dict[str, str]]:
    """The URL with a checked address for its host, the Host header, and httpx extensions for SNI. Raises Invalid."""
    address = resolve_public(url)
    parts = urlsplit(url)
    host = parts.hostname or ""
    netloc = f"[{address}]" if ":" in address else address
    if parts.port:
        netloc += f":{parts.port}"
    target = urlunsplit((parts.scheme, netloc, parts.path or "/", parts.query, ""))
    return target, {"host": parts.netloc}, {"sni_hostname": host}


def post_bytes(url: str, body: bytes, *, headers: Mapping[str, str], timeout: float) -> int:
    """POST and give the status code; the answer's body is not read. Raises Invalid, httpx.HTTPError."""
    with _asked("POST", url, headers, timeout, content=body) as response:
        return response.status_code


@contextmanager
def _asked(
    method: str, url: str, headers: Mapping[str, str], seconds: float, *, public: bool = True, **sent: Any
) -> Iterator[httpx.Response]:
    """The head of an answer, whose body may be read. `public` false: an address that the operator set."""
    target, host, extensions = pinned(url) if public else (url, {}, {})
    with (
        httpx.Client(timeout=seconds, follow_redirects=False, trust_env=False) as client,
        client.stream(method, target, headers={**headers, **host}, extensions=extensions, **sent) as response,
    ):
        yield response


class AnswerTooLarge(httpx.HTTPError):
    """An answer of more bytes than are read, or packed, which may stand for any number."""


def fetch(
    method: str,
    url: str,
    *,
    seconds: float,
    headers: Mapping[str, str],
    json: Any = None,
    public: bool = True,
    most: int = 1_000_000,
) -> httpx.Response:
    """One request of a server that may mean harm: all of its answer within `seconds`, `most` bytes and no redirect.

    `public` false: an address that the operator set. Raises Invalid for a host that is not allowed, httpx.HTTPError.
    """
    end, body = time.monotonic() + seconds, b""
    plain = {**headers, "accept-encoding": "identity"}
    with _asked(method, url, plain, seconds, public=public, json=json) as answer:
        if answer.headers.get("content-encoding", "identity").lower() != "identity":
            raise AnswerTooLarge("The answer is packed.")
        for piece in answer.iter_raw():  # as it comes: pieces of a size would be waited for
            body += piece
            if len(body) > most:
                raise AnswerTooLarge(f"The answer has more than {most} bytes.")
            if time.monotonic() > end:
                raise httpx.ReadTimeout("The answer takes too long.")
        kept = {"content-type": answer.headers.get("content-type", "")}
        return httpx.Response(answer.status_code, headers=kept, content=body)


class _PublicBackend(httpcore.AsyncNetworkBackend):
    """Connects to addresses that `resolve_public` allows: the name is resolved once, at the moment of connecting."""

    def __init__(self) -> None:
        self._inner = Backend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Raises Invalid for a private or unknown host."""
        netloc = f"[{host}]" if ":" in host else host
        address = await asyncio.to_thread(resolve_public, f"http://{netloc}:{port}/")
        return await self._inner.connect_tcp(address, port, timeout, local_address, socket_options)

    async def sleep(self, seconds: float) -> None:
        """As the event loop does."""
        await self._inner.sleep(seconds)


def public_pool(connections: int) -> Pool:
    """Kept connections to public hosts (or those that the operator allows), by host name; no redirects, no proxies.

    A connection is checked as it is made, so a name that leads elsewhere a moment later changes nothing. Raises
    Invalid where httpcore raises ConnectError.
    """
    return Pool(_PublicBackend(), most=connections, ssl_context=ssl.create_default_context())


def private_pool(connections: int) -> Pool:
    """The same for an address that the operator set, as that of our own model server."""
    return Pool(Backend(), most=connections)
