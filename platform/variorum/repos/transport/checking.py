"""Whether what a push brings may land: its new objects, and the files of each branch's new tip."""

from collections.abc import Iterator
from functools import lru_cache
from itertools import chain, islice
from pathlib import Path

from variorum.accounts.models import Project
from variorum.repos import git, weights
from variorum.repos.git.inspecting import MOST
from variorum.repos.problems import explained
from variorum.repos.services import others_depend
from variorum_client.formats import Problem, check_file, kind_of

MOST_FILES = 5000  # changed by one branch of a push


def check_tip(project: Project, repository: Path, base: str, new: str, main: str) -> list[Problem]:
    """What is wrong with the files that commit `new` of a repository changes since `base`, and with those that hang on
    them: the rules of a save. Names count that neither `base` nor `main` has. One file at a time is in the memory."""
    with explained():
        there = git.file_paths(repository, new)
        changed = git.changed_paths(repository, base, new)
    if len(changed) > MOST_FILES:
        text = f"The branch changes {len(changed)} files; at most {MOST_FILES} at once. Push it in parts."
        return [Problem("", 1, 1, "too_many_files", text)]
    touched = [path for path in sorted({*changed, *_dependents(changed, there)}) if path in there]
    with explained():
        names = git.names_of(repository, there, [base, main]) if there & changed else []
    return list(islice(chain(names, _problems(project, repository, new, touched)), MOST))


def _problems(project: Project, repository: Path, commit: str, touched: list[str]) -> Iterator[Problem]:
    @lru_cache(maxsize=16)
    def read(path: str) -> bytes | None:
        return git.read_files(repository, commit, [path]).get(path)

    for path in touched:
        yield from check_file(path, read(path) or b"", read=read)
    yield from weights.problems(project, touched, read)


def _dependents(changed: set[str], there: set[str]) -> Iterator[str]:
    """As `services.problems_of` has it: a schema's config, an adapter's other files, a partial's users."""
    if not any(others_depend(path, deleted=path not in there) for path in changed):
        return
    folders = {path.rpartition("/")[0] for path in changed if kind_of(path) == "adapter"}
    for path in there:
        if kind_of(path) in ("prompt", "config") or path.rpartition("/")[0] in folders:
            yield path
