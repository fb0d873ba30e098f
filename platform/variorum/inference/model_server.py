"""The HTTP side of our own model server: OpenAI's API over the engines, and vLLM's two calls for adapters.

serve.py keeps a process with this server running. Endpoints: GET /health, GET /v1/models, GET /v1/adapters, POST
/v1/chat/completions and /v1/responses (stream or not; sampling, logprobs and response_format as llama.cpp's server
knows them), POST /v1/load_lora_adapter and /v1/unload_lora_adapter. /v1/embeddings is refused: base models make none.
"""

import contextlib
import http.client
import json
import logging
import select
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from variorum.inference.engine import Engines, NoRoom, UnknownModel
from variorum.inference.gguf_lora import BadAdapter

log = logging.getLogger(__name__)

MAX_BODY: Final = 4 * 1024 * 1024
MAX_WAITING: Final = 64
TIMEOUT_S: Final = 600.0


class RequestError(Exception):
    """Answered as OpenAI's error body."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message

    def body(self) -> bytes:
        kind = "server_error" if self.status >= 500 else "invalid_request_error"
        error = {"message": self.message, "type": kind, "param": None, "code": self.code}
        return json.dumps({"error": error}).encode()


class ModelServer(ThreadingHTTPServer):
    """One thread per connection; a bound on how many requests may wait."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, listening: socket.socket, engines: Engines) -> None:
        """`listening` is a socket that is bound and listens already: it belongs to the keeper and outlives us."""
        super().__init__(listening.getsockname()[:2], Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = listening
        self.socket.setblocking(False)  # two processes may be told of the same connection: one gets it
        self.server_name, self.server_port = listening.getsockname()[:2]
        self.engines = engines
        self.places = threading.BoundedSemaphore(MAX_WAITING)
        self.draining = False
        self._open = 0
        self._changed = threading.Condition()

    @contextlib.contextmanager
    def working(self) -> Iterator[None]:
        """Counts the block as a request in progress: the process does not end before it has."""
        with self._changed:
            self._open += 1
        try:
            yield
        finally:
            with self._changed:
                self._open -= 1
                self._changed.notify_all()

    def drain(self, seconds: float) -> bool:
        """Take no new connection, end the requests in progress; False when some were not done in time."""
        self.draining = True
        self.shutdown()
        self.socket.close()
        with self._changed:
            return self._changed.wait_for(lambda: self._open == 0, seconds)


class Handler(BaseHTTPRequestHandler):
    """What this server answers."""

    server: ModelServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 65536  # head and body leave in one write
    timeout = 75

    def do_GET(self) -> None:
        if self.path == "/health":
            self._answer(200, b'{"status":"ok"}')
        elif self.path == "/v1/models":
            self._answer(200, json.dumps(_model_list(self.server.engines)).encode())
        elif self.path == "/v1/adapters":
            self._answer(200, json.dumps(_adapter_list(self.server.engines)).encode())
        else:
            self._refuse(RequestError(404, "not_found", f"No such endpoint: GET {self.path}"))

    def do_POST(self) -> None:
        with self.server.working():
            self._post()

    def _post(self) -> None:
        known = {
            "/v1/chat/completions": self._complete,
            "/v1/responses": self._complete,
            "/v1/embeddings": self._embed,
            "/v1/load_lora_adapter": self._load,
            "/v1/unload_lora_adapter": self._unload,
        }
        try:
            if self.path not in known:
                self.close_connection = True  # its body was not read
                raise RequestError(404, "not_found", f"No such endpoint: POST {self.path}")
            known[self.path](self._read_json())
        except RequestError as error:
            self._refuse(error)
        except UnknownModel as error:
            self._refuse(RequestError(404, "model_not_found", str(error)))
        except BadAdapter as error:
            self._refuse(RequestError(400, "bad_adapter", str(error)))
        except NoRoom as error:
            self._refuse(RequestError(503, "no_room", str(error)))

    def _read_json(self) -> dict[str, Any]:
        """The request's body, bounded and an object. A body that is not read closes the connection."""
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > MAX_BODY:
            self._discard(int(length) if length.isdecimal() else 0)
            raise RequestError(413 if length.isdecimal() else 411, "bad_length", f"Send at most {MAX_BODY} bytes.")
        try:
            body = json.loads(self.rfile.read(int(length)))
        except (ValueError, RecursionError) as error:
            raise RequestError(400, "bad_json", "The request body is not JSON.") from error
        if not isinstance(body, dict):
            raise RequestError(400, "bad_json", "The request body is not a JSON object.")
        return body

    def _discard(self, length: int) -> None:
        """Take in a body that is too long, up to a bound: a client that is still sending would not see the answer."""
        left = min(length, 16 * MAX_BODY)
        while left > 0 and (data := self.rfile.read(min(left, 65536))):
            left -= len(data)
        self.close_connection = left > 0 or length == 0 or length > 16 * MAX_BODY

    def _load(self, body: dict[str, Any]) -> None:
        """Load an adapter and keep it; answered when it is ready. Loading it again is no mistake."""
        self.server.engines.keep(self._adapter(body))
        self._answer(200, f"Success: LoRA adapter '{body['lora_name']}' added successfully.".encode(), "text/plain")

    def _unload(self, body: dict[str, Any]) -> None:
        """Let an adapter go: it is freed when its last request has ended."""
        if not self.server.engines.let_go(self._adapter(body)):
            raise RequestError(404, "not_found", f"The lora adapter '{body['lora_name']}' cannot be found.")
        self._answer(200, f"Success: LoRA adapter '{body['lora_name']}' removed successfully.".encode(), "text/plain")

    def _adapter(self, body: dict[str, Any]) -> str:
        """The adapter in `lora_name`, which is a model id: `<base>+<name>`."""
        adapter = self.server.engines.parse(body.get("lora_name"))
        if adapter is None:
            raise RequestError(400, "bad_name", "lora_name is <base model>+<name of the adapter>.")
        return adapter

    def _embed(self, body: dict[str, Any]) -> None:
        """Refused in words that name the way out."""
        self.server.engines.parse(body.get("model"))
        text = f"{body['model']} writes text and makes no embeddings; ask for a model that a provider has for them."
        raise RequestError(400, "unsupported_endpoint", text)

    def _complete(self, body: dict[str, Any]) -> None:
        engines, places = self.server.engines, self.server.places
        adapter = engines.parse(body.get("model"))
        if not places.acquire(blocking=False):
            raise RequestError(503, "overloaded", f"{MAX_WAITING} requests are already waiting.")
        try:
            with engines.use(adapter) as engine:
                asked = json.dumps({**body, **engine.request_fields()}).encode()
                connection = engine.connect(TIMEOUT_S)
                headers = {"Content-Type": "application/json", "Authorization": f"Bearer {engine.key}"}
                connection.request("POST", self.path, asked, headers)
                with contextlib.closing(connection):
                    self._pass_on(connection)
        finally:
            places.release()

    def _pass_on(self, connection: http.client.HTTPConnection) -> None:
        """The engine's answer, whole or as it streams. A client that hangs up stops its generation."""
        if not self._wait(connection):
            return
        try:
            answer = connection.getresponse()
        except (OSError, http.client.HTTPException) as error:
            raise RequestError(502, "engine_failed", "The model's engine broke off; try again.") from error
        kind = answer.getheader("Content-Type", "application/json")
        if kind.startswith("text/event-stream"):
            self._stream(answer, kind)
        else:
            self._answer(answer.status, answer.read(), kind)

    def _wait(self, connection: http.client.HTTPConnection) -> bool:
        """Until the engine begins to answer; False when the client has gone."""
        watched: list[socket.socket] = [connection.sock, self.connection]
        while True:
            ready, _, _ = select.select(watched, [], [], TIMEOUT_S)
            if connection.sock in ready:
                return True
            if not ready or self.connection.recv(1, socket.MSG_PEEK) == b"":
                self.close_connection = True
                return False
            watched = [connection.sock]  # the client's next request is already here: it is no hang-up

    def _stream(self, answer: http.client.HTTPResponse, kind: str) -> None:
        self.send_response(answer.status)
        self.send_header("Content-Type", kind)
        self.send_header("Transfer-Encoding", "chunked")
        if self.server.draining:
            self.send_header("Connection", "close")
        self.end_headers()
        try:
            while chunk := answer.read1(65536):
                self.wfile.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))
                self.wfile.flush()
            self.wfile.write(b"0\r\n\r\n")
        except (OSError, http.client.HTTPException):  # the client went away, or the engine did
            self.close_connection = True

    def _answer(self, status: int, body: bytes, kind: str = "application/json") -> None:
        self.close_connection = self.close_connection or self.server.draining
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def _refuse(self, error: RequestError) -> None:
        self._answer(error.status, error.body())

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
        log.debug(format, *args)


def _model_list(engines: Engines) -> dict[str, Any]:
    ids = [engines.model_id, *(f"{engines.model_id}+{name}" for name in engines.loaded())]
    return {"object": "list", "data": [{"id": name, "object": "model", "owned_by": "variorum"} for name in ids]}


def _adapter_list(engines: Engines) -> dict[str, Any]:
    """Which adapters are loaded, and what each is doing; `idle_s` since its last request began."""
    now = time.monotonic()
    found = [
        {
            "name": f"{engines.model_id}+{engine.adapter}",
            "kept": engine.adapter in engines.kept(),
            "in_flight": engine.in_flight,
            "answered": engine.answered,
            "idle_s": round(now - engine.used_at, 1),
            "bytes": engine.bytes,
        }
        for engine in engines.engines()
        if engine.adapter
    ]
    return {"memory": engines.options.memory, "used": engines.used(), "adapters": found}
