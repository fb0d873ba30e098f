"""A deadline for a whole exchange: a server that sends a byte a second never trips the time-out of one step."""

import contextlib
import socket
import threading
from typing import Any


class Watch:
    """Ends an exchange from outside after so many seconds: it shuts the socket that was opened last.

    Give `remember` to httpx as the extension `trace`. Use it with `with`; `fired` says whether it had to.
    """

    def __init__(self) -> None:
        self.fired = False
        self._sock: socket.socket | None = None
        self._timer: threading.Timer | None = None

    def remember(self, name: str, info: dict[str, Any]) -> None:
        """Keep the socket of a connection that was just made."""
        if name in ("connection.connect_tcp.complete", "connection.start_tls.complete"):
            self._sock = info["return_value"].get_extra_info("socket")

    def start(self, seconds: float) -> None:
        """Begin to count."""
        self.fired = False
        self._timer = threading.Timer(seconds, self._fire)
        self._timer.daemon = True
        with contextlib.suppress(RuntimeError):  # no thread is to be had: httpx's own time-outs are left
            self._timer.start()

    def cancel(self) -> None:
        """Stop counting."""
        if self._timer is not None:
            self._timer.cancel()

    def _fire(self) -> None:
        self.fired = True
        self.hang_up()

    def hang_up(self) -> None:
        """Shut the socket: whoever reads from it is told at once that the connection broke."""
        if self._sock is not None:
            with contextlib.suppress(OSError):  # TLS is passed by: its own shutdown would wait for the other side
                socket.socket.shutdown(self._sock, socket.SHUT_RDWR)

    def forget(self) -> None:
        """In a forked child: let go of the parent's socket and timer."""
        self._sock, self._timer, self.fired = None, None, False
