"""Which column of a file is input, which is the expected output, which are tags."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from variorum.datasets.profile import ColumnProfile
from variorum.datasets.rows import Row, make_row
from variorum.lib.errors import Invalid

EXPECTED_NAMES = (
    "expected", "label", "labels", "category", "class", "intent", "target", "gold", "answer", "reference", "output",
    "completion", "response",
)  # fmt: skip
TAG_NAMES = ("tags", "tag")
ID_NAMES = re.compile(r"^(id|idx|index|row|uuid|guid|unnamed: 0|column 1)$|_id$", re.IGNORECASE)


@dataclass(frozen=True)
class ColumnMapping:
    """Column names by their part. `renamed` gives input columns another name in the dataset."""

    input: tuple[str, ...]
    expected: str | None = None
    tags: tuple[str, ...] = ()
    renamed: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, raw: Mapping[str, Any]) -> "ColumnMapping":
        """From JSON that was checked at the edge."""
        return cls(
            tuple(raw["input"]), raw.get("expected") or None, tuple(raw.get("tags") or ()), raw.get("renamed") or {}
        )

    def as_json(self) -> dict[str, Any]:
        """The same as JSON."""
        return {
            "input": list(self.input),
            "expected": self.expected,
            "tags": list(self.tags),
            "renamed": dict(self.renamed),
        }

    def check(self, columns: list[str]) -> None:
        """Raises Invalid for columns that the file does not have, and for no input at all."""
        if not self.input:
            raise _bad("input", "Choose at least one input column.")
        for part, names in (
            ("input", self.input),
            ("expected", [self.expected] if self.expected else []),
            ("tags", self.tags),
        ):
            for name in names:
                if name not in columns:
                    raise _bad(part, f"The file has no column {name!r}. It has: {', '.join(columns[:20])}.")
        if self.expected in self.input:
            raise _bad(
                "expected",
                f"{self.expected!r} cannot be input and expected output at once: the answer would be given away.",
            )
        if len(set(self.names())) != len(self.input):
            raise _bad("renamed", "Two input columns would have the same name.")

    def names(self) -> list[str]:
        """Names of the input columns in the dataset."""
        return [self.renamed.get(name) or name for name in self.input]

    def row(self, record: Mapping[str, Any], where: str) -> Row:
        """One row. An empty expected cell becomes null; a tag cell may hold several, parted by commas."""
        given = {self.renamed.get(name) or name: record[name] for name in self.input if name in record}
        tags = [tag for name in self.tags for tag in _tags(record.get(name))]
        raw = {
            "input": given,
            "expected": _expected(record.get(self.expected)) if self.expected else None,
            "tags": tags,
        }
        return make_row(raw, where)


def guess_mapping(columns: dict[str, ColumnProfile], rows: int) -> ColumnMapping:
    """By the columns' names first, then by their values: few, short and repeated ones are labels."""
    names = list(columns)
    tags = tuple(name for name in names if name.lower() in TAG_NAMES)
    rest = [name for name in names if name not in tags]
    ranked = sorted((n for n in rest if n.lower() in EXPECTED_NAMES), key=lambda n: EXPECTED_NAMES.index(n.lower()))
    labels = [n for n in rest if _holds_labels(columns[n], rows)]
    expected = next(iter([*ranked, *reversed(labels)]), None) if len(rest) > 1 else None
    inputs = [n for n in rest if n != expected]
    without_ids = [
        n for n in inputs if not (ID_NAMES.search(n) and len(columns[n].distinct) >= rows - columns[n].missing)
    ]
    return ColumnMapping(input=tuple(without_ids or inputs or names[:1]), expected=expected, tags=tags)


def _holds_labels(column: ColumnProfile, rows: int) -> bool:
    distinct = len(column.distinct)
    if not distinct or not column.lengths or column.kinds.keys() - {"text", "boolean"}:
        return False
    return distinct <= max(2, rows // 3) and sum(column.lengths) / len(column.lengths) <= 40


def _expected(value: Any) -> str | None:
    if value is None or value == "":
        return None
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)


def _tags(value: Any) -> list[str]:
    if value is None:
        return []
    parts = value if isinstance(value, list) else str(value).split(",")
    return [str(part).strip()[:100] for part in parts if str(part).strip()]


def _bad(where: str, text: str) -> Invalid:
    return Invalid(
        text, code="bad_mapping", errors=[{"where": f"mapping.{where}", "code": "bad_mapping", "detail": text}]
    )
