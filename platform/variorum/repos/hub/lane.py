"""Weights for the Hub's clients, streamed on the event loop."""

import re

from variorum.lib import asgi
from variorum.lib.asgi import App, Receive, Scope, Send
from variorum.lib.sending import Download, send_object

ADDRESS = re.compile(r"^/[-\w]+/[^/]+/resolve/.+\.safetensors$", re.ASCII)


class HubLane:
    """GET and HEAD of weights."""

    def wants(self, scope: Scope) -> bool:
        """Whether a request asks for weights."""
        return scope["method"] in {"GET", "HEAD"} and ADDRESS.match(scope["path"]) is not None

    async def serve(self, scope: Scope, receive: Receive, send: Send, django: App) -> None:
        """Ask the view, then send."""
        allowed = await asgi.granted(asgi.bodiless(scope), asgi.no_body, send, django)
        if isinstance(allowed, Download):
            await send_object(scope, send, allowed)
