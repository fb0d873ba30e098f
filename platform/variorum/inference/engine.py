"""The llama.cpp engines behind our model server: one for the base model and one for each loaded adapter.

llama.cpp's own server takes several adapters, but answers requests for different ones in turn: it never puts them into
one batch (decision 27). An engine per adapter answers them side by side, and an adapter comes and goes without touching
the others. The base's weights are mapped from one file, so that a further engine costs its context only.
"""

import contextlib
import hashlib
import http.client
import json
import logging
import re
import secrets
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from variorum.inference.catalogue import adapter_name
from variorum.inference.gguf_lora import BadAdapter, Base, export

log = logging.getLogger(__name__)

_SHA256: Final = re.compile(r"^[0-9a-f]{64}$")
KEPT_FILE: Final = "kept.json"
ROOM_WAIT_S: Final = 20.0


class UnknownModel(LookupError):
    """The model id names no model, or no adapter that this server was given."""


class NoRoom(Exception):
    """Adapters in use fill the memory that they may take; one of them may be done soon."""


@dataclass(frozen=True)
class Options:
    """What an operator may choose. `memory`: bytes that loaded adapters may take, beside the base model."""

    threads: int = 1
    slots: int = 4
    context: int = 8192
    memory: int = 1536 * 2**20


@dataclass
class Engine:
    """One running llama.cpp server, with the adapter that all its answers are given with (None: the base's)."""

    server: Any
    address: str
    key: str
    adapter: str | None = None
    bytes: int = 0
    in_flight: int = 0
    answered: int = 0
    used_at: float = field(default_factory=time.monotonic)

    def request_fields(self) -> dict[str, Any]:
        """What a request must say so that the engine's adapter is applied, whatever its sender wrote."""
        return {"lora": [{"id": 0, "scale": 1.0}] if self.adapter else []}

    def connect(self, timeout: float) -> http.client.HTTPConnection:
        """A connection to the engine's own loopback port."""
        return http.client.HTTPConnection(urlsplit(self.address).netloc, timeout=timeout)


def start_engine(model_id: str, gguf: Path, options: Options, adapter: str | None, path: Path | None) -> Engine:
    """Load the model, with an adapter from its GGUF file or without; ready when it returns."""
    import xllamacpp  # noqa: PLC0415 - 100 MB of native code that only the server process needs

    params = xllamacpp.CommonParams()
    params.model.path = str(gguf)
    params.model_alias = [model_id if adapter is None else f"{model_id}+{adapter}"]
    params.n_ctx, params.n_parallel, params.kv_unified = options.context, options.slots, True
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = options.threads
    params.cpuparams.poll = params.cpuparams_batch.poll = 0  # waiting threads sleep: neighbours need the cores
    params.n_threads_http = options.slots + 2
    params.cache_ram_mib, params.verbosity, params.warmup = 0, 0, False
    params.ui, params.endpoint_slots = False, False
    params.lora_init_without_apply = True
    params.lora_adapters = [xllamacpp.CommonAdapterLoraInfo(str(path), 0.0)] if path else []
    params.api_keys = [key := secrets.token_urlsafe(24)]
    server = xllamacpp.Server(params)
    return Engine(server=server, address=server.listening_address, key=key, adapter=adapter)


def bytes_of(gguf: Path, context: int, adapter: Path) -> int:
    """What an engine takes beyond the base's weights: its context (16-bit keys and values) and its adapter."""
    base = Base.of(gguf)
    return 4 * base.layers * base.kv_heads * base.head_width * context + adapter.stat().st_size


