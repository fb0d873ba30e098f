"""Writes of datasets. Rows are written to the object store first; the version's row comes last, in one transaction."""

import contextlib
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from itertools import chain
from pathlib import Path
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import ProtectedError
from django.utils import timezone

from variorum.accounts.access import Actor
from variorum.accounts.models import Project
from variorum.datasets import queries
from variorum.datasets.blocks import BlockWriter
from variorum.datasets.models import Dataset, DatasetVersion, Upload
from variorum.datasets.profile import Profile
from variorum.datasets.rows import MAX_COLUMNS, Row, line_of, make_row
from variorum.events.services import record
from variorum.lib import ids, objects
from variorum.lib.errors import Conflict, Invalid

UPLOADS_KEPT = timedelta(days=2)


@dataclass(frozen=True)
class StoredRows:
    """Rows that lie in the object store and are not yet a version."""

    sha256: str
    object_sha256: str
    blocks: list[list[int]]
    size: int
    profile: Profile


def create_dataset(*, project: Project, actor: Actor, name: str, slug: str = "", description: str = "") -> Dataset:
    """An empty dataset. Raises Conflict when the slug is taken."""
    slug = slug or ids.slugify(name, fallback="dataset")
    try:
        with transaction.atomic():
            dataset = Dataset.objects.create(
                project=project, slug=slug, name=name, description=description, created_by=actor.user
            )
            record(project=project, actor=actor, kind="dataset.created", subject=("dataset", slug), data={"name": name})
    except IntegrityError:
        text = f"The project has a dataset {slug!r} already. Choose another name, or import into that one."
        raise Conflict(text, code="slug_taken", errors=[{"where": "name", "code": "taken", "detail": text}]) from None
    return dataset


@transaction.atomic
def update_dataset(*, dataset: Dataset, actor: Actor, changes: dict[str, str]) -> Dataset:
    """Change name or description; the slug stays."""
    Dataset.objects.filter(pk=dataset.pk).update(**changes)
    record(
        project=dataset.project,
        actor=actor,
        kind="dataset.updated",
        subject=("dataset", dataset.slug),
        data=dict(changes),
    )
    dataset.refresh_from_db()
    return dataset


def delete_dataset(*, dataset: Dataset, actor: Actor) -> None:
    """Take a dataset with all versions away. Raises Conflict while an evaluation or a training refers to it."""
    try:
        with transaction.atomic():
            record(project=dataset.project, actor=actor, kind="dataset.deleted", subject=("dataset", dataset.slug))
            Dataset.objects.filter(pk=dataset.pk).delete()
    except ProtectedError:
        text = "Evaluations or trainings were made with this dataset, so it stays: their figures name its versions."
        raise Conflict(text, code="dataset_in_use") from None


def add_version(
    *,
    dataset: Dataset,
    rows: Iterable[Mapping[str, Any]],
    actor: Actor,
    source: Mapping[str, Any],
    parent: DatasetVersion | None = None,
    columns: Iterable[str] = (),
    expected_column: str = "",
) -> DatasetVersion:
    """Freeze rows as a version; the same rows again give the version that is there. Raises Invalid.

    `source` is kept as it is, e.g. {"kind": "logs", ...}. With `parent` the version is its successor: raises Conflict
    when another one came in between. `columns` fixes the order of the input columns, otherwise the rows do.
    """
    stored = store_rows(_checked(rows), columns=columns)
    return publish_version(
        dataset=dataset, stored=stored, actor=actor, source=source, parent=parent, expected_column=expected_column
    )[0]


def append_rows(
    *,
    dataset: Dataset,
    rows: list[Mapping[str, Any]],
    actor: Actor,
    base: DatasetVersion | None = None,
    source: Mapping[str, Any],
) -> DatasetVersion:
    """The newest version (or `base`, while it is the newest) plus rows, as a new version. Raises Invalid, Conflict."""
    parent = base or queries.latest(dataset)
    old = (("an older row", row) for row in queries.iter_rows(parent)) if parent else ()
    stored = store_rows(chain(old, _checked(rows)), columns=parent.input_columns if parent else ())
    said = {**source, "added": len(rows)}
    expected = parent.expected_column if parent else ""
    return publish_version(
        dataset=dataset, stored=stored, actor=actor, source=said, parent=parent, expected_column=expected
    )[0]


