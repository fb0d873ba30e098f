"""Rows to JSON lines and back: keys become places in the file, people become e-mail addresses, bodies objects."""

import hashlib
import json
from collections.abc import Callable, Collection, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TypeAlias
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import DateField, DateTimeField, Field, ForeignKey, Model

from variorum.accounts.models import ApiKey, Project, User
from variorum.lib import objects
from variorum.lib.errors import Unprocessable
from variorum.lib.portable import Row, Table

BATCH = 500
EMPTY: tuple[Any, ...] = (None, "", [], {}, ())
AnyField: TypeAlias = "Field[Any, Any]"
Places = dict[type[Model], dict[Any, Any]]  # model -> key here -> place in the file, or the other way


class Damaged(Unprocessable):
    """The file is not one of ours, or not as it was written."""

    code = "bad_export"


def dump(table: Table, project: Project, places: Places) -> Iterator[bytes]:
    """The project's rows of a table as JSON lines, in the order in which they were made.

    `places` is filled for the tables that refer to this one. Of a body there is its sha256.
    """
    here = places.setdefault(table.model, _known(table))
    people = [field.name for field in fields_of(table) if field.related_model is User]
    rows = table.rows(project).select_related(*people) if people else table.rows(project)
    for place, row in enumerate(rows.iterator(chunk_size=BATCH), 1):
        here[row.pk] = place
        yield line_of(_out(table, project, row, places))


