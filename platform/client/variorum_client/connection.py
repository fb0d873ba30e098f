"""One way to the server: address and key checked, answers bounded in size and time, secrets kept out of errors."""

import hashlib
import json
import os
import re
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import IO, Any
from urllib.parse import quote, urlsplit

import httpx

from variorum_client.errors import ApiError
from variorum_client.watch import Watch

MAX_ANSWER_BYTES = 64_000_000
DOWNLOAD_CHUNK = 256 * 1024
MAX_RETRY_AFTER = 300.0
USER_AGENT = "variorum-client/0.1"
_KEY = re.compile(r"[\x21-\x7e]{1,400}")


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, body, ETag, and the seconds that Retry-After asks for (0 without one)."""

    status: int
    body: bytes
    etag: str | None
    retry_after: float

    def json(self) -> Any:
        """The body as JSON, or None when it is none."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None


class Connection:
    """The server's address and a key. Its repr and its errors never show the key."""

    def __init__(self, base_url: str | None = None, api_key: str | None = None, *, timeout: float = 10.0) -> None:
        """Address and key default to VARIORUM_URL and VARIORUM_API_KEY. Raises ValueError for what is neither."""
        self.base_url = _address(base_url or os.environ.get("VARIORUM_URL", ""))
        self._key = _key(api_key or os.environ.get("VARIORUM_API_KEY", ""))
        self.timeout = timeout
        self._http: httpx.Client | None = None
        self._watch = Watch()

    def __repr__(self) -> str:
        return f"<Connection {self.base_url}>"

    def request(
        self, method: str, path: str, *, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """One exchange, at most `timeout` seconds in all. Raises ApiError with status 0 when no whole answer came."""
        deadline = time.monotonic() + self.timeout
        given = {**self._headers(), **({"Content-Type": "application/json"} if body is not None else {})}
        with (
            self._watched(),
            self._client().stream(
                method,
                self.base_url + path,
                content=body,
                headers={**given, **(headers or {})},
                extensions={"trace": self._watch.remember},
            ) as response,
        ):
            return self._read(response, deadline)

    @contextmanager
    def listen(self, path: str, *, silence: float, last_id: str = "") -> Iterator[Iterator[bytes]]:
        """A stream of server-sent events as pieces of bytes; `hang_up` ends it from another thread.

        Its head must come within `timeout` seconds, then each piece within `silence` seconds. Raises ApiError, also for
        every answer that is no such stream.
        """
        headers = {**self._headers(), "Accept": "text/event-stream", "Accept-Encoding": "identity"}
        with (
            self._watched(),
            self._client().stream(
                "GET",
                self.base_url + path,
                headers={**headers, **({"Last-Event-ID": last_id} if last_id else {})},
                timeout=httpx.Timeout(self.timeout, read=silence),
                extensions={"trace": self._watch.remember},
            ) as response,
        ):
            if response.status_code != 200:
                raise refusal(self._read(response, time.monotonic() + self.timeout))
            if not response.headers.get("content-type", "").startswith("text/event-stream"):
                raise ApiError(0, "no_stream", f"{self._host} answered something that is no stream of events.")
            self._watch.cancel()
            yield response.iter_raw()

    def hang_up(self) -> None:
        """End what goes on over this connection, from another thread; there it looks like a broken connection."""
        self._watch.hang_up()

    @contextmanager
    def _watched(self) -> Iterator[None]:
        """An exchange that is ended after `timeout` seconds, and what goes wrong in it as ApiError of status 0."""
        self._watch.start(self.timeout)
        try:
            with self._told(httpx.HTTPError, httpx.InvalidURL, OSError, ValueError):
                yield
        except ApiError as error:
            if not self._watch.fired or error.status:
                raise
            raise ApiError(0, "timeout", f"{self._host} did not finish within {self.timeout:g} s.") from None
        finally:
            self._watch.cancel()

    def download(self, path: str, out: IO[bytes]) -> str:
        """Fetch a file of any size, in flat memory; `timeout` is for each step of it. Answers its sha256 in hex.

        Raises ApiError, also for every answer but 200.
        """
        digest = hashlib.sha256()
        with (
            self._told(httpx.HTTPError, httpx.InvalidURL),
            self._client().stream("GET", self.base_url + path, headers=self._headers()) as response,
        ):
            if response.status_code != 200:
                raise refusal(self._read(response, time.monotonic() + self.timeout))
            for piece in response.iter_bytes(DOWNLOAD_CHUNK):
                digest.update(piece)
                out.write(piece)
        return digest.hexdigest()

    def upload(self, path: str, name: str, file: IO[bytes], fields: Mapping[str, str]) -> Answer:
        """Send a form with a file of any size, in flat memory; `timeout` is for each step of it. Raises ApiError."""
        parts = {"files": {"file": (name, file, "application/octet-stream")}, "data": dict(fields)}
        with (
            self._told(httpx.HTTPError, httpx.InvalidURL),
            self._client().stream("POST", self.base_url + path, headers=self._headers(), **parts) as response,  # type: ignore[arg-type]
        ):
            return self._read(response, time.monotonic() + self.timeout)

    @contextmanager
    def _told(self, *errors: type[Exception]) -> Iterator[None]:
        """What goes wrong on the way, as ApiError of status 0."""
        try:
            yield
        except httpx.TimeoutException:
            raise ApiError(0, "timeout", f"{self._host} did not answer within {self.timeout:g} s.") from None
        except errors as error:
            message = f"{self._host} cannot be reached ({type(error).__name__})."
            raise ApiError(0, "unreachable", message) from None

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._key}", "Accept": "application/json", "User-Agent": USER_AGENT}

    def _client(self) -> httpx.Client:
        if self._http is None:
            self._http = httpx.Client(
                timeout=self.timeout, follow_redirects=False, verify=_trust(self.base_url.startswith("https:"))
            )
        return self._http

    @property
    def identity(self) -> str:
        """A name for this server and key that does not give the key away."""
        return hashlib.sha256(f"{self.base_url}\n{self._key}".encode()).hexdigest()

    @property
    def _host(self) -> str:
        return urlsplit(self.base_url).netloc

    def _read(self, response: httpx.Response, deadline: float) -> Answer:
        chunks, size = list[bytes](), 0
        for chunk in response.iter_bytes():
            chunks.append(chunk)
            size += len(chunk)
            if size > MAX_ANSWER_BYTES:
                raise ApiError(0, "too_large", f"{self._host} sent more than {MAX_ANSWER_BYTES:,} bytes.")
            if time.monotonic() > deadline:
                raise ApiError(0, "timeout", f"{self._host} did not finish within {self.timeout:g} s.")
        wait = _seconds(response.headers.get("retry-after", ""))
        return Answer(response.status_code, b"".join(chunks), response.headers.get("etag"), wait)

    def close(self) -> None:
        """Close the sockets; a later request opens new ones."""
        if self._http is not None:
            self._http.close()
            self._http = None

    def forget(self) -> None:
        """In a forked child: let go of the parent's sockets without a word to the server."""
        self._http = None
        self._watch.forget()


