"""From an uploaded file to a version: look at it, say which column is what, import it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from django.db import transaction

from variorum.accounts.access import Actor
from variorum.accounts.models import Project
from variorum.datasets import services
from variorum.datasets.formats.files import open_file, records
from variorum.datasets.formats.reading import Reading
from variorum.datasets.mapping import ColumnMapping, guess_mapping
from variorum.datasets.models import Dataset, DatasetVersion, Upload
from variorum.datasets.profile import ColumnProfile
from variorum.datasets.queries import find_dataset
from variorum.datasets.rows import Row, Subset, make_row
from variorum.jobs.models import Job
from variorum.jobs.services import create_job
from variorum.lib import objects

INLINE_LINES = 20_000
INLINE_BYTES = 8_000_000
PREVIEW_ROWS = 20
PREVIEW_RECORDS = 2_000
SHOWN_TEXT = 300
WATCH_EVERY = 500
Watch = Callable[[int], None]


def _unwatched(line: int) -> None:
    """Nobody wants to know how far it is."""


@dataclass(frozen=True)
class ImportPlan:
    """All choices of an import, as they are frozen in the job and in the version's source."""

    mapping: ColumnMapping | None = None
    reading: Mapping[str, Any] = field(default_factory=dict)  # format, encoding, delimiter, header: open_file's options
    subset: Subset = field(default_factory=Subset)

    def as_json(self) -> dict[str, Any]:
        """JSON-able."""
        mapping = self.mapping.as_json() if self.mapping else None
        return {"mapping": mapping, "reading": dict(self.reading), "subset": self.subset.as_json()}

    @classmethod
    def of(cls, raw: Mapping[str, Any]) -> "ImportPlan":
        """From as_json() or from a request that was checked at the edge."""
        mapping = ColumnMapping.of(raw["mapping"]) if raw.get("mapping") else None
        return cls(mapping, raw.get("reading") or {}, Subset.of(raw.get("subset")))


def is_small(upload: Upload) -> bool:
    """Whether the import is done at once rather than as a job."""
    return upload.lines <= INLINE_LINES and upload.size <= INLINE_BYTES


def preview(upload: Upload, reading_options: Mapping[str, Any]) -> dict[str, Any]:
    """What the wizard shows: how the file is read, its columns, first rows, a guessed mapping, warnings.

    A small file is read to its end, so that its errors come now; of a large one the first 2,000 records.
    """
    reading = open_file(_file(upload), upload.filename, reading_options)
    columns = {name: ColumnProfile() for name in reading.columns}
    shown: list[dict[str, Any]] = []
    count, complete, labels = 0, True, Labels()
    for line, record in records(reading):
        if count >= PREVIEW_RECORDS and not is_small(upload):
            complete = False
            break
        count += 1
        _look(columns, record, reading)
        labels.add(record)
        if len(shown) < PREVIEW_ROWS:
            shown.append({"line": line, "values": _shorten(record)})
    mapping = guess_mapping(columns, count) if not reading.native else None
    expected = "expected" if reading.native else mapping.expected if mapping else None
    return {
        "format": reading.format,
        "encoding": reading.encoding,
        "delimiter": reading.delimiter,
        "header": reading.header,
        "native": reading.native,
        "columns": [_column(name, column, count) for name, column in columns.items()],
        "mapping": mapping.as_json() if mapping else None,
        "rows": shown,
        "row_count": count,
        "complete": complete,
        "labels": labels.of(expected),
        "warnings": reading.warnings,
    }


class Labels:
    """Counts the values of every column that could be labels, for the wizard's subset step."""

    MOST = 500

    def __init__(self) -> None:
        self.counts: dict[str, dict[str, int]] = {}

    def add(self, record: Mapping[str, Any]) -> None:
        """One record."""
        for name, value in record.items():
            if isinstance(value, str) and 0 < len(value) <= 100:
                counted = self.counts.setdefault(name, {})
                if value in counted or len(counted) <= self.MOST:
                    counted[value] = counted.get(value, 0) + 1

    def of(self, column: str | None) -> list[dict[str, Any]]:
        """[{"label", "count"}], most frequent first; [] for a column with too many values."""
        counted = self.counts.get(column or "", {})
        if len(counted) > self.MOST:
            return []
        return [
            {"label": label, "count": n} for label, n in sorted(counted.items(), key=lambda item: (-item[1], item[0]))
        ]


