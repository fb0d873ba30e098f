"""The SDK's front door."""

import atexit
import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar, Unpack, overload

from variorum_client.cache import DiskCache
from variorum_client.calls import Call, answer_fields
from variorum_client.chat import Tools
from variorum_client.connection import Connection
from variorum_client.contexts import kept, told, user_of, with_context
from variorum_client.delivery import Delivery
from variorum_client.errors import NotReady, UnknownArtefact
from variorum_client.fields import AnswerFields, MoreFields
from variorum_client.flags import FlagDetails, artefact_details, details, unready
from variorum_client.handles import MISSING, NOTHING, LivePrompt, Served
from variorum_client.ids import uuid7
from variorum_client.live import LiveBundle, News
from variorum_client.logs import LogSender
from variorum_client.stats import Counter, Stats
from variorum_client.stream import Listener

EXIT_SECONDS = 3.0
Context = Mapping[str, Any]
J = TypeVar("J", bound=Mapping[str, Any] | Sequence[Any])


class Client:
    """What is live in one environment, and the way back for logs. Safe for threads and for fork.

    base_url and api_key default to VARIORUM_URL and VARIORUM_API_KEY. cache_dir holds the last good bundle
    (default: VARIORUM_CACHE_DIR, else the user's cache folder); fallback is a bundle file shipped with the
    application, for a first start without server; timeout bounds one exchange. Changes are heard by a stream and
    fetched at once; where there is none (or stream=False) the server is asked every `refresh` seconds. `context`
    is put under that of every call. With log_context=False logs do not tell the context that a prompt was asked for
    with, nor its targetingKey as their user. Nothing is fetched before first use. Close it, or use it with `with`, so
    that the last logs are sent.
    """

    def __init__(
        self,
        base_url: str | None = None,
        api_key: str | None = None,
        environment: str = "production",
        *,
        cache_dir: str | os.PathLike[str] | None = None,
        fallback: str | os.PathLike[str] | None = None,
        refresh: float = 30.0,
        timeout: float = 10.0,
        context: Context | None = None,
        stream: bool = True,
        log_context: bool = True,
    ) -> None:
        if refresh <= 0 or timeout <= 0:
            raise ValueError("refresh and timeout must be above 0 seconds")
        connection = Connection(base_url, api_key, timeout=timeout)
        self._base_url, self._environment = connection.base_url, environment
        self._counter = Counter()
        cache = DiskCache(cache_dir, environment, connection.identity)
        self._context, self._log_context = dict(context or {}), log_context
        beside = Connection(base_url, api_key, timeout=timeout)
        listener = Listener(beside, environment, self._counter) if stream else None
        self._live = LiveBundle(
            connection, environment, cache, self._counter, refresh=refresh, fallback=fallback, listener=listener
        )
        self._logs = LogSender(Connection(base_url, api_key, timeout=timeout), self._counter)
        self._closed = False
        _clients.add(self)

    def __repr__(self) -> str:
        return f"<Client {self._base_url} {self._environment}>"

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def prompt(self, name: str, context: Context | None = None) -> LivePrompt:
        """The prompt that is served to this context. Once something is known it never waits; only the first call may.

        The context is what rules look at (`targetingKey` among its keys); it is put over the client's own. Raises
        UnknownArtefact when nobody gets a prompt of that name, NotReady when nothing is known at all.
        """
        whole = self._whole(context)
        found = self._live.served.prompts.get(name) or self._chosen_prompt(name, whole)
        return found.given_to(kept(whole)) if whole and self._log_context else found

    def _chosen_prompt(self, name: str, context: Context) -> LivePrompt:
        found = self._ready().prompt(name, context)
        if found is None:
            raise self._unknown("prompt", name)
        return found

    def config(self, name: str, context: Context | None = None) -> Any:
        """The value of a config that is served to this context, shared between callers: do not change it.

        Raises as prompt().
        """
        found = self._live.served.configs.get(name, MISSING)
        if found is MISSING:
            found = self._ready().config(name, self._whole(context))
        if found is MISSING:
            raise self._unknown("config", name)
        return found

    @overload
    def flag(self, key: str, default: bool, context: Context | None = None) -> bool: ...
    @overload
    def flag(self, key: str, default: str, context: Context | None = None) -> str: ...
    @overload
    def flag(self, key: str, default: int, context: Context | None = None) -> int: ...
    @overload
    def flag(self, key: str, default: float, context: Context | None = None) -> float: ...
    @overload
    def flag(self, key: str, default: None, context: Context | None = None) -> Any: ...
    @overload
    def flag(self, key: str, default: J, context: Context | None = None) -> J: ...

    def flag(self, key: str, default: Any, context: Context | None = None) -> Any:
        """The value of a flag for this context, in the type of the default. Never raises.

        The default is what you get when there is no such flag, it is switched off, nothing is known yet, or its value
        has another type. A list or object is shared between callers: do not change it.
        """
        return self.flag_details(key, default, context).value

    def flag_details(self, key: str, default: Any, context: Context | None = None) -> FlagDetails:
        """`flag` with the variant and the reason. Never raises."""
        delivery = self._live.served.delivery
        if delivery is None:
            try:
                delivery = self._ready().delivery
            except NotReady as error:
                return unready(default, str(error))
            assert delivery is not None  # noqa: S101  (for the type checker: _ready raises otherwise)
        return details(delivery, key, default, self._whole(context))

    def artefact_details(self, key: str, default: Any, context: Context | None = None) -> FlagDetails:
        """`configs/<name>` or `prompts/<name>` as if it were a flag; a prompt is plain JSON. Never raises."""
        try:
            return artefact_details(self._ready(), key, default, self._whole(context))
        except NotReady as error:
            return unready(default, str(error))

    def wait(self) -> None:
        """Wait until something is known, as the first read would. Raises NotReady."""
        self._ready()

    def _whole(self, context: Context | None) -> Context:
        """The caller's context over the client's own."""
        if not self._context:
            return context or {}
        return {**self._context, **context} if context else self._context

    def _ready(self) -> Served:
        """What is served, waited for if need be. Raises NotReady."""
        served = self._live.served
        return self._live.ensure() if served is NOTHING else served

    @property
    def known(self) -> bool:
        """Whether something is in use and its refreshing goes on, so that no read waits."""
        return self._live.served is not NOTHING

    @property
    def stale(self) -> bool:
        """Whether what is in use may be old: the server did not answer well when it was last asked, or has not yet."""
        return self._live.stale

    def listen(self, heard: Callable[[News, Delivery | None, Delivery | None], None]) -> Callable[[], None]:
        """Call `heard(news, before, now)` when what is served changed, grew stale (the server stopped answering well)
        or is fresh again, in the thread that refreshes. Returns a function that ends it."""
        self._live.heard.append(heard)

        def end() -> None:
            with suppress(ValueError):
                self._live.heard.remove(heard)

        return end

    def _unknown(self, kind: str, name: str) -> UnknownArtefact:
        names = ", ".join(self._live.whole.names(f"{kind}s")[:20]) or "none"
        return UnknownArtefact(f"There is no {kind} {name!r} live in {self._environment}; there are: {names}.")

    @property
    def commit(self) -> str:
        """The commit that is live now. Raises NotReady."""
        delivery = self._ready().delivery
        return delivery.live.commit if delivery else ""

    @property
    def stats(self) -> Stats:
        """Counters of fetches and logs, and where the bundle in use came from."""
        stats = self._counter.copy()
        stats.seconds_since_success = self._live.age()
        return stats

    def refresh(self) -> None:
        """Let the background thread ask the server now instead of at the next turn; does not wait."""
        self._live.refresh_now()

    def log(
        self,
        *,
        prompt: LivePrompt | str,
        input: Mapping[str, Any] | Sequence[Mapping[str, Any]],  # noqa: A002  (the field's name)
        output: Any = None,
        error: str | None = None,
        model: str | None = None,
        started_at: datetime | None = None,
        latency_ms: float | None = None,
        input_tokens: int | None = None,
        output_tokens: int | None = None,
        cost: float | None = None,
        reference: str | None = None,
        user: str | None = None,
        session: str | None = None,
        tags: Sequence[str] = (),
        metadata: Mapping[str, Any] | None = None,
        variant: str | None = None,
        id: str | None = None,  # noqa: A002  (the field's name)
    ) -> str:
        """Record one model call; queued, never blocking, never raising. Returns the log's id.

        input: {"variables": {…}} or {"messages": […]} or both, or just the messages. `started_at` must be aware;
        without it the call is taken to have ended now, `latency_ms` after its start. `output` is a text or any JSON.
        Commit, adapter, model and variant come from the prompt that the client gave, and so do the context that it was
        asked for with (as `metadata["context"]`, up to 16 KB) and, without `user`, its targetingKey as the user.
        """
        number = id or uuid7()
        fields = {
            "model": model,
            "started_at": started_at,
            "latency_ms": latency_ms,
            "input": input,
            "output": output,
            "error": error,
            "input_tokens": input_tokens,
            "output_tokens": output_tokens,
            "cost": cost,
            "reference": reference,
            "user": user,
            "session": session,
            "tags": tags,
            "metadata": metadata,
            "variant": variant,
        }
        self._logs.add(
            lambda: self._entry(number, prompt, fields), lambda: self._entry(number, prompt, fields, lean=True)
        )
        return number

    def log_openai(
        self,
        prompt: LivePrompt | str,
        variables: Mapping[str, Any] | None,
        response: Any,
        **fields: Unpack[AnswerFields],
    ) -> str:
        """Record a chat completion as the `openai` client gave it: its text or tool calls, model and tokens.

        `fields` are those of log(). Never raises; returns the log's id. For latency, errors and streams use measure().
        """
        return self.log(
            prompt=prompt, input={"variables": dict(variables or {})}, **{**answer_fields(response), **fields}
        )

    def measure(
        self,
        prompt: LivePrompt,
        variables: Mapping[str, Any] | None = None,
        *,
        history: Sequence[Mapping[str, Any]] = (),
        model: str | None = None,
        tools: Tools = (),
        **fields: Unpack[MoreFields],
    ) -> Call:
        """A call to be made within `with` (or `async with`): its arguments, and in the end its log.

            with client.measure(prompt, variables, user="u7") as call:
                answer = call.answered(openai.chat.completions.create(**call.arguments))

        Raises RenderError as prompt.openai(); `fields` are those of log().
        """
        arguments = prompt.openai(variables, history=history, model=model, tools=tools)
        given: dict[str, Any] = {"variables": dict(variables or {})}
        if history:
            given["messages"] = arguments["messages"]
        return Call(prompt, arguments, lambda **found: self.log(prompt=prompt, input=given, **{**found, **fields}))

    def _entry(
        self, number: str, prompt: LivePrompt | str, fields: dict[str, Any], *, lean: bool = False
    ) -> dict[str, Any]:
        """The log as the server takes it: only what is known, and without the context if it is to be lean."""
        handle = prompt if isinstance(prompt, LivePrompt) else self._live.whole.prompts.get(prompt)
        context = handle.context if handle and self._log_context else None
        given = fields["input"]
        entry = {
            **fields,
            "id": number,
            "prompt": handle.name if handle else str(prompt),
            "environment": self._environment,
            "commit": handle.commit if handle else None,
            "variant": fields["variant"] or (handle.variant if handle else None) or None,
            "adapter": handle.adapter.path if handle and handle.adapter else None,
            "model": _model(fields["model"], handle.model if handle else None),
            "started_at": _start(fields["started_at"], fields["latency_ms"]),
            "input": given if isinstance(given, Mapping) else {"messages": list(given)},
            "tags": list(fields["tags"]) or None,
            "user": user_of(context) if fields["user"] is None else fields["user"],
            "metadata": with_context(fields["metadata"], None if lean else told(context)),
        }
        return {key: value for key, value in entry.items() if value is not None}

    def flush(self, timeout: float = 10.0) -> bool:
        """Wait until queued logs were sent; False when some are still unsent after `timeout` seconds."""
        return self._logs.flush(timeout)

    def close(self, timeout: float = 5.0) -> None:
        """Send what is queued, at most `timeout` seconds, and stop the threads. Reading goes on working."""
        if self._closed:
            return
        self._closed = True
        _clients.discard(self)
        self._live.close(min(timeout, 0.5))
        self._logs.close(timeout)

    def _after_fork(self) -> None:
        self._counter.after_fork()
        self._live.after_fork()
        self._logs.after_fork()


def _model(said: str | None, named: str | None) -> str | None:
    """The model that answered; where it is the prompt's, with its provider as the prompt names it."""
    return named if named and (not said or said == named.partition("/")[2]) else said


def _start(started_at: datetime | None, latency_ms: float | None) -> str:
    moment = started_at or datetime.now(UTC) - timedelta(milliseconds=latency_ms or 0)
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


_clients: set[Client] = set()  # held until they are closed, so that no queued log is lost with its client


def _close_all() -> None:
    """At exit: a little time for the last logs, shared by all clients."""
    deadline = time.monotonic() + EXIT_SECONDS
    for client in list(_clients):
        client.close(max(deadline - time.monotonic(), 0.0))


def _after_fork_in_child() -> None:
    for client in list(_clients):
        client._after_fork()  # noqa: SLF001  (same module)


atexit.register(_close_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