@dataclass
class Engines:
    """Hands out the engine for an adapter, starting it when it is not loaded, freeing the least recently used.

    What somebody asked to keep, what answers, and what a request waits for is never freed. What is to be kept is loaded
    though there be no room for it (live requests must not fail); any other waits for room, ROOM_WAIT_S at most, unless
    it is the only one.
    """

    model_id: str
    gguf: Path
    adapters_dir: Path
    options: Options
    _engines: dict[str | None, Engine] = field(default_factory=dict)  # least recently used first
    _kept: set[str] = field(default_factory=set)
    _wanted: Counter[str | None] = field(default_factory=Counter)  # requests that wait for it to be loaded
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _starting: threading.Lock = field(default_factory=threading.Lock)

    def start(self) -> None:
        """Load the base, and what an earlier process was told to keep."""
        self._engines[None] = start_engine(self.model_id, self.gguf, self.options, None, None)
        for adapter in self._remembered():
            try:
                self.keep(adapter)
            except (UnknownModel, BadAdapter, OSError) as error:
                log.warning("an adapter that was to be kept is not loaded: %s", error)

    def engines(self) -> list[Engine]:
        """What is loaded, the base too, least recently used first."""
        with self._lock:
            return list(self._engines.values())

    def loaded(self) -> list[str]:
        """Names of the loaded adapters, least recently used first."""
        return [engine.adapter for engine in self.engines() if engine.adapter]

    def kept(self) -> frozenset[str]:
        """Adapters that something live names: the last to be freed for want of room."""
        with self._lock:
            return frozenset(self._kept)

    def parse(self, model: object) -> str | None:
        """The adapter's name in a model id, or None for the base. Raises UnknownModel."""
        base, plus, sha256 = model.partition("+") if isinstance(model, str) else ("", "", "")
        if base != self.model_id or (plus and not _SHA256.match(sha256)):
            raise UnknownModel(f"The model {model!r} does not exist; {self.model_id!r} does.")
        return sha256 or None

    def keep(self, adapter: str) -> None:
        """Load an adapter before the first request for it, and keep it. Raises UnknownModel, BadAdapter."""
        with self._lock:
            before = adapter in self._kept
            self._kept.add(adapter)
        try:
            with self.use(adapter), self._lock:
                self._remember()
        except BaseException:
            with self._lock:
                self._kept.difference_update(() if before else {adapter})
            raise

    def used(self) -> int:
        """Bytes that loaded adapters take."""
        return sum(engine.bytes for engine in self.engines())

    def let_go(self, adapter: str) -> bool:
        """Free an adapter as soon as its last request has ended; False when it is neither loaded nor kept."""
        with self._lock:
            known = adapter in self._kept or adapter in self._engines
            self._kept.discard(adapter)
            self._remember()
            idle = _idle([engine] if (engine := self._engines.pop(adapter, None)) else [])
        _free(idle)
        return known

    @contextlib.contextmanager
    def use(self, adapter: str | None) -> Iterator[Engine]:
        """The adapter's engine, held alive for the block. Raises UnknownModel, BadAdapter, NoRoom."""
        engine = self._take(adapter)
        try:
            yield engine
        finally:
            self._release(engine)

    def _take(self, adapter: str | None) -> Engine:
        with self._lock:
            self._wanted[adapter] += 1
        try:
            until = time.monotonic() + ROOM_WAIT_S
            while (engine := self._take_if_loaded(adapter)) is None:
                if not self._load(str(adapter)):
                    if time.monotonic() > until:
                        raise NoRoom("Adapters in use fill the memory that they may take; try again.")
                    time.sleep(0.05)
        finally:
            with self._lock:
                self._wanted[adapter] -= 1
        return engine

    def _take_if_loaded(self, adapter: str | None) -> Engine | None:
        with self._lock:
            engine = self._engines.pop(adapter, None)
            if engine is not None:
                self._engines[adapter] = engine  # most recently used last
                engine.in_flight += 1
                engine.used_at = time.monotonic()
            return engine

    def _release(self, engine: Engine) -> None:
        with self._lock:
            engine.in_flight -= 1
            engine.answered += 1
            gone = _idle([engine]) if self._engines.get(engine.adapter) is not engine else []
        _free(gone)

    def _load(self, adapter: str) -> bool:
        """Start the adapter's engine; whoever else waits for it finds it started. False when there is no room."""
        with self._starting:
            with self._lock:
                if adapter in self._engines:
                    return True
            began = time.monotonic()
            path = self._exported(adapter)
            size = bytes_of(self.gguf, self.options.context, path)
            if not self._make_room(adapter, size):
                return False
            engine = start_engine(self.model_id, self.gguf, self.options, adapter, path)
            engine.bytes = size
            with self._lock:
                self._engines[adapter] = engine
        log.info("adapter %s loaded in %.1f s", adapter[:12], time.monotonic() - began)
        return True

    def _make_room(self, adapter: str, size: int) -> bool:
        """Free what may go, the longest unused first, until `size` more bytes fit; whether it may be loaded."""
        with self._lock:
            gone: list[Engine] = []
            over = sum(engine.bytes for engine in self._engines.values()) + size - self.options.memory
            for name in [name for name in self._engines if self._may_go(name)]:
                if over > 0:
                    gone.append(self._engines.pop(name))
                    over -= gone[-1].bytes
            alone = all(name is None or name in self._kept for name in self._engines)
            fits = over <= 0 or adapter in self._kept or alone
        _free(gone)
        return fits

    def _may_go(self, name: str | None) -> bool:
        busy = self._engines[name].in_flight or self._wanted[name]
        return name is not None and name not in self._kept and not busy

    def _remember(self) -> None:
        """What is kept, for the process that comes after this one. Called with the lock."""
        temporary = self.adapters_dir / f".{KEPT_FILE}"
        temporary.write_text(json.dumps(sorted(self._kept)))
        temporary.replace(self.adapters_dir / KEPT_FILE)

    def _remembered(self) -> list[str]:
        try:
            found = json.loads((self.adapters_dir / KEPT_FILE).read_bytes())
        except (OSError, ValueError):
            return []
        return [name for name in found if isinstance(name, str) and _SHA256.match(name)]

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


def _idle(engines: list[Engine]) -> list[Engine]:
    """Those that answer nobody now. The others are freed by their last request."""
    return [engine for engine in engines if engine.in_flight == 0]


def _free(engines: list[Engine]) -> None:
    """Outside the lock: it takes as long as the native threads need to end."""
    for engine in engines:
        engine.server = None