def store_rows(rows: Iterable[tuple[str, Row]], *, columns: Iterable[str] = ()) -> StoredRows:
    """Write checked rows to the object store and look at them on the way; each comes with its place, for errors.

    Raises Invalid, also for no rows at all, and then stores nothing.
    """
    profile = Profile(list(columns))
    with _scratch() as path, path.open("wb") as handle:
        writer = BlockWriter(handle)
        for where, row in rows:
            line = line_of(row, where)
            profile.add(row, line)
            writer.add(line)
        writer.close()
        if not writer.row_count:
            text = "There is not one row in it."
            raise Invalid(text, code="no_rows", errors=[{"where": "rows", "code": "no_rows", "detail": text}])
        if len(profile.columns) > MAX_COLUMNS:
            raise Invalid(f"The rows have over {MAX_COLUMNS} different input columns.", code="too_many_columns")
        object_sha256, _ = objects.put_content_file(path)
    return StoredRows(writer.sha256, object_sha256, writer.index, writer.size, profile)


def publish_version(
    *,
    dataset: Dataset,
    stored: StoredRows,
    actor: Actor,
    source: Mapping[str, Any],
    parent: DatasetVersion | None = None,
    expected_column: str = "",
) -> tuple[DatasetVersion, bool]:
    """Make stored rows a version: (the version, whether it is new). Raises Conflict when `parent` is not the newest."""
    with transaction.atomic():
        locked = Dataset.objects.select_for_update().select_related("project").get(pk=dataset.pk)
        same = DatasetVersion.objects.filter(dataset=locked, sha256=stored.sha256).select_related("dataset").first()
        if same:
            return same, False
        if parent and parent.number != locked.last_version:
            text = f"Version {locked.last_version} was added meanwhile; yours was made from version {parent.number}."
            raise Conflict(text, code="stale_version", extra={"latest": locked.last_version})
        version = DatasetVersion.objects.create(
            dataset=locked,
            number=locked.last_version + 1,
            sha256=stored.sha256,
            object_sha256=stored.object_sha256,
            blocks=stored.blocks,
            row_count=stored.profile.rows,
            size=stored.size,
            columns=stored.profile.column_types(),
            expected_column=expected_column,
            profile=stored.profile.as_json(),
            source=dict(source),
            parent=parent,
            created_by=actor.user,
            actor_name=actor.name[:220],
        )
        Dataset.objects.filter(pk=locked.pk).update(last_version=version.number)
        data = {"version": version.number, "sha256": version.sha256, "rows": version.row_count}
        record(
            project=locked.project,
            actor=actor,
            kind="dataset.version_added",
            subject=("dataset", locked.slug),
            data=data,
        )
    dataset.last_version = version.number
    return version, True


def keep_upload(*, project: Project, actor: Actor, filename: str, pieces: Iterable[bytes]) -> Upload:
    """Keep a file as it came until it is imported. Flat memory."""
    lines = 1

    def counted() -> Iterator[bytes]:
        nonlocal lines
        for piece in pieces:
            lines += piece.count(b"\n")
            yield piece

    sha256, size = objects.put_content_stream(counted())
    with transaction.atomic():
        upload = Upload.objects.create(
            project=project, filename=filename[:200], size=size, lines=lines, sha256=sha256, created_by=actor.user
        )
        data = {"filename": upload.filename, "size": size}
        record(project=project, actor=actor, kind="upload.created", subject=("upload", str(upload.pk)), data=data)
    return upload


def forget_old_uploads() -> int:
    """Drop the rows of uploads that nobody imported in two days; gives how many."""
    return Upload.objects.filter(created_at__lt=timezone.now() - UPLOADS_KEPT).delete()[0]


def _checked(rows: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, Row]]:
    return ((f"rows[{n}]", make_row(raw, f"rows[{n}]")) for n, raw in enumerate(rows))


@contextlib.contextmanager
def _scratch() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="variorum-rows-") as folder:
        yield Path(folder) / "rows.zst"


def holds_content(digest: str) -> bool:
    """Whether an upload or a version lies in the object store under this sha256."""
    return Upload.objects.filter(sha256=digest).exists() or DatasetVersion.objects.filter(object_sha256=digest).exists()
