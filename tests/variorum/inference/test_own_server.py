"""Waiting for our own model server, which may still prepare its weights."""

import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from variorum.accounts.models import Project
from variorum.inference.shapes import LOCAL, ProviderError, Target
from variorum.inference.targets import await_own_server, resolve


class _Health(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/health" else 404)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


def test_a_server_that_comes_later_is_awaited() -> None:
    server = HTTPServer(("127.0.0.1", 0), _Health, bind_and_activate=False)
    server.server_bind()
    tries: list[float] = []
    thread = threading.Thread(target=server.serve_forever, daemon=True)

    def check() -> None:
        tries.append(time.monotonic())
        if len(tries) == 2:
            server.server_activate()
            thread.start()

    await_own_server(Target(LOCAL, "small", f"http://127.0.0.1:{server.server_port}/v1"), check, seconds=30)
    server.shutdown()
    server.server_close()
    assert len(tries) == 2


def test_one_that_never_comes_is_an_error_in_words() -> None:
    with pytest.raises(ProviderError, match="did not answer within 0 s"):
        await_own_server(Target(LOCAL, "small", "http://127.0.0.1:9/v1"), lambda: None, seconds=0)


def test_others_are_not_asked_and_a_cancel_comes_through() -> None:
    def cancel() -> None:
        raise InterruptedError

    await_own_server(Target("hosted", "big", "http://127.0.0.1:9/v1"), cancel)
    with pytest.raises(InterruptedError):
        await_own_server(Target(LOCAL, "small", "http://127.0.0.1:9/v1"), cancel)


def test_an_adapter_is_no_part_of_a_models_name(settings) -> None:
    settings.MODEL_SERVER_URL = "http://127.0.0.1:9"
    assert resolve(Project(), "local/small").model == "small"
    with pytest.raises(ProviderError) as caught:
        resolve(Project(), f"local/small+{'a' * 64}")
    assert caught.value.code == "unknown_model"
