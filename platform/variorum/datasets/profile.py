"""What is to know of a dataset at a glance, gathered while its rows stream by."""

import json
from array import array
from collections import Counter
from typing import Any

import numpy as np

from variorum.datasets.rows import Row

MOST_LABELS = 500
MOST_TAGS = 200
MOST_DISTINCT = 1_000_000


class ColumnProfile:
    """Missing values, kinds, lengths in characters and the number of distinct values of one column."""

    def __init__(self) -> None:
        self.missing = 0
        self.kinds: Counter[str] = Counter()
        self.lengths = array("I")
        self.distinct: set[int] = set()

    def add(self, value: Any) -> None:
        """One cell; None and "" count as missing."""
        if value is None or value == "":
            self.missing += 1
            return
        self.kinds[kind_of(value)] += 1
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        self.lengths.append(len(text))
        if len(self.distinct) < MOST_DISTINCT:
            self.distinct.add(hash(text))

    def type(self) -> str:
        """The one kind of all cells, `mixed`, or `empty`."""
        if not self.kinds:
            return "empty"
        return next(iter(self.kinds)) if len(self.kinds) == 1 else "mixed"

    def as_json(self, name: str, rows: int) -> dict[str, Any]:
        """`missing` counts cells of `rows`; lengths are characters."""
        absent = rows - self.missing - len(self.lengths)
        facts = {"name": name, "type": self.type(), "missing": self.missing + absent, "distinct": len(self.distinct)}
        return {**facts, "length": _spread(self.lengths)}


class Profile:
    """Feed it every row once, then ask for as_json()."""

    def __init__(self, columns: list[str]) -> None:
        self.rows = 0
        self.columns: dict[str, ColumnProfile] = {name: ColumnProfile() for name in columns}
        self.expected = ColumnProfile()
        self.labels: Counter[str] = Counter()
        self.tags: Counter[str] = Counter()
        self.duplicates = 0
        self._lines: set[int] = set()
        self._outputs: dict[int, int] = {}
        self._in_conflict: set[int] = set()

    def add(self, row: Row, line: bytes) -> None:
        """A row with its canonical line."""
        self.rows += 1
        for name, value in row["input"].items():
            self.columns.setdefault(name, ColumnProfile()).add(value)
        self.expected.add(row["expected"])
        self.tags.update(row["tags"])
        if row["expected"] is not None and (row["expected"] in self.labels or len(self.labels) < MOST_DISTINCT):
            self.labels[row["expected"]] += 1
        self._look_for_twins(row, line)

    def _look_for_twins(self, row: Row, line: bytes) -> None:
        before = len(self._lines)
        self._lines.add(hash(line))
        self.duplicates += len(self._lines) == before
        if row["expected"] is None:
            return
        given = hash(json.dumps(row["input"], sort_keys=True))
        if self._outputs.setdefault(given, hash(row["expected"])) != hash(row["expected"]):
            self._in_conflict.add(given)

    def column_types(self) -> list[dict[str, str]]:
        """[{"name", "type"}] of the input columns."""
        return [{"name": name, "type": column.type()} for name, column in self.columns.items()]

    def is_labelled(self) -> bool:
        """Whether the expected values look like labels: few, short, and used more than once on average."""
        if not self.labels or len(self.labels) > max(2, self.rows // 2) or len(self.labels) > MOST_LABELS:
            return False
        return max(map(len, self.labels)) <= 100

    def as_json(self) -> dict[str, Any]:
        """JSON-able facts; `labels` is there when the expected values look like labels, most frequent first."""
        labels = self.labels.most_common(MOST_LABELS) if self.is_labelled() else []
        return {
            "row_count": self.rows,
            "columns": [column.as_json(name, self.rows) for name, column in self.columns.items()],
            "expected": self.expected.as_json("expected", self.rows),
            "labels": [{"label": label, "count": count} for label, count in labels],
            "label_count": len(self.labels) if labels else 0,
            "majority_rate": round(labels[0][1] / self.rows, 6) if labels else None,
            "tags": [{"tag": tag, "count": count} for tag, count in self.tags.most_common(MOST_TAGS)],
            "duplicates": self.duplicates,
            "contradictions": len(self._in_conflict),
        }


def kind_of(value: Any) -> str:
    """The JSON kind of a value in plain words."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, list):
        return "list"
    return "object" if isinstance(value, dict) else "text"


def _spread(lengths: "array[int]") -> dict[str, float] | None:
    if not lengths:
        return None
    values = np.frombuffer(lengths, dtype=np.uint32)
    middle, high = np.percentile(values, [50, 95])
    return {
        "min": int(values.min()),
        "mean": round(float(values.mean()), 1),
        "p50": float(middle),
        "p95": float(high),
        "max": int(values.max()),
    }
