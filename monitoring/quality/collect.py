"""Logs -> dataset: chosen production logs become rows of a new version, each tagged with the log it came from."""

import json
import random
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone

from monitoring.logs import queries
from monitoring.logs.filters import LogFilter
from monitoring.logs.models import Log
from monitoring.logs.search import with_texts
from monitoring.logs.texts import Texts
from variorum.accounts.access import Actor
from variorum.accounts.models import Project
from variorum.datasets.models import Dataset, DatasetVersion
from variorum.datasets.services import append_rows
from variorum.lib.errors import Detail, Invalid, NotFound

MOST = 5000
EXPECTED = ("reference", "output", "none")


def by_ids(project: Project, ids: Sequence[UUID]) -> list[Log]:
    """The logs of these ids, in their order. Raises NotFound naming the first that is not there."""
    found = [queries.find_log(project, id_) for id_ in ids]
    for id_, log in zip(ids, found, strict=True):
        if log is None:
            raise NotFound(f"The project has no log {id_}, or no longer keeps it.")
    return [log for log in found if log is not None]


def by_filter(project: Project, wanted: Mapping[str, Any], *, sample: int, seed: int) -> list[Log]:
    """Up to `sample` of the logs that match, drawn evenly with the seed, oldest first. `days` bounds the time."""
    now = timezone.now()
    names = {name: value for name, value in wanted.items() if name != "days"}
    chosen = LogFilter(since=now - timedelta(days=wanted.get("days", 7)), until=now, **names)
    with queries.patience():
        keys = list(chosen.rows(project).order_by("started_at", "id").values_list("day", "id"))
    if not keys:
        raise Invalid("No log matches, so there is nothing to add.", code="no_logs")
    if len(keys) > sample:
        keys = sorted(random.Random(seed).sample(keys, sample))  # noqa: S311  (a sample, not a secret)
    rows = {
        log.id: log
        for log in Log.objects.filter(project=project, day__in={k[0] for k in keys}, id__in=[k[1] for k in keys])
    }
    return [rows[id_] for _, id_ in keys if id_ in rows]


def collect(
    *,
    dataset: Dataset,
    logs: Sequence[Log],
    actor: Actor,
    expected: str = "reference",
    corrections: Mapping[str, str] | None = None,
) -> DatasetVersion:
    """Add logs to a dataset as a new version, with their lineage.

    A row's input are the log's variables; its expected value the person's correction (by log id), else the log's
    reference or output as `expected` says. Raises Invalid naming logs without variables.
    """
    given = corrections or {}
    rows: list[Mapping[str, Any]] = []
    faults: list[Detail] = []
    for log, texts in with_texts(list(logs)):
        variables = (texts.get("input") or {}).get("variables")
        if not variables:
            text = f"Log {log.id} has no variables, only messages; it cannot become a row."
            faults.append(Detail(where=str(log.id), code="no_variables", detail=text))
            continue
        rows.append(_row(log, variables, given.get(str(log.id), _expected(texts, expected))))
    if faults:
        raise Invalid(faults[0]["detail"], code="no_variables", errors=faults[:100])
    source = {
        "kind": "logs",
        "note": f"{len(rows)} production logs",
        "logs": [str(log.id) for log in logs][:MOST],
        "corrected": sorted(given),
        "expected": expected,
    }
    return append_rows(dataset=dataset, rows=rows, actor=actor, source=source)


def _row(log: Log, variables: Mapping[str, Any], expected: str | None) -> dict[str, Any]:
    return {"input": dict(variables), "expected": expected, "tags": ["from-logs", f"log:{log.id}"]}


def _expected(texts: Texts, wanted: str) -> str | None:
    if wanted == "reference":
        return texts.get("reference")
    output = texts.get("output")
    if wanted != "output" or output is None:
        return None
    return output if isinstance(output, str) else json.dumps(output, ensure_ascii=False)
