"""Which function does which kind of job. Rooms register theirs in AppConfig.ready()."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from variorum.jobs.runner import JobRun


@dataclass(frozen=True)
class Kind:
    """A kind of job. Jobs of one lane with `alone` run one at a time on the whole installation."""

    name: str
    handler: "Callable[[JobRun], None]"
    alone: bool = False


_kinds: dict[str, Kind] = {}


def register(name: str, handler: "Callable[[JobRun], None]", *, alone: bool = False) -> None:
    """Name the handler of a kind. It must be safe to run again after a crash. `alone`: one of the kind at a time."""
    _kinds[name] = Kind(name=name, handler=handler, alone=alone)


def find(name: str) -> Kind | None:
    """The kind, or None when no installed room knows it."""
    return _kinds.get(name)
