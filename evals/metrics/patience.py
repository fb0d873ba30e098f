"""Calling a model again when it says that it may work later."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable

from variorum.inference.shapes import Completion, ProviderError

ATTEMPTS = 4
LONGEST = 30.0  # seconds between two attempts


def pause(error: ProviderError, attempt: int) -> float | None:
    """Seconds to wait after the attempt (1, 2, ...), as asked for or twice as long each time; None: give up."""
    if not error.retryable or attempt >= ATTEMPTS:
        return None
    backoff: float = 0.5 * 2 ** (attempt - 1) * (0.75 + random.random() / 2)  # noqa: S311  (spreads callers, no secret)
    return min(error.retry_after if error.retry_after is not None else backoff, LONGEST)


def patiently(call: Callable[[], Completion]) -> Completion:
    """Call until it answers or it is no use. Raises ProviderError, the last one."""
    attempt = 0
    while True:
        attempt += 1
        try:
            return call()
        except ProviderError as error:
            if (seconds := pause(error, attempt)) is None:
                raise
            time.sleep(seconds)


async def apatiently(call: Callable[[], Awaitable[Completion]]) -> Completion:
    """The same on an event loop."""
    attempt = 0
    while True:
        attempt += 1
        try:
            return await call()
        except ProviderError as error:
            if (seconds := pause(error, attempt)) is None:
                raise
            await asyncio.sleep(seconds)
