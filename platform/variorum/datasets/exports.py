"""A version as a file: our own JSON lines, or CSV for a spreadsheet."""

import csv
import io
import json
import re
from collections.abc import Iterator
from typing import Any

from variorum.datasets import queries
from variorum.datasets.models import DatasetVersion
from variorum.datasets.rows import Row

FORMATS = {"jsonl": "application/x-ndjson", "csv": "text/csv; charset=utf-8"}
BATCH = 500
FORMULA = re.compile(r"[=@\t\r]|[+-](?!\d[\d.,]*$)")  # numbers with a sign stay numbers


def export(version: DatasetVersion, kind: str) -> Iterator[bytes]:
    """The file in pieces. JSON lines come back as the same version when imported.

    In CSV a text that a spreadsheet would run as a formula has an apostrophe before it (OWASP, "CSV Injection").
    """
    return _jsonl(version) if kind == "jsonl" else _csv(version)


def file_name(version: DatasetVersion, kind: str) -> str:
    """What the browser saves it as."""
    return f"{version.dataset.slug}-v{version.number}.{kind}"


def csv_header(version: DatasetVersion) -> list[str]:
    """The input columns, then expected and tags; a name that an input has already gets a star."""
    columns = version.input_columns
    return [*columns, *(name if name not in columns else f"{name}*" for name in ("expected", "tags"))]


def _jsonl(version: DatasetVersion) -> Iterator[bytes]:
    batch: list[bytes] = []
    for line in queries.iter_lines(version):
        batch.append(line + b"\n")
        if len(batch) == BATCH:
            yield b"".join(batch)
            batch = []
    yield b"".join(batch)


def _csv(version: DatasetVersion) -> Iterator[bytes]:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([_harmless(name) for name in csv_header(version)])
    for count, row in enumerate(queries.iter_rows(version), 1):
        writer.writerow(_cells(version, row))
        if count % BATCH == 0:
            yield text.getvalue().encode()
            text.seek(0)
            text.truncate()
    yield text.getvalue().encode()


def _cells(version: DatasetVersion, row: Row) -> list[str]:
    inputs = [_cell(row["input"].get(name)) for name in version.input_columns]
    return [_harmless(cell) for cell in (*inputs, row["expected"] or "", ",".join(row["tags"]))]


def _harmless(cell: str) -> str:
    return f"'{cell}" if FORMULA.match(cell) else cell


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)
