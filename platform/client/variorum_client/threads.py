"""Threads that an app never notices: they end with it, and when there can be none it goes on without."""

import threading
from collections.abc import Callable


def started(target: Callable[..., None], name: str, *arguments: object) -> threading.Thread | None:
    """A daemon thread that runs; None when the machine gives no more threads, or the interpreter is on its way out."""
    thread = threading.Thread(target=target, args=arguments, name=name, daemon=True)
    try:
        thread.start()
    except RuntimeError:
        return None
    return thread