def entries(reading: Reading, plan: ImportPlan, watch: Watch = _unwatched) -> Iterator[tuple[str, Row]]:
    """(where, row) of the plan's part of the file. Raises Invalid for a bad mapping and at the first bad line.

    `plan.mapping` is needed unless the file is our own export. `watch` is told the line now and then.
    """
    if plan.mapping is not None and not reading.native:
        plan.mapping.check(reading.columns)
    to_row = make_row if reading.native or plan.mapping is None else plan.mapping.row

    def rows() -> Iterator[tuple[str, Row]]:
        for count, (line, record) in enumerate(records(reading)):
            if count % WATCH_EVERY == 0:
                watch(line)
            yield f"line {line}", to_row(record, f"line {line}")

    return plan.subset.filter(rows())


def import_upload(
    *,
    upload: Upload,
    actor: Actor,
    plan: ImportPlan,
    dataset: Dataset | None = None,
    name: str = "",
    description: str = "",
    watch: Watch = _unwatched,
    in_transaction: Callable[[DatasetVersion, bool], None] | None = None,
) -> tuple[DatasetVersion, bool]:
    """Import into a dataset, or into a new one called `name`: (the version, whether it is new).

    Everything is stored or nothing. Raises Invalid naming the line, Conflict for a taken name.
    """
    reading = open_file(_file(upload), upload.filename, plan.reading)
    if plan.mapping is None and not reading.native:
        plan = ImportPlan(ColumnMapping.of(preview(upload, plan.reading)["mapping"]), plan.reading, plan.subset)
    names = reading.columns if reading.native else plan.mapping.names() if plan.mapping else []
    stored = services.store_rows(entries(reading, plan, watch), columns=names)
    file = {"filename": upload.filename, "sha256": upload.sha256, "size": upload.size}
    decided = {
        "format": reading.format,
        "encoding": reading.encoding,
        "delimiter": reading.delimiter,
        "header": reading.header,
    }
    source = {"kind": "file", "file": file, **plan.as_json(), "reading": decided}
    expected = (plan.mapping.expected if plan.mapping else "expected") or ""
    with transaction.atomic():
        target = dataset or services.create_dataset(
            project=upload.project, actor=actor, name=name, description=description
        )
        version, created = services.publish_version(
            dataset=target, stored=stored, actor=actor, source=source, expected_column=expected
        )
        if in_transaction:
            in_transaction(version, created)
    return version, created


def import_file(
    *, dataset: Dataset, filename: str, data: bytes, actor: Actor, mapping: Mapping[str, Any] | None = None
) -> DatasetVersion:
    """Import bytes at once, for other rooms; without a mapping the guess is taken. Raises Invalid naming the line."""
    upload = services.keep_upload(project=dataset.project, actor=actor, filename=filename, pieces=[data])
    plan = ImportPlan(ColumnMapping.of(mapping) if mapping else None)
    return import_upload(upload=upload, actor=actor, plan=plan, dataset=dataset)[0]


def start_import(
    *, upload: Upload, actor: Actor, plan: ImportPlan, dataset: Dataset | None, name: str = "", description: str = ""
) -> Job:
    """The same as a job of the kind `import`; its result holds {"dataset", "version", "created"}."""
    project: Project = upload.project
    spec = {
        "upload": str(upload.pk),
        "dataset": dataset.slug if dataset else None,
        "name": name,
        "description": description,
        **plan.as_json(),
    }
    title = f"Import {upload.filename}"
    return create_job(project=project, kind="import", title=title, spec=spec, actor=actor, total=upload.lines)


def target_of(project: Project, slug: str | None) -> Dataset | None:
    """The dataset that is named, or None for a new one. Raises NotFound."""
    return find_dataset(project, slug) if slug else None


def _file(upload: Upload) -> Path:
    return objects.local_path(objects.content_key(upload.sha256))


def _look(columns: dict[str, ColumnProfile], record: Mapping[str, Any], reading: Reading) -> None:
    values = record.get("input", {}) if reading.native else record
    for name, value in values.items() if isinstance(values, dict) else ():
        columns.setdefault(name, ColumnProfile()).add(value)


def _column(name: str, column: ColumnProfile, rows: int) -> dict[str, Any]:
    facts = column.as_json(name, rows)
    return {key: facts[key] for key in ("name", "type", "missing", "distinct")}


def _shorten(record: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _short(value) for name, value in islice(record.items(), 50)}


def _short(value: Any) -> Any:
    if isinstance(value, str) and len(value) > SHOWN_TEXT:
        return value[:SHOWN_TEXT] + "…"
    if isinstance(value, dict | list) and len(str(value)) > SHOWN_TEXT * 4:
        return str(value)[:SHOWN_TEXT] + "…"
    return value
