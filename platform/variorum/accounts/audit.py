"""The audit trail as seen from below: events stands above accounts and hands its recorder down at start."""

from collections.abc import Callable
from typing import Any

from variorum.accounts.access import Actor
from variorum.accounts.models import Project

Recorder = Callable[..., Any]
_recorder: list[Recorder] = []


def use(recorder: Recorder) -> None:
    """Called once by the events room at start."""
    _recorder[:] = [recorder]


def record(
    *, project: Project, actor: Actor, kind: str, subject: tuple[str, str], data: dict[str, Any] | None = None
) -> None:
    """Write one event, as events.services.record does. Call it inside the change's transaction."""
    _recorder[0](project=project, actor=actor, kind=kind, subject=subject, data=data)
