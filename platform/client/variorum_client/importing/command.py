"""`variorum import`: prompts of another system, and a report of what could not be carried over."""

import json
from argparse import Namespace
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, TextIO

from variorum_client.clones.clone import find_repo, gitpython
from variorum_client.errors import ApiError
from variorum_client.folder import read_artefact, root_of
from variorum_client.importing.planning import Plan, plan
from variorum_client.importing.reading import folder_below, read_data, read_texts
from variorum_client.importing.report import as_json, as_text
from variorum_client.importing.shapes import Imported, ImportRefused, Settings
from variorum_client.importing.sources import json_from, langfuse_api, mlflow_api, texts_from
from variorum_client.importing.systems import ENDINGS
from variorum_client.importing.writing import taken, write_commits, write_files

_APIS: dict[str, Callable[[str, float], list[Any]]] = {"langfuse": langfuse_api, "mlflow": mlflow_api}


def import_(options: Namespace, out: TextIO) -> int:
    """Read, check, report, write. Exit code 1 when a prompt could not be imported."""
    into = _into(options.into)
    try:
        prompts = _read(options, Settings(options.provider, into))
    except ImportRefused as error:
        raise ApiError(0, "import", str(error)) from None
    root = root_of(Path.cwd())
    made = plan(partial(read_artefact, root), into, prompts)
    there = [] if options.force else taken(root, made)
    commits: list[str] = []
    if not (there or options.dry_run):
        commits = _write(root, made, options)
    report = as_json(made, options, there, commits)
    if options.report:
        Path(options.report).write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    out.write(json.dumps(report, indent=2, ensure_ascii=False) + "\n" if options.json else as_text(report, out))
    failed = any(version.failure for prompt in prompts for version in prompt.versions)
    return 1 if there or failed else 0


def _into(given: str | None) -> str:
    """The folder below prompts/. Raises ValueError for what is none."""
    try:
        return folder_below(given or "")
    except ImportRefused as error:
        raise ValueError(f"--into: {error}") from None


def _read(options: Namespace, settings: Settings) -> list[Imported]:
    system, source = options.system, options.source
    if system not in _APIS:
        return read_texts(system, texts_from(source, ENDINGS[system]), settings)
    if source.startswith(("http://", "https://")):
        return read_data(system, _APIS[system](source, options.timeout), settings)
    return read_data(system, json_from(source), settings)


def _write(root: Path, made: Plan, options: Namespace) -> list[str]:
    """Commits in a clone, files elsewhere."""
    repo = None if options.no_commit else find_repo(root)
    if repo is None:
        if not options.no_commit and (root / ".git").exists():
            gitpython()
        write_files(root, made)
        return []
    with repo:
        return write_commits(made, repo, options.system, newest=options.newest) if made.files else []
