"""The SDK for asyncio: the same client, whose only waits are awaited."""

import asyncio
import functools
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ParamSpec, TypeVar, Unpack, overload

from variorum_client.calls import Call
from variorum_client.chat import Tools
from variorum_client.client import Client, Context, J
from variorum_client.fields import AnswerFields, LogFields, MoreFields
from variorum_client.flags import FlagDetails
from variorum_client.handles import LivePrompt
from variorum_client.stats import Stats

P = ParamSpec("P")
T = TypeVar("T")


class AsyncClient:
    """Client for coroutines. Arguments, errors and promises are those of Client; its threads do the work.

    What is known is answered without leaving the event loop; only a first fetch is awaited, in a thread.
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
        self._client = Client(
            base_url,
            api_key,
            environment,
            cache_dir=cache_dir,
            fallback=fallback,
            refresh=refresh,
            timeout=timeout,
            context=context,
            stream=stream,
            log_context=log_context,
        )

    def __repr__(self) -> str:
        return f"<Async{repr(self._client)[1:]}"

    async def __aenter__(self) -> "AsyncClient":
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.close()

    @property
    def sync(self) -> Client:
        """The same client for code that may wait."""
        return self._client

    async def prompt(self, name: str, context: Context | None = None) -> LivePrompt:
        """The prompt that is served to this context; see Client.prompt."""
        if self._client.known:
            return self._client.prompt(name, context)
        return await _apart(self._client.prompt, name, context)

    async def config(self, name: str, context: Context | None = None) -> Any:
        """The value of a config that is served to this context; see Client.config."""
        if self._client.known:
            return self._client.config(name, context)
        return await _apart(self._client.config, name, context)

    @overload
    async def flag(self, key: str, default: bool, context: Context | None = None) -> bool: ...
    @overload
    async def flag(self, key: str, default: str, context: Context | None = None) -> str: ...
    @overload
    async def flag(self, key: str, default: int, context: Context | None = None) -> int: ...
    @overload
    async def flag(self, key: str, default: float, context: Context | None = None) -> float: ...
    @overload
    async def flag(self, key: str, default: None, context: Context | None = None) -> Any: ...
    @overload
    async def flag(self, key: str, default: J, context: Context | None = None) -> J: ...

    async def flag(self, key: str, default: Any, context: Context | None = None) -> Any:
        """The value of a flag; see Client.flag. Never raises."""
        return (await self.flag_details(key, default, context)).value

    async def flag_details(self, key: str, default: Any, context: Context | None = None) -> FlagDetails:
        """`flag` with the variant and the reason; see Client.flag_details."""
        if self._client.known:
            return self._client.flag_details(key, default, context)
        return await _apart(self._client.flag_details, key, default, context)

    def log(self, **fields: Unpack[LogFields]) -> str:
        """Record one model call; queued, so there is nothing to await; see Client.log."""
        return self._client.log(**fields)

    def log_openai(
        self,
        prompt: LivePrompt | str,
        variables: Mapping[str, Any] | None,
        response: Any,
        **fields: Unpack[AnswerFields],
    ) -> str:
        """Record a chat completion of the `openai` client; see Client.log_openai."""
        return self._client.log_openai(prompt, variables, response, **fields)

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
        """A call to be made within `async with`; see Client.measure."""
        return self._client.measure(prompt, variables, history=history, model=model, tools=tools, **fields)

    @property
    def stale(self) -> bool:
        """See Client.stale."""
        return self._client.stale

    @property
    def stats(self) -> Stats:
        """See Client.stats."""
        return self._client.stats

    def refresh(self) -> None:
        """See Client.refresh."""
        self._client.refresh()

    async def flush(self, timeout: float = 10.0) -> bool:
        """Wait until queued logs were sent; see Client.flush."""
        return await _apart(self._client.flush, timeout)

    async def close(self, timeout: float = 5.0) -> None:
        """Send what is queued and stop; see Client.close."""
        await _apart(self._client.close, timeout)


async def _apart(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call it in a thread; where the machine gives no more threads, here: the app goes on, after a wait at worst."""
    call = functools.partial(function, *args, **kwargs)
    try:
        done = asyncio.get_running_loop().run_in_executor(None, call)
    except RuntimeError:
        return call()
    return await done
