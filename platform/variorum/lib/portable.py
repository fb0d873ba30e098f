"""What a room says of its tables for the export of a project: which travel, and which stay and why.

Each room with tables has a `portable.py` with TABLES (referred-to tables before those that refer to them) and
STAYS. A guard test sees to it that every table of a project is in one of the two.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.db.models import Field, ManyToManyField, Model, Q, QuerySet

Row = dict[str, Any]


@dataclass(frozen=True)
class Table:
    """One table that travels. Keys of rows become their places in the file (1, 2, ...).

    `project` is the way from a row to its project. Fields in `stays` are left out (the model's default comes in their
    place), with fields that hold secrets (`sealed_...`), API keys, and those that the database sets. Fields in
    `objects` hold the sha256 of an object that travels too; the binary field `body` travels as a part of its own.
    `known` names rows of the installation itself that others refer to, by these fields (built-in metrics).
    `out` and `into` change a row as it leaves and comes; both get the project's slug. `check` and
    `check_body` raise ValueError for a row that does not fit its (first) object or its body.
    """

    model: type[Model]
    project: str = "project"
    stays: tuple[str, ...] = ()
    objects: tuple[str, ...] = ()
    body: str = ""
    only: Q = field(default_factory=Q)
    known: tuple[str, ...] = ()
    out: Callable[[Row, str], Row] | None = None
    into: Callable[[Row, str], Row] | None = None
    check: Callable[[Row, Path], None] | None = None
    check_body: Callable[[Row, bytes], None] | None = None

    @property
    def name(self) -> str:
        """`drafts.draft`: the app's and the model's name."""
        return label(self.model)

    @property
    def columns(self) -> "list[Field[Any, Any]]":
        """The model's fields that are columns."""
        return list(self.model._meta.concrete_fields)  # noqa: SLF001

    @property
    def many(self) -> "list[ManyToManyField[Any, Any]]":
        """The many-to-many fields that travel."""
        return [field for field in self.model._meta.many_to_many if field.name not in self.stays]  # noqa: SLF001

    def everybodys(self) -> "QuerySet[Any]":
        """All rows of the installation."""
        return self.model._default_manager.all()  # noqa: SLF001

    def rows(self, project: Any) -> "QuerySet[Any]":
        """A project's rows that travel, in the order in which they were made."""
        return self.everybodys().filter(self.only, **{self.project: project}).order_by("pk")


def label(model: type[Model]) -> str:
    """`drafts.draft`."""
    return str(model._meta.label_lower)  # noqa: SLF001  (Django's documented way, also below)


Stays = Mapping[type[Model], str]  # model -> why it does not travel
