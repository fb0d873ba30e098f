"""`variorum check`: every fault of the artefacts, offline, for people, editors, hooks and code scanning."""

import json
import os
from argparse import Namespace
from collections.abc import Callable, Collection
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import TextIO
from xml.sax.saxutils import escape, quoteattr

from variorum_client.cli_options import FORMATS
from variorum_client.clones.clone import find_repo, git_top, gitpython, run_git
from variorum_client.clones.hooks import install_hook
from variorum_client.clones.sarif import sarif
from variorum_client.errors import ApiError, CloneError
from variorum_client.folder import check_contents, check_paths, in_order, paths_below, root_of
from variorum_client.formats import Problem, check_names
from variorum_client.formats.paths import kind_of
from variorum_client.terms import count, painter


def check(options: Namespace, out: TextIO) -> int:
    """Check files, folders, or what is staged. Exit code 1 when something is wrong."""
    if options.install_hook:
        out.write(f"{install_hook(_top())} checks every commit.\n")
        return 0
    files, problems = _staged() if options.staged else _on_disk([Path(path) for path in options.paths])
    if options.sarif:
        Path(options.sarif).write_text(sarif(problems), encoding="utf-8")
    out.write(_FORMATS[options.format](files, problems, out))
    return 1 if problems else 0


def _top() -> Path:
    top = git_top(Path())
    if top is None:
        raise CloneError("This folder is in no Git repository.")
    return top


def _on_disk(paths: list[Path]) -> tuple[int, list[Problem]]:
    """The files at these paths, each folder whole; problems name paths as they are named in the repository."""
    files, problems = 0, list[Problem]()
    for root, wanted in _by_root(paths or [Path()]).items():
        number, found = check_paths(root, wanted)
        top = git_top(root) or root
        below = "" if top == root.resolve() or top == root else f"{root.resolve().relative_to(top).as_posix()}/"
        files, problems = files + number, problems + [replace(each, path=f"{below}{each.path}") for each in found]
    return files, in_order(problems)


def _by_root(paths: list[Path]) -> dict[Path, set[str]]:
    wanted: dict[Path, set[str]] = {}
    for path in paths:
        here = path.absolute()
        root = root_of(here)
        if not here.exists() and not here.is_symlink():
            raise ApiError(0, "no_folder", f"{path} is neither a file nor a folder.")
        inside = here.relative_to(root).as_posix()
        whole = _listed(root) if here.is_dir() else [inside]
        below = "" if inside == "." else f"{inside}/"
        wanted.setdefault(root, set()).update(name for name in whole if name == inside or name.startswith(below))
    return wanted


def _listed(root: Path) -> list[str]:
    """Every file below a root: in a Git work tree without what Git ignores, when GitPython is there to ask."""
    everything = list(paths_below(root))
    repo = find_repo(root)
    if repo is None:
        return everything
    with repo:
        arguments = ("ls-files", "-z", "--others", "--ignored", "--exclude-standard", "--", ".")
        ignored = set(run_git(repo, "-C", str(root), *arguments).out.split("\0"))
    return [path for path in everything if path not in ignored]


def _staged() -> tuple[int, list[Problem]]:
    """What the next commit would hold: the staged files, and every artefact beside them, as they are in the index."""
    repo = find_repo(_top())
    if repo is None:
        gitpython()
        raise CloneError("Git cannot read the repository here.")
    with repo:
        done = run_git(repo, "diff", "--cached", "--name-only", "-z", "--no-renames")
        staged = {path for path in done.out.split("\0") if path}
        if not staged:
            return 0, []
        index = gitpython().IndexFile(repo, os.environ.get("GIT_INDEX_FILE"))  # `git commit -a` has one of its own
        entries = {str(path): entry for (path, stage), entry in index.entries.items() if stage == 0}

        def read(path: str) -> bytes | None:
            entry = entries.get(path)
            return bytes(repo.odb.stream(entry.binsha).read()) if entry else None

        wanted = sorted(path for path in entries if path in staged or kind_of(path) not in ("doc", "other"))
        links = [path for path in wanted if entries[path].mode & 0o170000 != 0o100000]
        message = "Only ordinary files are artefacts: take this link or submodule out of the commit."
        faults = [Problem(path, 1, 1, "symlink", message) for path in links]
        found = check_contents([path for path in wanted if path not in links], read)
        done = run_git(repo, "diff", "--cached", "--name-only", "-z", "--no-renames", "--diff-filter=A")
        names = _new_names(entries, set(done.out.split("\0")))
    return len(staged), in_order([*faults, *found, *names])


def _new_names(paths: Collection[str], added: set[str]) -> list[Problem]:
    """What is wrong with the names of added files; those that are there already hold up no other change."""
    files = [PurePosixPath(path) for path in paths if path not in added]
    there = {str(place) for file in files for place in (file, *file.parents)}
    return check_names(paths, known=[there.__contains__])


def _as_text(files: int, problems: list[Problem], out: TextIO) -> str:
    paint = painter(out)
    lines = [_line(problem, paint) for problem in problems]
    summary = f"{count(files, 'file')} checked, {count(len(problems), 'problem')} found."
    return "".join(f"{line}\n" for line in [*lines, paint(summary, "red" if problems else "green")])


def _line(problem: Problem, paint: Callable[[str, str], str]) -> str:
    place = f"{problem.path}:{problem.line}:{problem.column}:"
    return f"{paint(place, 'bold')} {problem.message} {paint(f'[{problem.code}]', 'dim')}"


def _as_json(files: int, problems: list[Problem], _out: TextIO) -> str:
    found = {"files": files, "problems": [problem.as_dict() for problem in problems]}
    return json.dumps(found, indent=2, ensure_ascii=False) + "\n"


def _as_sarif(_files: int, problems: list[Problem], _out: TextIO) -> str:
    return sarif(problems)


def _as_junit(files: int, problems: list[Problem], _out: TextIO) -> str:
    """One failing case for each problem, or one that passes."""
    cases = [
        f"  <testcase classname={quoteattr(problem.path)} name={quoteattr(f'{problem.line}:{problem.column}')}>\n"
        f"    <failure type={quoteattr(problem.code)} message={quoteattr(problem.message)}>"
        f"{escape(str(problem))}</failure>\n  </testcase>\n"
        for problem in problems
    ] or [f'  <testcase classname="variorum" name="{count(files, "file")} checked"/>\n']
    head = f'<testsuite name="variorum check" tests="{len(cases)}" failures="{len(problems)}" errors="0" skipped="0">'
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{head}\n{"".join(cases)}</testsuite>\n'


_FORMATS: dict[str, Callable[[int, list[Problem], TextIO], str]] = dict(
    zip(FORMATS, (_as_text, _as_json, _as_sarif, _as_junit), strict=True)
)
