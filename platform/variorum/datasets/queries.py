"""Reads of datasets, their versions and rows."""

import json
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery
from rest_framework.request import Request

from variorum.accounts.access import access_project
from variorum.accounts.models import Project
from variorum.accounts.roles import Role
from variorum.datasets.blocks import read_lines
from variorum.datasets.models import Dataset, DatasetVersion, Upload
from variorum.datasets.rows import Row, Subset
from variorum.lib import objects
from variorum.lib.errors import NotFound

SKIP_AT_MOST = 2000  # rows read past rather than looking up a block anew


def datasets_of(project: Project) -> QuerySet[Dataset]:
    """A project's datasets with `rows` and `changed_at` of the newest version (None before the first)."""
    newest = DatasetVersion.objects.filter(dataset=OuterRef("pk")).order_by("-number")
    return Dataset.objects.filter(project=project).annotate(
        rows=Subquery(newest.values("row_count")[:1]), changed_at=Subquery(newest.values("created_at")[:1])
    )


def versions_of(dataset: Dataset) -> QuerySet[DatasetVersion]:
    """A dataset's versions without their index."""
    return (
        DatasetVersion.objects.filter(dataset=dataset)
        .select_related("parent", "dataset")
        .defer("blocks", "parent__blocks")
    )


def latest(dataset: Dataset) -> DatasetVersion | None:
    """The newest version, or None before the first."""
    return DatasetVersion.objects.filter(dataset=dataset).select_related("dataset").order_by("-number").first()


def find_dataset(project: Project, slug: str) -> Dataset:
    """A dataset by its name in the address. Raises NotFound."""
    found = Dataset.objects.filter(project=project, slug=slug).select_related("project").first()
    if found is None:
        raise NotFound(f"The project has no dataset {slug[:63]!r}.")
    return found


def find_version(dataset: Dataset, name: str) -> DatasetVersion:
    """A version by number, `latest`, or at least 8 digits of its sha256. Raises NotFound."""
    rows = DatasetVersion.objects.filter(dataset=dataset).select_related("dataset", "parent")
    if name == "latest":
        found = rows.order_by("-number").first()
    elif name.isascii() and name.isdigit() and len(name) < 8:
        found = rows.filter(number=int(name)).first()
    else:
        found = rows.filter(sha256__startswith=name.lower()).first() if 8 <= len(name) <= 64 else None
    if found is None:
        raise NotFound(f"The dataset {dataset.slug} has no version {name[:64]!r}.")
    return found


def access_dataset(request: Request, slug: str, dataset: str, role: Role = Role.VIEWER) -> Dataset:
    """One dataset of a project. Raises as access_project, NotFound."""
    return find_dataset(access_project(request, slug, role), dataset)


def access_version(request: Request, slug: str, dataset: str, version: str, role: Role = Role.VIEWER) -> DatasetVersion:
    """One version of a dataset. Raises as access_project, NotFound."""
    return find_version(access_dataset(request, slug, dataset, role), version)


def access_upload(request: Request, slug: str, upload: str, role: Role = Role.EDITOR) -> Upload:
    """A file that waits to be imported. Raises as access_project, NotFound."""
    found = (
        Upload.objects.filter(project=access_project(request, slug, role), pk=upload).select_related("project").first()
    )
    if found is None:
        raise NotFound("This upload is not here any more. Files wait two days; choose yours again.")
    return found


def rows(version: DatasetVersion, offset: int = 0, limit: int | None = None) -> list[Row]:
    """The rows from `offset` on, `limit` at most; a far page costs as little as the first."""
    return list(islice(iter_rows(version, offset), limit))


def iter_rows(version: DatasetVersion, offset: int = 0) -> Iterator[Row]:
    """The rows one after another, in flat memory."""
    for line in iter_lines(version, offset):
        yield json.loads(line)


def iter_lines(version: DatasetVersion, offset: int = 0) -> Iterator[bytes]:
    """The same as canonical JSON lines, without their ends."""
    return read_lines(_file(version), version.blocks, offset)


def iter_at(version: DatasetVersion, positions: Iterable[int]) -> Iterator[tuple[int, Row]]:
    """(position, row) at rising positions, in one pass over the blocks that hold them."""
    source: Iterator[bytes] = iter(())
    at = -1
    for position in positions:
        if at < 0 or position - at > SKIP_AT_MOST:
            source, at = iter_lines(version, position), position
        line = next(islice(source, position - at, None), None)
        if line is None:
            return
        yield position, json.loads(line)
        at = position + 1


def positions_of(version: DatasetVersion, subset: Subset) -> list[int]:
    """Which rows a subset is made of, rising."""
    if subset == Subset(seed=subset.seed):
        return list(range(version.row_count))
    return subset.choose(_expected(line) for line in iter_lines(version))


def search(
    version: DatasetVersion,
    *,
    text: str = "",
    label: str | None = None,
    tag: str = "",
    offset: int = 0,
    limit: int = 50,
) -> tuple[list[tuple[int, Row]], int]:
    """Rows that hold a text (any case, anywhere), with a label and a tag: ([(position, row)], how many in all)."""
    if not text and label is None and not tag:
        return list(enumerate(rows(version, offset, limit), offset)), version.row_count
    start = _label_start(label) if label is not None else b""
    needle = json.dumps(text.lower(), ensure_ascii=False)[1:-1]
    found, total = [], 0
    for position, line in enumerate(iter_lines(version)):
        if not line.startswith(start) or (needle and needle not in line.decode().lower()):
            continue
        row: Row = json.loads(line)
        if tag and tag not in row["tags"]:
            continue
        if offset <= total < offset + limit:
            found.append((position, row))
        total += 1
    return found, total


def _label_start(label: str) -> bytes:
    """How a canonical line with this expected value begins: `expected` is the first key in the alphabet."""
    return b'{"expected":' + json.dumps(label, ensure_ascii=False).encode() + b","


def _expected(line: bytes) -> str | None:
    """The expected value of a canonical line without parsing the whole line."""
    value, _ = json.JSONDecoder().raw_decode(line.decode(), len('{"expected":'))
    return value if isinstance(value, str) else None


def _file(version: DatasetVersion) -> Path:
    return objects.local_path(objects.content_key(version.object_sha256))


def version_facts(version: DatasetVersion) -> dict[str, Any]:
    """What other rooms copy into their records to name the data: slug, number, sha256, row count."""
    return {
        "dataset": version.dataset.slug,
        "version": version.number,
        "sha256": version.sha256,
        "row_count": version.row_count,
    }