def line_of(row: Row) -> bytes:
    """Canonical JSON: keys sorted, no blanks, UTF-8."""
    return json.dumps(row, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"


def _out(table: Table, project: Project, row: Model, places: Places) -> Row:
    found: Row = {}
    for field in fields_of(table):
        value = getattr(row, field.attname)
        if field.name == table.body:
            found[field.name] = digest_of(bytes(value))
        elif isinstance(field, ForeignKey):
            found[field.name] = _reference(field, row, value, places)
        else:
            found[field.name] = _plain(value)
    for many in table.many:
        found[many.name] = sorted((_named(many, other, places) for other in getattr(row, many.name).all()), key=str)
    return table.out(found, project.slug) if table.out else found


def _reference(field: AnyField, row: Model, value: Any, places: Places) -> Any:
    if value is None:
        return None
    if field.related_model is User:
        return getattr(row, field.name).email
    return places.get(field.related_model, {}).get(value)  # type: ignore[arg-type]  # None: what stays


def _named(many: AnyField, other: Model, places: Places) -> Any:
    if isinstance(other, User):
        return other.email
    target: Any = many.related_model
    return places[target][other.pk]


def fields_of(table: Table) -> list[AnyField]:
    """The fields of a row that travel, but for many-to-many."""
    return [field for field in table.columns if not _stays(table, field)]


def _stays(table: Table, field: AnyField) -> bool:
    return (
        field.primary_key
        or field.name in table.stays
        or field.name.startswith("sealed_")
        or field.related_model in (Project, ApiKey)
        or bool(getattr(field, "auto_now", False))
    )


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    if isinstance(value, Decimal | UUID):
        return str(value)
    return value.isoformat() if hasattr(value, "isoformat") else value


def _known(table: Table) -> dict[Any, Any]:
    """Rows of the installation itself by their key here: their names, as `["exact-match", 1]`."""
    if not table.known:
        return {}
    rows = table.everybodys().filter(**{table.project: None}).values_list("pk", *table.known)
    return {key: list(name) for key, *name in rows}


class Loader:
    """Makes rows of a file's lines. Use it within one transaction: a line that does not fit raises Damaged."""

    def __init__(
        self, project: Project, people: dict[str, User], get: Callable[[str], bytes], held: Collection[str]
    ) -> None:
        """`people` by the e-mail addresses in the file; `get` gives a body by its sha256; `held` are its objects."""
        self.project, self.people, self.get, self.held = project, people, get, held
        self.keys: Places = {}

    def load(self, table: Table, rows: Iterator[Row]) -> int:
        """Store the rows of a table in their order; how many they were."""
        keys = self.keys[table.model] = {tuple(name): key for key, name in _known(table).items()}
        own = [field.name for field in fields_of(table) if field.related_model is table.model]
        batch: list[Model] = []
        many: list[tuple[int, Row]] = []
        place = 0
        for place, row in enumerate(rows, 1):
            if len(batch) >= BATCH or any(row.get(name) is not None and row[name] not in keys for name in own):
                _store(table, batch, keys, place)
            batch.append(self._checked(table, row, place))
            if table.many:
                many.append((place, row))
        _store(table, batch, keys, place + 1)
        for at, row in many:
            self._join(table, keys[at], row)
        return place

    def _checked(self, table: Table, row: Row, place: int) -> Model:
        try:
            return self._made(table, row)
        except (ValidationError, ValueError, TypeError, KeyError, AttributeError, FileNotFoundError) as error:
            raise Damaged(f"{table.name}, row {place}: {_reason(error)}") from None

    def _made(self, table: Table, row: Row) -> Model:
        if foreign := set(row) & set(table.stays):
            raise ValueError(f"unknown field {min(foreign)!r}")
        row = table.into(row, self.project.slug) if table.into else row
        # Another project's object may be in the store: its hash alone gives nobody a right to it.
        if lacking := [name for name in table.objects if row[name] not in self.held]:
            raise ValueError(f"the object of {lacking[0]} is not in the file")
        if table.check:
            table.check(row, objects.local_path(objects.content_key(str(row[table.objects[0]]))))
        every = table.columns
        made = table.model(**{field.name: self.project for field in every if field.related_model is Project})
        fields = fields_of(table)
        wanted = {field.name for field in [*fields, *table.many]}
        if unknown := set(row) - wanted - set(table.stays):
            raise ValueError(f"unknown field {min(unknown)!r}")
        for field in fields:
            value = self._body(table, row) if field.name == table.body else self._value(field, row[field.name])
            setattr(made, field.attname, value)
        for name in set(table.stays) & set(row):
            setattr(made, name, row[name])
        full = {field.name for field in fields if not field.is_relation and getattr(made, field.attname) not in EMPTY}
        made.clean_fields(exclude={field.name for field in every} - full | {table.body})
        return made

    def _body(self, table: Table, row: Row) -> bytes:
        body = self.get(str(row[table.body]))
        if table.check_body:
            table.check_body(row, body)
        return body

    def _value(self, field: AnyField, value: Any) -> Any:
        if isinstance(field, ForeignKey):
            return self._key(field, value)
        if isinstance(field, DateTimeField | DateField) and value is not None and not isinstance(value, str):
            raise ValueError(f"{field.name} is no time")
        return field.to_python(value)

    def _key(self, field: AnyField, value: Any) -> Any:
        if value is None:
            return None
        return self._named(field, value)

    def _named(self, field: AnyField, value: Any) -> Any:
        if field.related_model is User:
            return self.people[value].pk
        target: Any = field.related_model
        return self.keys[target][_place(value)]

    def _join(self, table: Table, key: Any, row: Row) -> None:
        for many in table.many:
            targets = [self._named(many, value) for value in row[many.name]]
            getattr(table.everybodys().get(pk=key), many.name).set(targets)


def _place(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _store(table: Table, batch: list[Model], keys: dict[Any, Any], upto: int) -> None:
    """Insert the rows before place `upto` and note their keys."""
    for place, made in enumerate(table.everybodys().bulk_create(batch), upto - len(batch)):
        keys[place] = made.pk
    batch.clear()


def _reason(error: Exception) -> str:
    if isinstance(error, ValidationError):
        return "; ".join(error.messages)[:300]
    if isinstance(error, KeyError):
        return f"refers to something that is not in the file ({str(error)[:100]})"
    return str(error)[:300]


def digest_of(data: bytes) -> str:
    """sha256 in hex."""
    return hashlib.sha256(data).hexdigest()
