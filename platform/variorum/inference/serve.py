"""Our own OpenAI-compatible model server: a base model and any number of LoRA adapters, on loopback, over llama.cpp.

    python -m variorum.inference.serve --port 8009 --models-dir var/models --adapters-dir var/models/adapters

Model ids: `smollm2-135m`, or `smollm2-135m+<name>` for a folder `<adapters-dir>/<name>/` in PEFT's layout, where the
name is the hash of its two files (catalogue.adapter_name). Endpoints: GET /health, GET /v1/models, POST
/v1/chat/completions (stream or not; sampling, logprobs and response_format as llama.cpp's server knows them).
"""

import argparse
import contextlib
import http.client
import json
import logging
import select
import signal
import socket
import sys
import threading
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

from variorum.inference.base_model import ensure_serving
from variorum.inference.catalogue import NoSuchModel
from variorum.inference.engine import Engines, Options, UnknownModel
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

    def __init__(self, address: tuple[str, int], engines: Engines) -> None:
        super().__init__(address, Handler)
        self.engines = engines
        self.places = threading.BoundedSemaphore(MAX_WAITING)


class Handler(BaseHTTPRequestHandler):
    """The four things this server answers."""

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
        else:
            self._refuse(RequestError(404, "not_found", f"No such endpoint: GET {self.path}"))

    def do_POST(self) -> None:
        try:
            if self.path != "/v1/chat/completions":
                self.close_connection = True  # its body was not read
                raise RequestError(404, "not_found", f"No such endpoint: POST {self.path}")
            self._complete(self._read_json())
        except RequestError as error:
            self._refuse(error)
        except UnknownModel as error:
            self._refuse(RequestError(404, "model_not_found", str(error)))
        except BadAdapter as error:
            self._refuse(RequestError(400, "bad_adapter", str(error)))

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

    def _complete(self, body: dict[str, Any]) -> None:
        engines, places = self.server.engines, self.server.places
        adapter = engines.parse(body.get("model"))
        if not places.acquire(blocking=False):
            raise RequestError(503, "overloaded", f"{MAX_WAITING} requests are already waiting.")
        try:
            with engines.use(adapter) as engine:
                asked = json.dumps({**body, **engine.request_fields(adapter)}).encode()
                connection = engine.connect(TIMEOUT_S)
                headers = {"Content-Type": "application/json", "Authorization": f"Bearer {engine.key}"}
                connection.request("POST", "/v1/chat/completions", asked, headers)
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
        self.end_headers()
        try:
            while chunk := answer.read1(65536):
                self.wfile.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))
                self.wfile.flush()
            self.wfile.write(b"0\r\n\r\n")
        except (OSError, http.client.HTTPException):  # the client went away, or the engine did
            self.close_connection = True

    def _answer(self, status: int, body: bytes, kind: str = "application/json") -> None:
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
    ids = [engines.model_id, *(f"{engines.model_id}+{name}" for name in engines.known())]
    return {"object": "list", "data": [{"id": name, "object": "model", "owned_by": "variorum"} for name in ids]}


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="variorum.inference.serve")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--models-dir", type=Path, required=True)
    parser.add_argument("--adapters-dir", type=Path, required=True)
    parser.add_argument("--model", default="smollm2-135m")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--slots", type=int, default=4, help="requests answered at the same time")
    parser.add_argument("--context", type=int, default=8192, help="tokens, shared by the slots")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT."""
    args = _arguments(argv)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    options = Options(threads=args.threads, slots=args.slots, context=args.context)
    try:
        engines = Engines(args.model, ensure_serving(args.models_dir, args.model), args.adapters_dir, options)
    except NoSuchModel as error:
        sys.stderr.write(f"{error}\n")
        return 1
    args.adapters_dir.mkdir(parents=True, exist_ok=True)
    engines.start()
    server = ModelServer((args.host, args.port), engines)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: threading.Thread(target=server.shutdown).start())
    log.info("model server: http://%s:%d/v1 (%s, %d threads)", args.host, server.server_port, args.model, args.threads)
    server.serve_forever(poll_interval=0.1)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
