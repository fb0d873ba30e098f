"""One row of a dataset and its canonical text, of which a version's name is made."""

import hashlib
import json
import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypedDict, TypeVar

from variorum.lib.errors import Invalid
from variorum.lib.parsers import unstorable

T = TypeVar("T")

MAX_ROW_BYTES = 1_000_000
MAX_COLUMNS = 200
MAX_NAME = 200


class Row(TypedDict):
    """What goes into the prompt, what should come out (None: not known), and labels to find it by."""

    input: dict[str, Any]
    expected: str | None
    tags: list[str]


def make_row(raw: Any, where: str) -> Row:
    """Check a row from outside. Raises Invalid that begins with `where` ("line 12", "rows[3]")."""
    if not isinstance(raw, Mapping):
        raise bad_row(where, "must be an object with input, expected and tags")
    if unknown := sorted(set(raw) - {"input", "expected", "tags"}):
        raise bad_row(where, f"has the unknown member {unknown[0]!r}; a row has input, expected and tags")
    given, expected, tags = raw.get("input"), raw.get("expected"), raw.get("tags") or []
    if not isinstance(given, Mapping) or not given:
        raise bad_row(where, "needs an input: an object with at least one column")
    if len(given) > MAX_COLUMNS or any(not isinstance(k, str) or not k.strip() or len(k) > MAX_NAME for k in given):
        raise bad_row(where, f"has an input with over {MAX_COLUMNS} columns, or one whose name is empty or too long")
    if expected is not None and not isinstance(expected, str):
        raise bad_row(where, "has an expected value that is neither text nor null")
    if not isinstance(tags, list) or any(not isinstance(tag, str) or len(tag) > 100 for tag in tags):
        raise bad_row(where, "has tags that are not a list of short texts")
    return Row(input=dict(given), expected=expected, tags=list(dict.fromkeys(tags)))


def bad_row(where: str, reason: str, code: str = "invalid_row") -> Invalid:
    """The error of one row; its `where` says which."""
    text = f"{where[:1].upper()}{where[1:]} {reason}."
    return Invalid(text, code=code, errors=[{"where": where, "code": code, "detail": text}])


def line_of(row: Row, where: str) -> bytes:
    """The canonical line without its end: UTF-8, sorted keys, no spaces. Raises Invalid for what cannot be stored."""
    try:
        text = json.dumps(row, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
        line = text.encode()
    except UnicodeEncodeError:
        raise bad_row(where, "holds half a surrogate pair, which is no text") from None
    except (ValueError, TypeError, RecursionError):
        raise bad_row(where, "holds a value that JSON does not know, or nests too deep") from None
    if "\\u0000" in text and unstorable(row):
        raise bad_row(where, "holds a NUL character", "nul")
    if len(line) > MAX_ROW_BYTES:
        raise bad_row(where, f"is larger than {MAX_ROW_BYTES // 1_000_000} MB", "too_large")
    return line


def content_hash(rows: Iterable[Row]) -> str:
    """The name of a version with these rows: sha256 over the canonical lines, each with its newline."""
    digest = hashlib.sha256()
    for number, row in enumerate(rows):
        digest.update(line_of(row, f"rows[{number}]") + b"\n")
    return digest.hexdigest()


@dataclass(frozen=True)
class Subset:
    """A part of a dataset, always the same for the same rows.

    `labels`: only rows with one of these expected values. `per_label`: the first N of each label. `limit`: N rows at
    most, drawn evenly with `seed` (files are often sorted by label) and left in their order.
    """

    labels: tuple[str, ...] = ()
    per_label: int | None = None
    limit: int | None = None
    seed: int = 0

    @classmethod
    def of(cls, raw: Mapping[str, Any] | None) -> "Subset":
        """From JSON that was checked at the edge."""
        raw = raw or {}
        return cls(tuple(raw.get("labels") or ()), raw.get("per_label"), raw.get("limit"), raw.get("seed") or 0)

    def as_json(self) -> dict[str, Any]:
        """Only what narrows; {} for the whole."""
        said = {"labels": list(self.labels), "per_label": self.per_label, "limit": self.limit}
        found = {name: value for name, value in said.items() if value}
        return {**found, "seed": self.seed} if "limit" in found else found

    def choose(self, labels: Iterable[str | None]) -> list[int]:
        """The positions that belong to the subset, given every row's expected value in order."""
        narrowed = list(self._narrow(enumerate(labels), lambda pair: pair[1]))
        return [position for position, _ in self._sample(narrowed)]

    def filter(self, rows: Iterable[tuple[str, Row]]) -> Iterator[tuple[str, Row]]:
        """The rows of the subset, each with its place. With a limit, all candidates are held in memory."""
        narrowed = self._narrow(rows, lambda pair: pair[1]["expected"])
        yield from self._sample(list(narrowed)) if self.limit is not None else narrowed

    def _narrow(self, items: Iterable[T], label_of: Callable[[T], str | None]) -> Iterator[T]:
        taken: Counter[str | None] = Counter()
        wanted = set(self.labels)
        for item in items:
            label = label_of(item)
            if wanted and label not in wanted:
                continue
            taken[label] += 1
            if self.per_label is None or taken[label] <= self.per_label:
                yield item

    def _sample(self, items: list[T]) -> list[T]:
        if self.limit is None or len(items) <= self.limit:
            return items
        drawn = random.Random(self.seed).sample(range(len(items)), self.limit)  # noqa: S311  (a sample, no secret)
        return [items[position] for position in sorted(drawn)]
