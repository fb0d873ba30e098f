"""The SDK for asyncio: the same client, whose only waits are awaited."""

import asyncio
import os
from typing import Any

from variorum_client.client import Client
from variorum_client.live import LivePrompt
from variorum_client.stats import Stats


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
    ) -> None:
        self._client = Client(
            base_url,
            api_key,
            environment,
            cache_dir=cache_dir,
            fallback=fallback,
            refresh=refresh,
            timeout=timeout,
        )

    def __repr__(self) -> str:
        return f"<Async{repr(self._client)[1:]}"

    async def __aenter__(self) -> "AsyncClient":
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.close()

    async def prompt(self, name: str) -> LivePrompt:
        """The prompt that is live now; see Client.prompt."""
        found = self._client.peek(name)
        return found if found is not None else await asyncio.to_thread(self._client.prompt, name)

    async def config(self, name: str) -> Any:
        """The value of a config that is live now; see Client.config."""
        if self._client.known:
            return self._client.config(name)
        return await asyncio.to_thread(self._client.config, name)

    def log(self, **fields: Any) -> str:
        """Record one model call; queued, so there is nothing to await; see Client.log."""
        return self._client.log(**fields)

    @property
    def stats(self) -> Stats:
        """See Client.stats."""
        return self._client.stats

    def refresh(self) -> None:
        """See Client.refresh."""
        self._client.refresh()

    async def flush(self, timeout: float = 10.0) -> bool:
        """Wait until queued logs were sent; see Client.flush."""
        return await asyncio.to_thread(self._client.flush, timeout)

    async def close(self, timeout: float = 5.0) -> None:
        """Send what is queued and stop; see Client.close."""
        await asyncio.to_thread(self._client.close, timeout)
