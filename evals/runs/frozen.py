"""A prompt as it stands at a commit: what an evaluation freezes and runs."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from evals.metrics.models import Metric
from variorum.accounts.models import Project
from variorum.datasets.models import DatasetVersion
from variorum.datasets.rows import Row
from variorum.drafts.playground import adapter_ref
from variorum.inference import fit
from variorum.inference.shapes import AdapterRef
from variorum.lib.errors import Invalid, Unprocessable
from variorum.repos import queries as repos
from variorum_client.formats import FormatError, Prompt, parse_prompt, partial_paths, partials_from


@dataclass(frozen=True)
class Subject:
    """What is evaluated: a prompt with its model and adapter, at a commit."""

    commit: str
    prompt: Prompt
    partials: Mapping[str, str]
    model: str
    adapter: AdapterRef | None
    partial_paths: tuple[str, ...] = ()

    def variables(self, row: Row, mapping: Mapping[str, str]) -> dict[str, Any]:
        """The values of the prompt's variables in a row: by the mapping, else by name; absent ones are left out."""
        given = row["input"]
        names = self.prompt.variables | self._declared()
        return {name: given[mapping.get(name, name)] for name in names if mapping.get(name, name) in given}

    def _declared(self) -> set[str]:
        schema = self.prompt.input_schema or {}
        return set(schema.get("properties") or {})


def load_subject(project: Project, commit: str, path: str, *, model: str = "") -> Subject:
    """Read a prompt at a commit. `model` stands in for the prompt's own; an adapter is only loaded for its own.

    Raises NotFound for no such file, Unprocessable for one that is no prompt, Invalid when no model is named.
    """
    text = repos.read_file(project, commit, path).decode(errors="replace")
    read = repos.overlay(project, commit, {})
    try:
        prompt = parse_prompt(text, path, partials=partials_from(read, path))
    except FormatError as exc:
        errors = [{"where": f"{p.path}:{p.line}:{p.column}", "code": p.code, "detail": p.message} for p in exc.problems]
        raise Unprocessable(f"{path} at {commit[:10]} is no prompt: {exc.problems[0].message}", errors=errors) from None  # type: ignore[arg-type]
    chosen = model or prompt.model
    if not chosen:
        raise Invalid(f"{path} names no model. Name one in its front matter or in the suite.", code="no_model")
    adapter = adapter_ref(project, commit, prompt.adapter) if prompt.adapter and chosen == prompt.model else None
    if adapter is not None:
        fit.check_use(adapter, chosen)
    partials = _partials(prompt, path, read)
    return Subject(commit, prompt, partials, chosen, adapter, tuple(partials))


def _partials(prompt: Prompt, path: str, read: repos.Read) -> dict[str, str]:
    """The partials that a prompt uses, by path."""
    found: dict[str, str] = {}
    for name in sorted(prompt.loaded_partials):
        for candidate in partial_paths(path, name):
            if (content := read(candidate)) is not None:
                found[candidate] = content.decode(errors="replace")
                break
    return found


def guess_mapping(prompt: Prompt, columns: list[str]) -> dict[str, str]:
    """Variables by their own names; a single variable left over takes a single column left over."""
    rest = [name for name in sorted(prompt.variables) if name not in columns and name not in prompt.defaults]
    free = [column for column in columns if column not in prompt.variables]
    return {rest[0]: free[0]} if len(rest) == 1 and len(free) == 1 else {}


def check_mapping(prompt: Prompt, columns: list[str], mapping: Mapping[str, str]) -> None:
    """Raises Invalid for a variable that would get no value in any row, and for a column that is not there."""
    for name, column in mapping.items():
        if column not in columns:
            raise _unmapped(
                name, f"The dataset has no column {column!r} for the variable {name!r}. It has: {_few(columns)}."
            )
    needed = set((prompt.input_schema or {}).get("required") or prompt.variables)
    for name in sorted(needed):
        if mapping.get(name, name) not in columns and name not in prompt.defaults:
            text = (
                f"The prompt's variable {name!r} gets no value: map a column to it. The dataset has: {_few(columns)}."
            )
            raise _unmapped(name, text)


def fingerprint(
    subject: Subject,
    version: DatasetVersion,
    metrics: Iterable[Metric],
    *,
    mapping: Mapping[str, str],
    subset: Mapping[str, Any],
) -> str:
    """A name for "the same question to the same model, judged the same way": two such differ by chance only."""
    material = {
        "prompt": subject.prompt.source,
        "partials": dict(subject.partials),
        "model": subject.model,
        "adapter": [subject.adapter.sha256, dict(subject.adapter.config)] if subject.adapter else None,
        "dataset": version.sha256,
        "mapping": dict(mapping),
        "subset": dict(subset),
        "metrics": sorted(f"{metric.slug}@{metric.version}" for metric in metrics),
    }
    return hashlib.sha256(json.dumps(material, sort_keys=True, default=str).encode()).hexdigest()


def _few(columns: list[str]) -> str:
    return ", ".join(columns[:20])


def _unmapped(name: str, text: str) -> Invalid:
    return Invalid(
        text, code="bad_mapping", errors=[{"where": f"mapping.{name}", "code": "bad_mapping", "detail": text}]
    )
