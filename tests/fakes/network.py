"""A network and a server that fail in every way, in a world of virtual time: bundle, stream and logs each by itself.

`Network(world).transport` goes under httpx.Client; what the SDK does with sockets (the shut-down from outside) reaches
it. A fault is a method that begins with `_any_`, `_bundle_`, `_stream_` or `_logs_`; `deal` brings each of them once
before any comes twice.
"""

import gzip
import json
import random
import socket
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from math import inf
from types import SimpleNamespace

import httpx

from tests.fakes.variorum_server import KEY, bundle_bytes
from tests.fakes.world import World
from variorum_client.bundle import bundle_hash, canonical_bytes

KINDS = ("bundle", "stream", "logs")
BEAT = 15.0
QUIET = {"mute", "frozen", "silent", "dripping"}  # a stream that is open, or seems to be, and tells no news
OPEN_STILL = {"well", "garbage_events", "flood", *QUIET}  # what leaves a stream open that is open already
MAX_BYTES = 1_000_000  # the SDK's bound of an answer while it is played: 64 MB again and again take seconds
LOG_LIMIT = 20  # of a batch that a proxy in the way takes, while it answers 413
Play = Callable[[httpx.Request, "Line"], httpx.Response]


class Line:
    """One connection. `broken` says that the client shut it."""

    def __init__(self, world: World, request: httpx.Request) -> None:
        self._world, self._request = world, request
        self._mine, self._theirs = socket.socketpair()
        self._timeout = request.extensions["timeout"]["read"] or inf
        stream = SimpleNamespace(get_extra_info=lambda _: self._mine)
        request.extensions["trace"]("connection.connect_tcp.complete", {"return_value": stream})

    def broken(self) -> bool:
        """Whether the client shut it."""
        try:
            return self._mine.recv(1, socket.MSG_DONTWAIT | socket.MSG_PEEK) == b""
        except BlockingIOError:
            return False

    def hold(self, seconds: float, ready: Callable[[], bool] = lambda: False) -> bool:
        """Let time pass before the next byte; raises what httpx raises when the client has waited long enough."""
        self._world.wait(lambda: self.broken() or ready(), min(seconds, self._timeout))
        if self.broken():
            raise httpx.ReadError("shut", request=self._request)
        if not ready() and seconds >= self._timeout:
            raise httpx.ReadTimeout("nothing came", request=self._request)
        return ready()

    def close(self) -> None:
        """Let go of it."""
        self._mine.close()
        self._theirs.close()


