"""What an importer finds: prompts with their versions, and what of them has no counterpart here."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import yaml


class ImportRefused(ValueError):
    """A source, or one prompt of it, that cannot be imported. The text says why and where."""


@dataclass(frozen=True, slots=True)
class Lost:
    """Something that was not carried over as it was: where it stood, what it is, and why or what became of it."""

    place: str
    what: str
    why: str


@dataclass(slots=True)
class Version:
    """One version of a prompt: the files it becomes (path below the target folder: text), and where it came from.

    `date` is ISO 8601 or None. `lost` grows while the version is read.
    """

    number: int
    files: dict[str, str] = field(default_factory=dict)
    author: str | None = None
    date: str | None = None
    note: str = ""
    labels: tuple[str, ...] = ()
    lost: list[Lost] = field(default_factory=list)
    failure: str | None = None

    def lose(self, place: str, what: str, why: str) -> None:
        """Note that something was not carried over; the same thing is noted once."""
        item = Lost(place, what, why)
        if item not in self.lost:
            self.lost.append(item)


@contextmanager
def reading(version: Version) -> Iterator[None]:
    """Read one version: what cannot be imported becomes its `failure`, and the others go on."""
    try:
        yield
    except ImportRefused as error:
        version.failure = str(error)
    except (TypeError, ValueError, KeyError, AttributeError, IndexError, RecursionError, OverflowError) as error:
        version.failure = (
            f"It has a shape that is not known ({type(error).__name__}: {' '.join(str(error).split())[:100]})."
        )
    if version.failure:
        version.files.clear()


@dataclass(slots=True)
class Imported:
    """A prompt of the other system under its name there, oldest version first."""

    name: str
    versions: list[Version]


@dataclass(frozen=True, slots=True)
class Settings:
    """What the person importing decided: the provider of models named without one, and the folder below prompts/."""

    provider: str | None = None
    into: str = ""


class _Loader(yaml.SafeLoader):
    """Without aliases: a few lines of them stand for gigabytes."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            text = "aliases are not read here: write the value out"
            raise yaml.composer.ComposerError(None, None, text, self.peek_event().start_mark)  # type: ignore[no-untyped-call]
        return super().compose_node(parent, index)


def yaml_of(text: str) -> Any:
    """A YAML text's value. Raises yaml.YAMLError, also for an alias."""
    return yaml.load(text, _Loader)  # noqa: S506  (a SafeLoader)


def plain(value: Any) -> Any:
    """A value as JSON has it: dates and other things that YAML reads become text."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)
