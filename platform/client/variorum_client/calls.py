"""One model call, measured: what was asked, what was answered, how long it took, and the one log that tells of it."""

import time
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

from variorum_client.handles import LivePrompt

T = TypeVar("T")
MAX_ANSWER_CHARACTERS = 1_000_000
MAX_TOOL_CALLS = 200


def answer_fields(response: Any) -> dict[str, Any]:
    """The fields of a log that a chat completion tells: output, model, input_tokens, output_tokens.

    Takes an object of the `openai` client or the same as a dict; what it does not tell is left out. Never raises.
    """
    message = _of(_first(response), "message")
    calls = [_plain(one) for one in _of(message, "tool_calls") or ()]
    texts = [one for one in (_of(message, "content"), _of(message, "refusal")) if isinstance(one, str)]
    output = _output(max(texts, key=len, default=None), calls)
    return _told(response) | ({"output": output} if output is not None else {})


def _told(response: Any) -> dict[str, Any]:
    usage, model = _of(response, "usage"), _of(response, "model")
    counts = {"input_tokens": _of(usage, "prompt_tokens"), "output_tokens": _of(usage, "completion_tokens")}
    found: dict[str, Any] = {name: count for name, count in counts.items() if type(count) is int}
    return {**found, "model": model} if isinstance(model, str) and model else found


def _output(text: str | None, calls: list[Any]) -> Any:
    """The text; with tool calls an object, because the text alone is not what the model said."""
    return {"content": text or None, "tool_calls": calls} if calls else text


def _first(response: Any) -> Any:
    choices = _of(response, "choices")
    return choices[0] if isinstance(choices, list | tuple) and choices else None


def _of(thing: Any, name: str) -> Any:
    return thing.get(name) if isinstance(thing, Mapping) else getattr(thing, name, None)


def _plain(thing: Any) -> Any:
    dump = getattr(thing, "model_dump", None)
    return dump(exclude_none=True) if callable(dump) else thing


class Call:
    """A call that is under way; made by Client.measure and used with `with` or `async with`.

    `arguments` are for `openai.chat.completions.create`. Give the answer to `answered`, or read a stream through
    `chunks` (`achunks` for an async one). At the end of the block one log is queued, with the id `id`; an exception of
    the block becomes the log's error and goes on.
    """

    def __init__(self, prompt: LivePrompt, arguments: dict[str, Any], log: Callable[..., str]) -> None:
        self.prompt, self.arguments = prompt, arguments
        self.id: str | None = None
        self._log = log
        self._found: dict[str, Any] = {}
        self._texts: list[str] = []
        self._tools: dict[int, dict[str, Any]] = {}
        self._characters = 0
        self._began, self._ended = time.perf_counter(), 0.0
        self._started_at = datetime.now(UTC)

    def answered(self, response: T) -> T:
        """The response of the `openai` client, which is noted and given back."""
        self._ended = time.perf_counter()
        self._found |= answer_fields(response)
        return response

    def said(self, output: Any, **fields: Any) -> None:
        """Note what another endpoint answered: a text or any JSON; `fields` are those of Client.log."""
        self._ended = time.perf_counter()
        self._found |= {**fields, "output": output}

    def chunks(self, stream: Iterable[T]) -> Iterator[T]:
        """The chunks of a stream, noted as they pass; ask for stream_options={"include_usage": True} to log tokens."""
        for chunk in stream:
            self._note(chunk)
            yield chunk

    async def achunks(self, stream: AsyncIterable[T]) -> AsyncIterator[T]:
        """`chunks` of a stream of the async client."""
        async for chunk in stream:
            self._note(chunk)
            yield chunk

    def _note(self, chunk: Any) -> None:
        self._ended = time.perf_counter()
        self._found |= _told(chunk)
        delta = _of(_first(chunk), "delta")
        text = _of(delta, "refusal") or _of(delta, "content")
        if isinstance(text, str) and self._characters < MAX_ANSWER_CHARACTERS:
            self._texts.append(text)
            self._characters += len(text)
        for part in _of(delta, "tool_calls") or ():
            self._note_tool(_plain(part))

    def _note_tool(self, part: Any) -> None:
        """A part of a tool call: its name comes first, then pieces of its arguments."""
        if not isinstance(part, Mapping) or len(self._tools) >= MAX_TOOL_CALLS:
            return
        whole = self._tools.setdefault(part.get("index") or 0, {"type": "function", "function": {"arguments": ""}})
        function, piece = part.get("function") or {}, ""
        if isinstance(function, Mapping):
            piece = function.get("arguments") or ""
            whole["function"] |= {"name": function["name"]} if function.get("name") else {}
        whole |= {"id": part["id"]} if part.get("id") else {}
        if isinstance(piece, str) and self._characters < MAX_ANSWER_CHARACTERS:
            whole["function"]["arguments"] += piece
            self._characters += len(piece)

    def __enter__(self) -> "Call":
        self._began, self._started_at = time.perf_counter(), datetime.now(UTC)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if self._texts or self._tools:
            self._found["output"] = _output("".join(self._texts), [*self._tools.values()])
        fields = {**self._found, **({"error": _words(error)} if error is not None else {})}
        end = self._ended or time.perf_counter()
        self.id = self._log(started_at=self._started_at, latency_ms=(end - self._began) * 1000, **fields)

    async def __aenter__(self) -> "Call":
        return self.__enter__()

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        self.__exit__(kind, error, trace)


def _words(error: BaseException) -> str:
    """An exception as a line of text; GeneratorExit and the like have no words but their name."""
    try:
        said = " ".join(str(error).split())
    except Exception:  # noqa: BLE001  (an exception's own __str__ may fail; the app must see the exception, not that)
        said = ""
    name = type(error).__name__
    return f"{name}: {said}"[:2000] if said else name
