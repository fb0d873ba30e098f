"""The fast lane of ingest: a key, a body, a commit, without Django's request cycle.

It answers well-formed batches of keys that may send them. Whatever goes wrong is left to the ordinary view
(`api.IngestView`), which tries again, harmlessly, and says what it is. What is remembered of a key is only whose it is;
whether it is still good is asked of the database for every batch that is written.
"""

import asyncio
import json
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256

from django.conf import settings
from django.db import DatabaseError, connection

from monitoring.logs import services
from variorum.accounts.authentication import live_key
from variorum.accounts.models import ApiKey
from variorum.lib.asgi import Message, Receive, Scope, Send, declared_length, header
from variorum.lib.errors import Problem
from variorum.lib.lanes import App

PATH = "/api/v1/logs"
THREADS = 24
PATIENCE = 30.0  # seconds for the body
SMALL = 1_000_000  # bytes of a body that is read before the key is looked at
MOST_KEYS = 10_000
_HEADERS = [
    (b"content-type", b"application/json"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
]


class IngestLane:
    """One per web process."""

    def __init__(self, threads: int = THREADS) -> None:
        self.threads = ThreadPoolExecutor(threads, thread_name_prefix="ingest")
        self._keys: OrderedDict[bytes, ApiKey] = OrderedDict()

    def wants(self, scope: Scope) -> bool:
        """A POST of JSON of a known and bearable length with a bearer token."""
        if scope["path"] != PATH or scope["method"] != "POST":
            return False
        if not header(scope, b"content-type").startswith(b"application/json"):
            return False
        length = header(scope, b"content-length")
        bearable = length.isdigit() and 0 < (declared_length(scope) or 0) <= settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        return bearable and header(scope, b"authorization")[:7].lower() == b"bearer "

    async def serve(self, scope: Scope, receive: Receive, send: Send, django: App) -> None:
        """Store the batch and say so, or let the view answer."""
        digest = sha256(header(scope, b"authorization")[7:].strip()).digest()
        loop = asyncio.get_running_loop()
        large = (declared_length(scope) or 0) > SMALL
        if large and digest not in self._keys and not await loop.run_in_executor(self.threads, self._knows, digest):
            await django(scope, receive, send)
            return
        body = await _body(receive)
        if body is None:
            return
        taken = await loop.run_in_executor(self.threads, self._take, digest, body)
        if taken is None:
            await django(scope, _replay(body, receive), send)
            return
        answer = json.dumps(taken._asdict(), separators=(",", ":")).encode()
        headers = [*_HEADERS, (b"content-length", str(len(answer)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": answer, "more_body": False})

    def _take(self, digest: bytes, body: bytes) -> services.Taken | None:
        """In a thread: None when the view has to answer."""
        try:
            key = self._keys.get(digest) or self._load(digest)
            return services.take_logs(project=key.project, body=body, key=key)
        except Exception as exc:  # noqa: BLE001  (the view meets it again, and says it or logs it)
            self._keys.pop(digest, None)
            if isinstance(exc, DatabaseError):
                connection.close()
            return None

    def _knows(self, digest: bytes) -> bool:
        """In a thread: whether there is such a key. Nobody's batch is held in the memory."""
        try:
            self._load(digest)
        except (Problem, DatabaseError):
            connection.close()
            return False
        return True

    def _load(self, digest: bytes) -> ApiKey:
        key = live_key(digest.hex())
        self._keys[digest] = key
        while len(self._keys) > MOST_KEYS:
            self._keys.popitem(last=False)
        return key


async def _body(receive: Receive) -> bytes | None:
    """The whole body; None when the caller went away or stopped sending."""
    pieces: list[bytes] = []
    try:
        async with asyncio.timeout(PATIENCE):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    return None
                pieces.append(message.get("body", b""))
                if not message.get("more_body", False):
                    return b"".join(pieces)
    except TimeoutError:
        return None


def _replay(body: bytes, receive: Receive) -> Receive:
    """`receive` as it was before the body was read."""
    left: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return left.pop() if left else await receive()

    return replay