class Network:
    """The server behind its network. `fault` names what each kind of exchange meets now."""

    def __init__(self, world: World, seed: int) -> None:
        self.world, self.random = world, random.Random(seed)
        self.fault = dict.fromkeys(KINDS, "well")
        self.met: Counter[str] = Counter()  # exchanges by what they met
        self.minutes: Counter[tuple[str, int]] = Counter()  # exchanges by kind and minute
        self.stored: set[str] = set()
        self.duplicates = 0
        self.streams = 0  # open now
        self.body, self.before = b"", b""
        self._decks: dict[str, list[str]] = {kind: [] for kind in KINDS}
        self.transport = httpx.MockTransport(self._answer)

    def serve(self, body: bytes) -> None:
        """Another document is live."""
        data = json.loads(body)
        self.before = self.body or body
        self.body = canonical_bytes({**data, "hash": bundle_hash(body)})

    @property
    def tag(self) -> str:
        """The entity tag of what is live."""
        return _tag(self.body)

    def deal(self, kind: str) -> str:
        """The next fault of a kind: well every other time, else one that was not dealt for the longest time."""
        if self.fault[kind] != "well":
            return "well"
        deck = self._decks[kind]
        if not deck:
            deck += sorted({*FAULTS["any"], *FAULTS[kind]})
            self.random.shuffle(deck)
        return deck.pop()

    def _answer(self, request: httpx.Request) -> httpx.Response:
        kind = next(kind for kind in KINDS if request.url.path.endswith(f"/{kind}"))
        fault = self.fault[kind]
        self.met[f"{kind}: {fault}"] += 1
        self.minutes[kind, int(self.world.now // 60)] += 1
        line = Line(self.world, request)
        with ExitStack() as stack:
            stack.callback(line.close)
            line.hold(0.02)
            assert request.headers["authorization"] == f"Bearer {KEY}"
            play: Play = getattr(self, f"_{kind}_{fault}", None) or getattr(self, f"_any_{fault}")
            answer = play(request, line)
            if isinstance(answer.stream, httpx.SyncByteStream) and not isinstance(answer.stream, httpx.ByteStream):
                answer.stream = _Closing(answer.stream, stack.pop_all())
        return answer

    # --- what any exchange may meet

    def _any_dead(self, request: httpx.Request, line: Line) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    def _any_reset(self, request: httpx.Request, line: Line) -> httpx.Response:
        raise httpx.ReadError("reset by peer", request=request)

    def _any_silent(self, request: httpx.Request, line: Line) -> httpx.Response:
        line.hold(1e6)
        raise AssertionError("nobody waits that long")

    def _any_slow(self, request: httpx.Request, line: Line) -> httpx.Response:
        line.hold(8.0)
        return self._well(request, line)

    def _any_byte_a_second(self, request: httpx.Request, line: Line) -> httpx.Response:
        def pieces() -> Iterator[bytes]:
            for place in range(len(self.body)):
                line.hold(1.0)
                yield self.body[place : place + 1]

        return httpx.Response(200, content=pieces(), headers={"content-type": "text/event-stream"})

    def _any_cut(self, request: httpx.Request, line: Line) -> httpx.Response:
        def pieces() -> Iterator[bytes]:
            yield self.body[: len(self.body) // 2]
            raise httpx.RemoteProtocolError("peer closed", request=request)

        return httpx.Response(200, content=pieces(), headers={"content-type": "text/event-stream"})

    def _any_garbage(self, request: httpx.Request, line: Line) -> httpx.Response:
        return httpx.Response(200, content=self.random.randbytes(500))

    def _any_portal(self, request: httpx.Request, line: Line) -> httpx.Response:
        return httpx.Response(200, content=b"<html>Please sign in.</html>", headers={"etag": '"portal"'})

    def _any_not_gzip(self, request: httpx.Request, line: Line) -> httpx.Response:
        return httpx.Response(200, stream=httpx.ByteStream(b"plain"), headers={"content-encoding": "gzip"})

    def _any_bomb(self, request: httpx.Request, line: Line) -> httpx.Response:
        return httpx.Response(200, stream=httpx.ByteStream(_packed()), headers={"content-encoding": "gzip"})

    def _any_huge(self, request: httpx.Request, line: Line) -> httpx.Response:
        piece = b"x" * MAX_BYTES
        return httpx.Response(200, content=(piece for _ in range(100)), headers={"content-type": "text/event-stream"})

    def _any_redirect(self, request: httpx.Request, line: Line) -> httpx.Response:
        return httpx.Response(302, headers={"location": "http://127.0.0.1:1/login"})

    def _any_401(self, request: httpx.Request, line: Line) -> httpx.Response:
        return httpx.Response(401, json={"code": "not_authenticated", "detail": "The key has expired."})

    def _any_403(self, request: httpx.Request, line: Line) -> httpx.Response:
        return httpx.Response(403, json={"code": "wrong_environment", "detail": "Not with this key."})

    def _any_404(self, request: httpx.Request, line: Line) -> httpx.Response:
        return httpx.Response(404)

    def _any_429(self, request: httpx.Request, line: Line) -> httpx.Response:
        return httpx.Response(429, headers={"retry-after": "20"})

    def _any_500(self, request: httpx.Request, line: Line) -> httpx.Response:
        return httpx.Response(500, content=b'{"detail": ' + b"[" * 5000)

    def _any_503(self, request: httpx.Request, line: Line) -> httpx.Response:
        return httpx.Response(503, headers={"retry-after": "x"})

    def _any_well(self, request: httpx.Request, line: Line) -> httpx.Response:
        return self._well(request, line)

    def _well(self, request: httpx.Request, line: Line) -> httpx.Response:
        if request.url.path.endswith("/bundle"):
            return self._served(request, self.body)
        return self._listened(line) if request.url.path.endswith("/stream") else self._taken(request)

    # --- the bundle

    def _served(self, request: httpx.Request, body: bytes) -> httpx.Response:
        if request.headers.get("if-none-match") == _tag(body):
            return httpx.Response(304, headers={"etag": _tag(body)})
        return httpx.Response(200, content=body, headers={"etag": _tag(body)})

    def _bundle_behind(self, request: httpx.Request, line: Line) -> httpx.Response:
        return self._served(request, self.before)

    def _bundle_half(self, request: httpx.Request, line: Line) -> httpx.Response:
        return httpx.Response(200, content=self.body[: len(self.body) // 2])

    def _bundle_altered(self, request: httpx.Request, line: Line) -> httpx.Response:
        return httpx.Response(200, content=self.body.replace(b"Text", b"Lies"))

    def _bundle_elsewhere(self, request: httpx.Request, line: Line) -> httpx.Response:
        return httpx.Response(200, content=bundle_bytes("Other", environment="staging"))

    def _bundle_lying_304(self, request: httpx.Request, line: Line) -> httpx.Response:
        return httpx.Response(304)

    def _bundle_later_format(self, request: httpx.Request, line: Line) -> httpx.Response:
        body = self.body.replace(b'"format":1', b'"format":9').replace(b'"format":2', b'"format":9')
        return httpx.Response(200, content=body)

    # --- the stream

    def _listened(self, line: Line) -> httpx.Response:
        return _stream(self._news(line))

    @contextmanager
    def _listening(self) -> Iterator[None]:
        self.streams += 1
        try:
            yield
        finally:
            self.streams -= 1

    def _news(self, line: Line) -> Iterator[bytes]:
        """What an open stream says, as long as the network lets it."""
        with self._listening():
            said = self.tag
            yield b"retry: 1000\n\n" + _event(said)
            while True:
                fault = self.fault["stream"]
                told, now = said, fault
                line.hold(BEAT, lambda told=told, now=now: self.fault["stream"] != now or self._is_news(told))
                fault = self.fault["stream"]
                if fault not in OPEN_STILL:
                    return
                if fault == "well" and said != self.tag:
                    said = self.tag
                    yield _event(said)
                elif fault in ("well", "mute"):
                    yield b": still here\n\n"
                elif fault == "dripping":
                    yield b":"
                elif fault == "garbage_events":
                    yield self._nonsense()
                elif fault == "flood":
                    yield from self._flooding(line)
                else:
                    line.hold(1e6, lambda: self.fault["stream"] not in QUIET)

    def _is_news(self, said: str) -> bool:
        return self.fault["stream"] == "well" and self.tag != said

    def _nonsense(self) -> bytes:
        return self.random.choice(
            [
                self.random.randbytes(300) + b"\n\n",
                b"event: bundle\ndata: no json\n\n",
                b'event: bundle\ndata: {"etag": 7}\n\n',
                b'event: bundle\nid: x\ndata: {"etag": "\\"never-served\\""}\n\n',
                b"event: bundle\ndata: " + b"[" * 5000 + b"\n\n",
                b"event: somebody-else\ndata: {}\n\nretry: 99999999999\n\n",
            ]
        )

    def _flooding(self, line: Line) -> Iterator[bytes]:
        """Twenty events a second, each of which names another tag that is never served."""
        number = 0
        while self.fault["stream"] == "flood":
            number += 1
            yield _event(f'"flood-{number}"')
            line.hold(0.05)

    def _opened_to(self, line: Line) -> httpx.Response:
        return _stream(self._news(line))

    def _stream_mute(self, request: httpx.Request, line: Line) -> httpx.Response:
        return self._opened_to(line)

    def _stream_garbage_events(self, request: httpx.Request, line: Line) -> httpx.Response:
        return self._opened_to(line)

    def _stream_flood(self, request: httpx.Request, line: Line) -> httpx.Response:
        return self._opened_to(line)

    def _stream_frozen(self, request: httpx.Request, line: Line) -> httpx.Response:
        return self._opened_to(line)

    def _stream_dripping(self, request: httpx.Request, line: Line) -> httpx.Response:
        return self._opened_to(line)

    def _stream_hanging(self, request: httpx.Request, line: Line) -> httpx.Response:
        """The head comes, and then nothing: a proxy that holds bodies back."""

        def pieces() -> Iterator[bytes]:
            line.hold(1e6)
            yield b""

        return _stream(pieces())

    def _stream_dropped(self, request: httpx.Request, line: Line) -> httpx.Response:
        def pieces() -> Iterator[bytes]:
            yield _event(self.tag)
            line.hold(self.random.uniform(0, 3))

        return _stream(pieces())

    def _stream_storm(self, request: httpx.Request, line: Line) -> httpx.Response:
        """Opened, told to come back at once, and dropped."""
        return _stream(iter([b"retry: 0\n\n" + _event(self.tag)]))

    def _stream_endless_line(self, request: httpx.Request, line: Line) -> httpx.Response:
        return _stream(b"data: " + b"x" * 50_000 for _ in range(100))

    def _stream_endless_event(self, request: httpx.Request, line: Line) -> httpx.Response:
        return _stream(b"data: " + b"x" * 50_000 + b"\n" for _ in range(100))

    # --- logs

    def _taken(self, request: httpx.Request) -> httpx.Response:
        ids = [entry["id"] for entry in json.loads(request.content)["logs"]]
        known = sum(number in self.stored for number in ids)
        self.stored.update(ids)
        self.duplicates += known
        return httpx.Response(202, json={"accepted": len(ids) - known, "duplicates": known})

    def _logs_answer_lost(self, request: httpx.Request, line: Line) -> httpx.Response:
        self._taken(request)
        raise httpx.ReadError("reset by peer", request=request)

    def _logs_answer_late(self, request: httpx.Request, line: Line) -> httpx.Response:
        self._taken(request)
        line.hold(1e6)
        raise AssertionError("nobody waits that long")

    def _logs_413(self, request: httpx.Request, line: Line) -> httpx.Response:
        """A proxy that takes small bodies only."""
        if len(json.loads(request.content)["logs"]) > LOG_LIMIT:
            return httpx.Response(413, content=b"<html>too large</html>")
        return self._taken(request)

    def _logs_blamed(self, request: httpx.Request, line: Line) -> httpx.Response:
        entries = json.loads(request.content)["logs"]
        bad = [place for place, entry in enumerate(entries) if entry["output"].endswith("7")]
        errors = [{"where": f"logs.{place}.cost", "detail": "No."} for place in bad]
        return httpx.Response(400, json={"code": "invalid_logs", "errors": errors}) if bad else self._taken(request)

    def _logs_422(self, request: httpx.Request, line: Line) -> httpx.Response:
        """Refused without a word about which."""
        entries = json.loads(request.content)["logs"]
        return httpx.Response(422) if any(entry["output"].endswith("77") for entry in entries) else self._taken(request)

    def _logs_429_for_long(self, request: httpx.Request, line: Line) -> httpx.Response:
        return httpx.Response(429, headers={"retry-after": "120"})


FAULTS = {
    kind: [name[len(kind) + 2 :] for name in vars(Network) if name.startswith(f"_{kind}_") and name != "_any_well"]
    for kind in ("any", *KINDS)
}


class _Closing(httpx.SyncByteStream):
    """A body that lets go of its connection in the end."""

    def __init__(self, body: httpx.SyncByteStream, stack: ExitStack) -> None:
        self._body, self._stack = body, stack

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._body)

    def close(self) -> None:
        self._stack.close()


def _stream(pieces: Iterator[bytes]) -> httpx.Response:
    return httpx.Response(200, content=pieces, headers={"content-type": "text/event-stream; charset=utf-8"})


def _event(tag: str) -> bytes:
    return f"event: bundle\nid: {tag}\ndata: {json.dumps({'etag': tag})}\n\n".encode()


def _tag(body: bytes) -> str:
    return f'"{json.loads(body)["hash"]}"'


@cache
def _packed() -> bytes:
    return gzip.compress(b"0" * (10 * MAX_BYTES), 1)
