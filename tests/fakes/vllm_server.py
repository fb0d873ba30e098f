"""A vLLM server without a model: its runtime LoRA API, model list and chat completions, with its words and statuses.

    def test_it(fake_vllm):
        server = fake_vllm(max_lora_rank=16)      # or runtime=False: started without VLLM_ALLOW_RUNTIME_LORA_UPDATING
        ...                                         # point a provider at server.base_url
        server.restart()                            # it has forgotten every adapter

It reads the adapter's files as vLLM does: a missing folder, a rank above --max-lora-rank and modules that the base
model has not are refused when the adapter is loaded. An answer says which model gave it.
"""

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

MODULES = {"q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"}


class Refused(Exception):
    """An error answer in vLLM's shape."""

    def __init__(self, status: int, kind: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"error": {"message": message, "type": kind, "param": None, "code": status}}


@dataclass
class FakeVllm:
    """One server: its command line's settings, what it has loaded (name -> path), and what it was asked."""

    base: str = "base"
    max_lora_rank: int = 16
    runtime: bool = True
    api_key: str | None = None
    loaded: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    port: int = 0

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def restart(self) -> None:
        """What is loaded while it runs is not remembered."""
        self.loaded = {}

    def names(self, path: str) -> list[str]:
        """The adapters or models that were named to one of its routes, in order."""
        return [body.get("lora_name") or body.get("model", "") for route, body in self.asked if route == path]

    def load(self, body: dict[str, Any]) -> str:
        name, path = body.get("lora_name"), body.get("lora_path")
        if not name or not path:
            raise Refused(400, "InvalidUserInput", "Both 'lora_name' and 'lora_path' must be provided.")
        if name in self.loaded:
            raise Refused(400, "InvalidUserInput", f"The lora adapter '{name}' has already been loaded.")
        self._read(name, Path(path))
        self.loaded[name] = path
        return f"Success: LoRA adapter '{name}' added successfully."

    def _read(self, name: str, path: Path) -> None:
        try:
            config = json.loads((path / "adapter_config.json").read_bytes())
            (path / "adapter_model.safetensors").stat()
        except OSError:
            raise Refused(404, "NotFoundError", f"Loading lora {name} failed: No adapter found for {path}") from None
        if config["r"] > self.max_lora_rank:
            said = f"LoRA rank {config['r']} is greater than max_lora_rank {self.max_lora_rank}."
            raise Refused(400, "BadRequestError", said)
        if strange := set(config["target_modules"]) - MODULES:
            said = (
                f"While loading {path}, expected target modules in {sorted(MODULES)} but received {sorted(strange)}. "
                "Please verify that the loaded LoRA module is correct"
            )
            raise Refused(400, "BadRequestError", said)

    def unload(self, body: dict[str, Any]) -> str:
        name = body.get("lora_name", "")
        if name not in self.loaded:
            raise Refused(404, "NotFoundError", f"The lora adapter '{name}' cannot be found.")
        del self.loaded[name]
        return f"Success: LoRA adapter '{name}' removed successfully."

    def chat(self, body: dict[str, Any]) -> dict[str, Any]:
        model = body.get("model")
        if model != self.base and model not in self.loaded:
            raise Refused(404, "NotFoundError", f"The model `{model}` does not exist.")
        message = {"role": "assistant", "content": f"{model} says ok"}
        return {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1,
            "model": model,
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 3, "completion_tokens": 3, "total_tokens": 6},
        }

    def models(self) -> dict[str, Any]:
        cards = [{"id": self.base, "object": "model", "owned_by": "vllm", "root": self.base, "parent": None}]
        cards += [{**cards[0], "id": name, "root": path, "parent": self.base} for name, path in self.loaded.items()]
        return {"object": "list", "data": cards}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    fake: FakeVllm

    def do_GET(self) -> None:
        if self._allowed():
            self._send(200, self.fake.models()) if self.path == "/v1/models" else self._nothing()

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        routes: dict[str, Callable[[dict[str, Any]], Any]] = {"/v1/chat/completions": self.fake.chat}
        if self.fake.runtime:
            routes |= {"/v1/load_lora_adapter": self.fake.load, "/v1/unload_lora_adapter": self.fake.unload}
        if not self._allowed():
            return
        if self.path not in routes:
            self._nothing()
            return
        self.fake.asked.append((self.path, body))
        try:
            self._send(200, routes[self.path](body))
        except Refused as refused:
            self._send(refused.status, refused.body)

    def _allowed(self) -> bool:
        ok = self.fake.api_key is None or self.headers.get("Authorization") == f"Bearer {self.fake.api_key}"
        if not ok:
            self._send(401, {"error": "Unauthorized"})
        return ok

    def _nothing(self) -> None:
        self._send(404, {"detail": "Not Found"})

    def _send(self, status: int, body: Any) -> None:
        """Text is sent as it is: so the two LoRA calls say that they succeeded."""
        data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain" if isinstance(body, str) else "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def fake_vllm() -> Iterator[Callable[..., FakeVllm]]:
    """fake_vllm(**settings) -> a running server; see this module's head."""
    running: list[ThreadingHTTPServer] = []

    def start(**settings: Any) -> FakeVllm:
        fake = FakeVllm(**settings)
        server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"fake": fake}))
        server.daemon_threads = True
        fake.port = server.server_port
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        running.append(server)
        return fake

    yield start
    for server in running:
        server.shutdown()
        server.server_close()
