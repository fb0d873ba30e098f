"""What the scripted endpoint is told and what it remembers: calls, faults, answers."""

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Call:
    """One request as it came in. `at` is time.monotonic() at its arrival."""

    method: str
    path: str
    headers: dict[str, str]
    body: dict[str, Any]
    at: float

    @property
    def messages(self) -> list[dict[str, Any]]:
        """The chat messages."""
        return list(self.body.get("messages", []))

    @property
    def user(self) -> str:
        """The text of the last user message."""
        texts = [m["content"] for m in self.messages if m.get("role") == "user"]
        return str(texts[-1]) if texts else ""

    @property
    def system(self) -> str:
        """The text of the system messages."""
        return "\n".join(str(m["content"]) for m in self.messages if m.get("role") == "system")


@dataclass(frozen=True)
class Fault:
    """An answer that is not a good one. `text` is the answer of a merely slow one."""

    kind: str
    code: int = 200
    retry_after: str | None = None
    delay: float = 0.0
    text: str = "late"
    pieces: tuple[bytes, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    whole: bool = True

    @classmethod
    def raw(
        cls,
        *pieces: bytes,
        code: int = 200,
        kind: str = "text/event-stream",
        gap: float = 0.0,
        whole: bool = True,
        headers: dict[str, str] | None = None,
    ) -> "Fault":
        """These bytes as they are, `gap` seconds apart; not `whole`: the connection breaks after them."""
        given = (("Content-Type", kind), *(headers or {}).items())
        return cls("raw", code, delay=gap, pieces=pieces, headers=given, whole=whole)

    @classmethod
    def status(cls, code: int) -> "Fault":
        """An error in OpenAI's shape: 400, 401, 404, 500, 503 ..."""
        return cls("status", code)

    @classmethod
    def rate_limited(cls, retry_after: str | None = "0") -> "Fault":
        """429, with the header unless None."""
        return cls("status", 429, retry_after)

    @classmethod
    def slow(cls, seconds: float, text: str = "late") -> "Fault":
        """A good answer after `seconds`."""
        return cls("slow", delay=seconds, text=text)

    @classmethod
    def garbage(cls) -> "Fault":
        """200 with a body that is no JSON."""
        return cls("garbage")

    @classmethod
    def wrong_shape(cls) -> "Fault":
        """200 with JSON that holds no answer."""
        return cls("wrong_shape")

    @classmethod
    def cut(cls) -> "Fault":
        """The connection breaks in the middle of the body."""
        return cls("cut")


Answer = str | Fault
Speaker = Answer | Callable[[Call], Answer]


@dataclass
class FakeOpenAI:
    """The endpoint's script and its memory. Its attributes may be changed while it runs."""

    answer: Speaker = "ok"
    delay: float = 0.0
    fast: frozenset[str] = frozenset()  # models that do not wait for `delay`
    models: list[str] = field(default_factory=lambda: ["fake-model"])
    api_key: str | None = None
    calls: list[Call] = field(default_factory=list)
    errors: list[Exception] = field(default_factory=list)  # raised by an `answer` function; the call got a 500
    in_flight: int = 0
    peak: int = 0
    port: int = 0
    hung_up: int = 0  # callers of a raw answer who left in the middle of it

    def __post_init__(self) -> None:
        self._script: deque[Answer] = deque()
        self._lock = threading.Lock()

    @property
    def base_url(self) -> str:
        """What a provider's base_url is set to."""
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def chats(self) -> list[Call]:
        """The chat completions among the calls."""
        return [call for call in self.calls if call.path.endswith("/chat/completions")]

    def script(self, *answers: Answer) -> None:
        """Give these answers first, one a chat call."""
        self._script.extend(answers)

    def reset(self) -> None:
        """Forget calls and script; the answer stays."""
        with self._lock:
            self.calls.clear()
            self._script.clear()
            self.peak = self.hung_up = 0

    def next_answer(self, call: Call) -> Answer:
        """What this chat call gets."""
        with self._lock:
            if self._script:
                return self._script.popleft()
        try:
            return self.answer(call) if callable(self.answer) else self.answer
        except Exception as exc:  # (what a test's own function raises shows up as the endpoint's error)
            self.errors.append(exc)
            return Fault.status(500)
