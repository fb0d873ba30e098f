"""A small real HTTP server that plays Variorum's runtime API, with faults to order."""

import json
import queue
import sys
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from variorum_client.bundle import build_bundle, canonical_bytes, with_rules
from variorum_client.rules import DEFAULT_HASH

KEY = "vk_test_secret_0123456789"


def bundle_bytes(text: str = "Hello {{name}}", commit: str = "a" * 40, environment: str = "production") -> bytes:
    """A bundle with the prompt `hello` and the config `limits`."""
    files = {
        "prompts/hello.prompt": f"---\nmodel: local/base\nconfig:\n  temperature: 0.5\n---\n{text}".encode(),
        "configs/limits.yaml": b"rate: 5\n",
    }
    return canonical_bytes(build_bundle(project="desk", environment=environment, commit=commit, files=files))


def ruled_bytes(flags: dict[str, Any], others: dict[str, str], text: str = "Hello {{name}}") -> bytes:
    """A document with rules: the live bundle, and for each other commit the text of its prompt."""
    live, bundles = json.loads(bundle_bytes(text)), {}
    for commit, other in others.items():
        bundles[commit] = json.loads(bundle_bytes(other, commit))
        bundles[commit]["configs"]["limits"]["value"] = {"rate": 50}
    return canonical_bytes(with_rules(live, {"flags": flags}, bundles))


def commit_rule(variants: dict[str, str], targeting: Any = None, **metadata: Any) -> dict[str, Any]:
    """A rule that gives commits; without targeting everybody gets its first variant."""
    default = None if targeting else next(iter(variants))
    more = {"serves": "commit", "hash": DEFAULT_HASH, **metadata}
    return {"state": "ENABLED", "variants": variants, "defaultVariant": default, "metadata": more} | (
        {"targeting": targeting} if targeting else {}
    )


class _Server(ThreadingHTTPServer):
    """Says nothing of a client that has gone; every other fault is printed with its place."""

    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class FakeVariorum:
    """Serves a bundle and takes logs. `fault` may answer a request first: it gets the handler and returns True."""

    def __init__(self) -> None:
        self.body = bundle_bytes()
        self.calls: list[tuple[str, str, dict[str, str]]] = []
        self.posts: list[tuple[str, Any]] = []
        self.logs: dict[str, dict[str, Any]] = {}
        self.duplicates = 0
        self.batches: list[int] = []
        self.fault: Callable[[Any], bool] | None = None
        self.reply: tuple[int, Any] = (200, {})
        self.streaming = False
        self.opened = 0  # streams that were asked for; they are not among the calls
        self.streams: list[queue.SimpleQueue[bytes | None]] = []
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """The address."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> "FakeVariorum":
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Stop listening; connections are refused from here on."""
        self.say(None)
        self._server.shutdown()
        self._server.server_close()

    def serve(self, body: bytes) -> None:
        """Serve another bundle from now on, and tell those who listen."""
        self.body = body
        self.tell(body)

    def tell(self, body: bytes) -> None:
        """Say on every stream that this bundle is served."""
        self.say(_news(body))

    def say(self, piece: bytes | None) -> None:
        """Send bytes on every stream; None ends them."""
        with self._lock:
            for stream in self.streams:
                stream.put(piece)

    def take(self, entries: list[dict[str, Any]]) -> dict[str, int]:
        """Store logs by id, as the real server does."""
        with self._lock:
            known = sum(entry["id"] in self.logs for entry in entries)
            self.logs.update({entry["id"]: entry for entry in entries})
            self.duplicates += known
            self.batches.append(len(entries))
        return {"accepted": len(entries) - known, "duplicates": known}

    def _handler(fake) -> type[BaseHTTPRequestHandler]:
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self._serve(None)

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                self._serve(body)

            def _serve(self, body: bytes | None) -> None:
                path = urlsplit(self.path).path
                if path.endswith("/stream"):
                    self._stream()
                    return
                fake.calls.append((self.command, path, dict(self.headers)))
                self.body = body
                if fake.fault is None or not fake.fault(self):
                    self._answer(path, body)

            def _stream(self) -> None:
                fake.opened += 1
                if not fake.streaming or self.headers.get("Authorization") != f"Bearer {KEY}":
                    self.problem(404, "not_found", "There is no stream.")
                    return
                self.close_connection = True
                self.send_response(200)
                self.send_header("Content-Type", "text/event-stream; charset=utf-8")
                self.end_headers()
                mine: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
                with fake._lock:
                    fake.streams.append(mine)
                known = self.headers.get("Last-Event-ID") == json.loads(fake.body)["hash"]
                try:
                    self.wfile.write(b"retry: 100\n\n" + (b"" if known else _news(fake.body)))
                    while (piece := mine.get()) is not None:
                        self.wfile.write(piece)
                finally:
                    with fake._lock:
                        fake.streams.remove(mine)

            def _answer(self, path: str, body: bytes | None) -> None:
                if self.headers.get("Authorization") != f"Bearer {KEY}":
                    self.problem(401, "not_authenticated", "The API key is unknown or has expired.")
                elif path.endswith("/bundle"):
                    self._bundle()
                elif path == "/api/v1/logs":
                    self.send(202, json.dumps(fake.take(json.loads(body or b"")["logs"])).encode())
                else:
                    fake.posts.append((path, json.loads(body) if body else None))
                    status, value = fake.reply
                    self.send(status, json.dumps(value).encode())

            def _bundle(self) -> None:
                etag = f'"{json.loads(fake.body)["hash"]}"'
                if self.headers.get("If-None-Match") == etag:
                    self.send(304, b"", ETag=etag)
                else:
                    self.send(200, fake.body, ETag=etag)

            def problem(self, status: int, code: str, detail: str, **headers: str) -> None:
                """Answer with problem JSON."""
                body = {"type": "about:blank", "title": "No", "status": status, "code": code, "detail": detail}
                self.send(status, json.dumps(body).encode(), **headers)

            def send(self, status: int, body: bytes, **headers: str) -> None:
                """Answer in one write."""
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                for name, value in headers.items():
                    self.send_header(name.replace("_", "-"), value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing."""

        return Handler


def _news(body: bytes) -> bytes:
    """The event that tells of a bundle."""
    bundle = json.loads(body)
    data = json.dumps({"etag": f'"{bundle["hash"]}"', "commit": bundle["commit"]})
    return f"event: bundle\nid: {bundle['hash']}\ndata: {data}\n\n".encode()


def wait_until(true: Callable[[], object], seconds: float = 60.0) -> None:
    """Wait for something to become true, or fail."""
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            raise AssertionError("it did not happen in time")
        time.sleep(0.005)