def refusal(answer: Answer) -> ApiError:
    """The error for an answer that is no success, told from its problem JSON where it has one."""
    problem = answer.json()
    if not isinstance(problem, dict):
        return ApiError(answer.status, "http", f"The server answered {answer.status}.")
    code, title = problem.get("code"), problem.get("title") or f"The server answered {answer.status}"
    said = [str(problem.get("detail") or title)]
    items = [item for item in problem.get("errors") or [] if isinstance(item, dict)]
    said += [
        ": ".join(str(part) for part in (item.get("where"), item.get("detail")) if part)
        for item in items
        if str(item.get("detail")) not in said[0]
    ]
    return ApiError(answer.status, str(code or "http"), " ".join(" · ".join(said).split())[:1000])


def path_of(*parts: str) -> str:
    """A path under /api/v1 with every part quoted."""
    return "/api/v1/" + "/".join(quote(part, safe="") for part in parts)


@lru_cache(maxsize=2)
def _trust(secure: bool) -> ssl.SSLContext:
    """Whom to trust. Reading the authorities' certificates takes 0.1 s, which plain HTTP need not pay."""
    if secure:
        return httpx.create_ssl_context()
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # trusts nobody, and is never asked


def _address(url: str) -> str:
    try:
        parts = urlsplit(url.strip())
        sound = parts.scheme in ("http", "https") and parts.hostname and not parts.query and not parts.fragment
    except ValueError:
        sound = None
    if not sound:
        raise ValueError("The server's address must look like https://variorum.example.org (or set VARIORUM_URL).")
    if parts.username or parts.password:
        raise ValueError("The server's address must not hold a user or a password; the API key is given apart.")
    return url.strip().rstrip("/")


def _key(key: str) -> str:
    if not _KEY.fullmatch(key):
        raise ValueError("An API key is needed, one line of plain characters (or set VARIORUM_API_KEY).")
    return key


def _seconds(text: str) -> float:
    return min(float(text), MAX_RETRY_AFTER) if text.isdecimal() and len(text) < 9 else 0.0
