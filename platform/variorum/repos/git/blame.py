"""Who wrote each line of a file.

By the git binary: libgit2's blame took 5 to 30 times as long at 10,000 commits, and cannot use the filters of changed
paths that housekeeping writes. Answers are kept by commit, which never changes.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from variorum.repos.git.errors import Missing
from variorum.repos.git.handle import patient, run_git
from variorum.repos.git.paths import is_good
from variorum.repos.git.read import read_file


@dataclass(frozen=True)
class Written:
    """A run of lines (from 1, both ends included) that one commit wrote."""

    first: int
    last: int
    sha: str


@lru_cache(maxsize=256)
def blame(path: Path, commit: str, file: str) -> tuple[Written, ...]:
    """Every line of a file of a commit (a full id), in runs, with the commit that wrote it; renames are followed.

    Raises Missing.
    """
    if not is_good(file):
        raise Missing(f"{file[:200]!r} is not a file of commit {commit[:10]}")
    read_file(path, commit, file)
    return tuple(_joined(_blamed(path, commit, file)))


@patient
def _blamed(path: Path, commit: str, file: str) -> list[Written]:
    """What `git blame` says, from `<sha> <line then> <line now> <lines>` of each group's first line."""
    found = []
    for line in run_git(path, "blame", "--incremental", commit, "--", file).split("\n"):
        parts = line.split(" ")
        if len(parts) == 4 and len(parts[0]) == 40 and all(part.isdecimal() for part in parts[1:]):
            first = int(parts[2])
            found.append(Written(first, first + int(parts[3]) - 1, parts[0]))
    return sorted(found, key=lambda written: written.first)


def _joined(runs: list[Written]) -> list[Written]:
    joined: list[Written] = []
    for run in runs:
        if joined and joined[-1].sha == run.sha:
            joined[-1] = Written(joined[-1].first, run.last, run.sha)
        else:
            joined.append(run)
    return joined
