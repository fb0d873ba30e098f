"""Dataset rows become training examples: the messages as a model will see them, and the answer it should give."""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from variorum.accounts.models import Project
from variorum.datasets.rows import Row
from variorum.lib.errors import NotFound, Unprocessable
from variorum.repos import queries as repository
from variorum.repos.problems import bad_files
from variorum_client.formats import FormatError, Prompt, RenderError, kind_of, parse_prompt, partials_from

Example = dict[str, Any]


def prompt_at(project: Project, path: str, commit: str) -> Prompt:
    """The prompt of a commit. Raises NotFound, Unprocessable."""
    if kind_of(path) != "prompt":
        raise NotFound(f"{path[:200]!r} is not a prompt.")
    text = repository.read_file(project, commit, path).decode()
    read = repository.overlay(project, commit, {})
    try:
        return parse_prompt(text, path, partials=partials_from(read, path))
    except FormatError as error:
        raise bad_files(error.problems) from None


def examples_of(rows: Iterable[Row], prompt: Prompt | None) -> Iterator[Example]:
    """{"messages", "expected"} for every row that has an expected answer. Raises Unprocessable naming the row."""
    for number, row in enumerate(rows, 1):
        if row["expected"]:
            yield {"messages": _messages(row["input"], prompt, number), "expected": row["expected"]}


def _messages(values: Mapping[str, Any], prompt: Prompt | None, number: int) -> list[dict[str, str]]:
    if prompt is None:
        return [{"role": "user", "content": plain(values)}]
    known = {name: value for name, value in values.items() if name in _names(prompt)}
    try:
        return [{"role": m["role"], "content": _text(m["content"], number)} for m in prompt.messages(known)]
    except RenderError as error:
        text = f"Row {number} does not fit the prompt {prompt.path}: {error.message}"
        detail = {"where": f"row {number}", "code": error.code, "detail": text}
        raise Unprocessable(text, code="row_unfit", errors=[detail]) from None  # type: ignore[list-item]


def _names(prompt: Prompt) -> set[str]:
    """What the prompt takes: the schema's properties and the variables that its template uses."""
    return {*prompt.variables, *(prompt.input_schema or {}).get("properties", {})}


def _text(content: Any, number: int) -> str:
    if not isinstance(content, str):
        raise Unprocessable(f"Row {number} makes a message that is not text; fine-tuning knows texts only.")
    return content


def plain(values: Mapping[str, Any]) -> str:
    """Without a prompt: the one column as it is, several as `name: value` lines."""
    texts = {name: value if isinstance(value, str) else json.dumps(value) for name, value in values.items()}
    return next(iter(texts.values())) if len(texts) == 1 else "\n".join(f"{k}: {v}" for k, v in texts.items())


def write(path: Path, examples: Iterable[Example]) -> int:
    """One JSON line an example, atomically; how many."""
    count = 0
    temporary = path.with_name(f".{path.name}.new")
    with temporary.open("w", encoding="utf-8") as file:
        for count, example in enumerate(examples, 1):  # noqa: B007 - counts
            file.write(json.dumps(example, ensure_ascii=False) + "\n")
    temporary.replace(path)
    return count
