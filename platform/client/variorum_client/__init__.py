"""Variorum's SDK: what is live, rendered; what the model said, logged.

    from variorum_client import Client

    with Client("https://variorum.example.org", api_key) as client:
        triage = client.prompt("triage", {"targetingKey": "user-7"})
        with client.measure(triage, {"message": "Where is my parcel?"}) as call:
            answer = call.answered(openai.chat.completions.create(**call.arguments))

Knows no Django; the artefact formats in variorum_client.formats are the ones that the server uses.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from variorum_client.aio import AsyncClient
    from variorum_client.bundle import AdapterRef, BundleError
    from variorum_client.calls import Call
    from variorum_client.client import Client
    from variorum_client.errors import ApiError, NotReady, UnknownArtefact, VariorumError
    from variorum_client.flags import FlagDetails
    from variorum_client.formats.problems import FormatError, RenderError
    from variorum_client.handles import LivePrompt
    from variorum_client.stats import Stats

__all__ = [
    "AdapterRef",
    "ApiError",
    "AsyncClient",
    "BundleError",
    "Call",
    "Client",
    "FlagDetails",
    "FormatError",
    "LivePrompt",
    "NotReady",
    "RenderError",
    "Stats",
    "UnknownArtefact",
    "VariorumError",
]

# Where each name is: loaded when it is first asked for, because Git waits for `variorum credential` at every fetch.
_MODULES = {
    "AdapterRef": "bundle",
    "ApiError": "errors",
    "AsyncClient": "aio",
    "BundleError": "bundle",
    "Call": "calls",
    "Client": "client",
    "FlagDetails": "flags",
    "FormatError": "formats.problems",
    "LivePrompt": "handles",
    "NotReady": "errors",
    "RenderError": "formats.problems",
    "Stats": "stats",
    "UnknownArtefact": "errors",
    "VariorumError": "errors",
}


def __getattr__(name: str) -> object:
    """A name of the SDK, loaded now."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found: object = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
