"""`variorum import`: prompts of another system, and a report of what could not be carried over."""

import json
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

from variorum_client.clones.clone import find_repo, gitpython
from variorum_client.errors import ApiError
from variorum_client.folder import root_of
from variorum_client.formats.paths import check_path
from variorum_client.importing import langfuse, mlflow, promptl, prompty
from variorum_client.importing.report import as_json, as_text
from variorum_client.importing.shapes import Imported, ImportRefused, Settings
from variorum_client.importing.sources import json_from, langfuse_api, mlflow_api, texts_from
from variorum_client.importing.writing import Plan, plan, taken, write_commits, write_files

_APIS: dict[str, Callable[[str, float], list[Any]]] = {"langfuse": langfuse_api, "mlflow": mlflow_api}
_FILES = {"prompty": (".prompty",), "promptl": (".promptl",)}
SYSTEMS = (*_APIS, *_FILES)


def import_(options: Namespace, out: TextIO) -> int:
    """Read, check, report, write. Exit code 1 when a prompt could not be imported."""
    into = _into(options.into)
    try:
        prompts = _read(options, Settings(options.provider, into))
    except ImportRefused as error:
        raise ApiError(0, "import", str(error)) from None
    made = plan(root_of(Path.cwd()), into, prompts)
    there = [] if options.force else taken(made)
    commits: list[str] = []
    if not (there or options.dry_run):
        commits = _write(made, options)
    report = as_json(made, options, there, commits)
    if options.report:
        Path(options.report).write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    out.write(json.dumps(report, indent=2, ensure_ascii=False) + "\n" if options.json else as_text(report, out))
    failed = any(version.failure for prompt in prompts for version in prompt.versions)
    return 1 if there or failed else 0


def _into(given: str | None) -> str:
    """The folder below prompts/, without that. Raises ValueError for what is none."""
    inner = (given or "").strip("/")
    inner = "" if inner == "prompts" else inner.removeprefix("prompts/")
    if inner and (fault := check_path(f"prompts/{inner}")):
        raise ValueError(f"--into: {fault.message}")
    return inner


def _read(options: Namespace, settings: Settings) -> list[Imported]:
    system, source = options.system, options.source
    if system in _FILES:
        files = texts_from(source, _FILES[system])
        return prompty.read(files, settings) if system == "prompty" else promptl.read(files, settings)
    if source.startswith(("http://", "https://")):
        data: Any = _APIS[system](source, options.timeout)
    else:
        data = json_from(source)
    return langfuse.read(data, settings) if system == "langfuse" else mlflow.read(data, settings)


def _write(made: Plan, options: Namespace) -> list[str]:
    """Commits in a clone, files elsewhere."""
    repo = None if options.no_commit else find_repo(made.root)
    if repo is None:
        if not options.no_commit and (made.root / ".git").exists():
            gitpython()
        write_files(made)
        return []
    with repo:
        return write_commits(made, repo, options.system, newest=options.newest) if made.files else []
