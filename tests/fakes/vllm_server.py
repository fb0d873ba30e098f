"""A vLLM server without a model: its runtime LoRA API, model list and chat completions, with its words and statuses.

    def test_it(fake_vllm):
        server = fake_vllm(max_lora_rank=16)      # or runtime=False: started without VLLM_ALLOW_RUNTIME_LORA_UPDATING
        server = fake_vllm(era=1)                   # an older one; see the table
        ...                                         # point a provider at server.base_url
        server.restart()                            # it has forgotten every adapter

It reads the adapter's files as vLLM does, and an answer says which model gave it. Read in vllm-project/vllm, not run:
era 1 at commit 075e9ba (early 2025: entrypoints/openai/serving_models.py), era 2 at 27873ca (January 2026:
entrypoints/serve/lora/api_router.py), era 3 at 00153c8 (2026: entrypoints/openai/models/serving.py), with the tests
that stand beside them (test_lora_adapters.py), lora/worker_manager.py, lora/utils.py, openai/server_utils.py (029329a).

| what is asked | era 1 | era 2 | era 3 |
|---|---|---|---|
| body of an error | {"object": "error", "message", "type", "param", "code"} | {"error": {"message", "type", "param", "code"}} | as 2 |
| load, unload: done | 200, text | 200, text | 200, text |
| load: name or path empty | 400 InvalidUserInput | 400 | 400 |
| load: name or path absent, no JSON | 400 (pydantic's words) | 400 | 400 |
| load: name is loaded | 400 "has already been loaded." | 400, "... set 'load_inplace' to True." | as 2 |
| load with load_inplace | field unknown: 400 as above | read anew | read anew |
| load: no such folder or no adapter in it | 404 "No adapter found for <path>" | 404 "Loading lora <name> failed: No adapter found for <path>" | as 2 |
| load: rank above --max-lora-rank, DoRA, modules | 400 BadRequestError | 400 | 500 InternalServerError |
| load: adapter_config.json is no JSON | 400 | 400 | 500 |
| load: server without --enable-lora | 400 "LoRA is not enabled" | 400 | 500 |
| load: more than --max-cpu-loras | 200; the least recently used leaves memory, its name stays and is read again by its next request | as 1 | as 1 |
| unload: name unknown | 404 "cannot be found." | 404 | 404 |
| unload: name loaded, but out of memory | 200 (the name alone is forgotten) | 200 | 500 "Failed to remove ... from the engine." |
| unload: requests in progress | end with it | end with it | end with it: the engine reads the files again for them |
| both calls without VLLM_ALLOW_RUNTIME_LORA_UPDATING | 404 {"detail": "Not Found"} | as 1 | as 1 |
| /v1/models | base (root: its path, parent: null), then adapters (root: lora_path, parent: base) | as 1 | as 1 |
| chat: name unknown | 404 "The model `x` does not exist." | 404, param "model" | as 2 |
| /v1/...: key absent or wrong (--api-key) | 401 {"error": "Unauthorized"} | as 1 | as 1 |
"""  # noqa: E501 - a table

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

INPLACE = " If you want to load the adapter in place, set 'load_inplace' to True."
MODULES = {"q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"}


class Refused(Exception):
    """An error answer of vLLM's."""

    def __init__(self, status: int, kind: str, message: str, param: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.said = {"message": message, "type": kind, "param": param, "code": status}


@dataclass
class FakeVllm:
    """One server: its command line's settings, what it has loaded (name -> path), and what it was asked."""

    base: str = "base"
    max_lora_rank: int = 16
    max_cpu_loras: int = 8
    runtime: bool = True
    enable_lora: bool = True
    api_key: str | None = None
    era: int = 3
    loaded: dict[str, str] = field(default_factory=dict)
    in_memory: list[str] = field(default_factory=list)  # least recently used first
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    port: int = 0

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def restart(self) -> None:
        """What is loaded while it runs is not remembered."""
        self.loaded, self.in_memory = {}, []

    def names(self, path: str) -> list[str]:
        """The adapters or models that were named to one of its routes, in order."""
        return [body.get("lora_name") or body.get("model", "") for route, body in self.asked if route == path]

    def error(self, refused: Refused) -> dict[str, Any]:
        return {"object": "error", **refused.said} if self.era == 1 else {"error": refused.said}

    def load(self, body: dict[str, Any]) -> str:
        name, path = self._field(body, "lora_name"), self._field(body, "lora_path")
        if not name or not path:
            raise Refused(400, "InvalidUserInput", "Both 'lora_name' and 'lora_path' must be provided.")
        if name in self.loaded and (self.era == 1 or not body.get("load_inplace")):
            more = "" if self.era == 1 else INPLACE
            raise Refused(400, "InvalidUserInput", f"The lora adapter '{name}' has already been loaded.{more}")
        self._read(name, Path(path))
        self.loaded[name] = path
        return f"Success: LoRA adapter '{name}' added successfully."

    def _field(self, body: dict[str, Any], name: str) -> str:
        if not isinstance(body.get(name), str):
            said = f"[{{'type': 'missing', 'loc': ('body', '{name}'), 'msg': 'Field required'}}]"
            raise Refused(400, "Bad Request", said)
        return str(body[name])

    def _read(self, name: str, path: Path) -> None:
        """Into memory; out goes what was used least lately."""
        if not self.enable_lora:
            raise self._engine("LoRA is not enabled. Use --enable-lora to enable LoRA.")
        try:
            config = json.loads((path / "adapter_config.json").read_bytes())
            if config["r"] > self.max_lora_rank:  # before the weights are read
                raise self._engine(f"LoRA rank {config['r']} is greater than max_lora_rank {self.max_lora_rank}.")
            (path / "adapter_model.safetensors").stat()
        except FileNotFoundError:
            failed = "" if self.era == 1 else f"Loading lora {name} failed: "
            raise Refused(404, "NotFoundError", f"{failed}No adapter found for {path}") from None
        except ValueError as error:
            raise self._engine(str(error)) from None
        if config.get("use_dora"):
            raise self._engine("vLLM does not yet support DoRA.")
        if strange := set(config["target_modules"]) - MODULES:
            raise self._engine(
                f"While loading {path}, expected target modules in {sorted(MODULES)} but received {sorted(strange)}. "
                "Please verify that the loaded LoRA module is correct"
            )
        self.in_memory = [*(other for other in self.in_memory if other != name), name][-self.max_cpu_loras :]

    def _engine(self, said: str) -> Refused:
        """What the engine's process refuses."""
        if self.era == 3:
            return Refused(500, "InternalServerError", f"Call to add_lora method failed: {said}")
        return Refused(400, "BadRequestError", said)

    def unload(self, body: dict[str, Any]) -> str:
        name = self._field(body, "lora_name")
        if name not in self.loaded:
            raise Refused(404, "NotFoundError", f"The lora adapter '{name}' cannot be found.")
        if self.era == 3 and name not in self.in_memory:
            said = f"Failed to remove lora adapter '{name}' from the engine."
            raise Refused(500, "InternalServerError", said)
        del self.loaded[name]
        self.in_memory = [other for other in self.in_memory if other != name]
        return f"Success: LoRA adapter '{name}' removed successfully."

    def chat(self, body: dict[str, Any]) -> dict[str, Any]:
        model = body.get("model")
        if model != self.base and model not in self.loaded:
            param = None if self.era == 1 else "model"
            raise Refused(404, "NotFoundError", f"The model `{model}` does not exist.", param)
        if model != self.base and model not in self.in_memory:
            self._read(str(model), Path(self.loaded[str(model)]))
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
            self._send(refused.status, self.fake.error(refused))

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
