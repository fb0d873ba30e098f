"""The llama.cpp engines behind serve.py: one with the base model and the known adapters, and its replacement.

llama.cpp takes its adapters only when it starts. A start costs under a second, so a new adapter starts a second engine
beside the first; new requests go to it, and the old one is freed when its last request has ended.
"""

import contextlib
import hashlib
import http.client
import logging
import re
import secrets
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from variorum.inference.catalogue import adapter_name
from variorum.inference.gguf_lora import export

log = logging.getLogger(__name__)

_SHA256: Final = re.compile(r"^[0-9a-f]{64}$")
MAX_ADAPTERS: Final = 16


class UnknownModel(LookupError):
    """The model id names no model, or no adapter that this server was given."""


@dataclass(frozen=True)
class Options:
    """What an operator may choose."""

    threads: int = 1
    slots: int = 4
    context: int = 8192


@dataclass
class Engine:
    """One running llama.cpp server: its address, and the place of each adapter in it."""

    server: Any
    address: str
    key: str
    adapters: tuple[str, ...]
    in_flight: int = 0

    def request_fields(self, adapter: str | None) -> dict[str, Any]:
        """What a request must say so that only its own adapter is applied."""
        return {"lora": [{"id": n, "scale": float(name == adapter)} for n, name in enumerate(self.adapters)]}

    def connect(self, timeout: float) -> http.client.HTTPConnection:
        """A connection to the engine's own loopback port."""
        return http.client.HTTPConnection(urlsplit(self.address).netloc, timeout=timeout)


def start_engine(model_id: str, gguf: Path, adapters: dict[str, Path], options: Options) -> Engine:
    """Load the model with its adapters; none is applied until a request asks for it."""
    import xllamacpp  # noqa: PLC0415 - 100 MB of native code that only the server process needs

    params = xllamacpp.CommonParams()
    params.model.path = str(gguf)
    params.model_alias = [model_id]
    params.n_ctx, params.n_parallel, params.kv_unified = options.context, options.slots, True
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = options.threads
    params.cpuparams.poll = params.cpuparams_batch.poll = 0  # waiting threads sleep: neighbours need the cores
    params.n_threads_http = options.slots + 2
    params.cache_ram_mib, params.verbosity, params.warmup = 0, 0, False
    params.ui, params.endpoint_slots = False, False
    params.lora_init_without_apply = True
    params.lora_adapters = [xllamacpp.CommonAdapterLoraInfo(str(path), 0.0) for path in adapters.values()]
    params.api_keys = [key := secrets.token_urlsafe(24)]
    server = xllamacpp.Server(params)
    return Engine(server=server, address=server.listening_address, key=key, adapters=tuple(adapters))


@dataclass
class Engines:
    """Hands out the engine for a model id, starting a new one when an adapter is not yet loaded."""

    model_id: str
    gguf: Path
    adapters_dir: Path
    options: Options
    _current: Engine | None = None
    _known: dict[str, Path] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _starting: threading.Lock = field(default_factory=threading.Lock)

    def start(self) -> None:
        """Load the base and the adapters exported by earlier runs, the newest of them."""
        exported = sorted(self.adapters_dir.glob("*/adapter.gguf"), key=lambda path: path.stat().st_mtime)
        self._known = {path.parent.name: path for path in exported[-MAX_ADAPTERS:]}
        self._current = start_engine(self.model_id, self.gguf, self._known, self.options)

    def known(self) -> list[str]:
        """Hashes of the adapters that are loaded, least recently used first."""
        with self._lock:
            return list(self._known)

    def parse(self, model: object) -> str | None:
        """The adapter's name in a model id, or None for the base. Raises UnknownModel."""
        base, plus, sha256 = model.partition("+") if isinstance(model, str) else ("", "", "")
        if base != self.model_id or (plus and not _SHA256.match(sha256)):
            raise UnknownModel(f"The model {model!r} does not exist; {self.model_id!r} does.")
        return sha256 or None

    @contextlib.contextmanager
    def use(self, adapter: str | None) -> Iterator[Engine]:
        """An engine that has this adapter, held alive for the block. Raises UnknownModel, BadAdapter."""
        engine = self._take(adapter)
        try:
            yield engine
        finally:
            self._release(engine)

    def _take(self, adapter: str | None) -> Engine:
        while (engine := self._take_if_loaded(adapter)) is None:
            self._load(str(adapter))
        return engine

    def _take_if_loaded(self, adapter: str | None) -> Engine | None:
        with self._lock:
            engine = self._current
            if engine is None or (adapter is not None and adapter not in engine.adapters):
                return None
            if adapter is not None:
                self._known[adapter] = self._known.pop(adapter)  # most recently used last
            engine.in_flight += 1
            return engine

    def _release(self, engine: Engine) -> None:
        with self._lock:
            engine.in_flight -= 1
            idle = engine is not self._current and engine.in_flight == 0
        if idle:
            engine.server = None  # frees the old model outside the lock

    def _load(self, adapter: str) -> None:
        """Start an engine that knows this adapter too and put it in place of the current one."""
        with self._starting:
            if self._current and adapter in self._current.adapters:
                return
            path = self._exported(adapter)
            with self._lock:
                known = dict([*self._known.items(), (adapter, path)][-MAX_ADAPTERS:])
            engine = start_engine(self.model_id, self.gguf, known, self.options)
            with self._lock:
                old, self._current, self._known = self._current, engine, known
                idle = old is not None and old.in_flight == 0
            if old and idle:
                old.server = None
            log.info("engine replaced; adapters: %s", ", ".join(name[:12] for name in known))

    def _exported(self, adapter: str) -> Path:
        """The adapter as GGUF, exported on first use, its files held against the hash in its name."""
        folder = self.adapters_dir / adapter
        target = folder / "adapter.gguf"
        if target.is_file():
            return target
        try:
            weights = hashlib.sha256((folder / "adapter_model.safetensors").read_bytes()).hexdigest()
            named = adapter_name(weights, (folder / "adapter_config.json").read_bytes())
        except FileNotFoundError:
            named = ""
        if named != adapter:
            raise UnknownModel(f"The adapter {adapter} is not on this server.")
        export(folder, self.gguf, target)
        return target
