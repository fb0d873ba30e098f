"""The names of a whole tree: none that some system could not check out, and no two that some system takes for one."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from variorum.repos.git.handle import open_repository, patient
from variorum.repos.git.read import commit_of, file_paths
from variorum_client.formats import Problem, check_names


def names_after(path: Path, base: str | None, files: Mapping[str, object]) -> list[Problem]:
    """What is wrong with the names that a change of files (None: delete) brings to a commit; what is there already is
    not looked at again. One look-up for each file, and one walk of the tree when a file is new."""
    there = _missing_of(path, base, [name for name, content in files.items() if content is not None])
    if not there:
        return []
    before = file_paths(path, base) if base else set()
    return names_of(path, (before - files.keys()) | {name for name in files if files[name] is not None}, [base])


@patient
def names_of(path: Path, paths: Iterable[str], known: Iterable[str | None]) -> list[Problem]:
    """What is wrong with the names of the files of a tree and was not so in any of the known commits."""
    repository = open_repository(path)
    trees = [commit_of(repository, commit).tree for commit in known if commit]
    return check_names(paths, known=[tree.__contains__ for tree in trees])


@patient
def _missing_of(path: Path, base: str | None, names: list[str]) -> list[str]:
    if base is None:
        return names
    tree = commit_of(open_repository(path), base).tree
    return [name for name in names if name not in tree]
