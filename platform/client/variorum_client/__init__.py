"""Variorum's SDK: what is live, rendered; what the model said, logged.

    from variorum_client import Client

    with Client("https://variorum.example.org", api_key) as client:
        triage = client.prompt("triage")
        messages = triage.messages({"text": "Where is my parcel?"})
        answer = ...  # any OpenAI-compatible endpoint
        client.log(prompt=triage, input={"messages": messages}, output=answer, latency_ms=212)

Knows no Django; the artefact formats in variorum_client.formats are the ones that the server uses.
"""

from variorum_client.aio import AsyncClient
from variorum_client.bundle import AdapterRef, BundleError
from variorum_client.client import Client
from variorum_client.errors import ApiError, NotReady, UnknownArtefact, VariorumError
from variorum_client.formats.problems import FormatError, RenderError
from variorum_client.live import LivePrompt
from variorum_client.stats import Stats

__all__ = [
    "AdapterRef",
    "ApiError",
    "AsyncClient",
    "BundleError",
    "Client",
    "FormatError",
    "LivePrompt",
    "NotReady",
    "RenderError",
    "Stats",
    "UnknownArtefact",
    "VariorumError",
]
