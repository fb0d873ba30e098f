"""The fields of a log, for type checkers: what Client.log takes, under the same names."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Required, TypedDict

from variorum_client.handles import LivePrompt


class MoreFields(TypedDict, total=False):
    """What may be said of every call; Client.log says what it means."""

    output: Any
    error: str | None
    started_at: datetime | None
    latency_ms: float | None
    input_tokens: int | None
    output_tokens: int | None
    cost: float | None
    reference: str | None
    user: str | None
    session: str | None
    tags: Sequence[str]
    metadata: Mapping[str, Any] | None
    variant: str | None
    id: str | None


class AnswerFields(MoreFields, total=False):
    """The same with the model that answered."""

    model: str | None


class LogFields(AnswerFields, total=False):
    """A whole log."""

    prompt: Required[LivePrompt | str]
    input: Required[Mapping[str, Any] | Sequence[Mapping[str, Any]]]
