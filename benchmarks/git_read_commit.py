"""Reading a file at a ref and committing an edit: ours beside bare pygit2, as the repository grows.

    python benchmarks/git_read_commit.py [--large]

Both run in turns in one process on one repository, with fsync on, so the ratios hold on a busy machine.
``--large`` adds a repository of 10,000 commits and 1,000 files (it takes some minutes to build).
Target: at most 1.5 times bare pygit2, flat from 10 to 10,000 commits.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pygit2

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "platform"))

from variorum.repos import git  # noqa: E402

ME = git.Author("Ann", "ann@example.com")
SIGNATURE = pygit2.Signature("Ann", "ann@example.com")
FOLDER = "prompts"


def build(path: Path, commits: int) -> None:
    """A repository with ``commits`` commits over a tenth as many files (at least 10), packed."""
    git.init_bare(path)
    pygit2.settings.enable_fsync_gitdir(False)
    files = max(10, commits // 10)
    start = {f"{FOLDER}/{i}.prompt": prompt(0) for i in range(files)}
    for first in range(0, files, 400):
        some = dict(list(start.items())[first : first + 400])
        git.commit(path, "main", some, message="start", author=ME, expected_head=git.head(path))
    for i in range(commits):
        change = {f"{FOLDER}/{i % files}.prompt": prompt(i + 1)}
        git.commit(path, "main", change, message="edit", author=ME, expected_head=git.head(path))
    pygit2.settings.enable_fsync_gitdir(True)
    git.handle.run_git(path, "gc", "--quiet")


def prompt(number: int) -> bytes:
    return (f"---\nmodel: local/m\n---\nEdit {number}: " + "say it kindly " * 140).encode()


def bare_read(repository: pygit2.Repository) -> bytes:
    commit = repository[repository.references["refs/heads/main"].target]
    return commit.tree[f"{FOLDER}/3.prompt"].data


def our_read(path: Path) -> bytes:
    head = git.head(path)
    assert head is not None
    return git.read_file(path, head, f"{FOLDER}/3.prompt")


def bare_commit(repository: pygit2.Repository, data: bytes) -> None:
    head = repository.references["refs/heads/main"].target
    root = repository[head].tree
    folder = repository.TreeBuilder(root[FOLDER])
    folder.insert("3.prompt", repository.create_blob(data), pygit2.enums.FileMode.BLOB)
    builder = repository.TreeBuilder(root)
    builder.insert(FOLDER, folder.write(), pygit2.enums.FileMode.TREE)
    repository.create_commit("refs/heads/main", SIGNATURE, SIGNATURE, "edit\n", builder.write(), [head])


def our_commit(path: Path, data: bytes) -> None:
    git.commit(path, "main", {f"{FOLDER}/3.prompt": data}, message="edit", author=ME, expected_head=git.head(path))


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def compare(ours: Callable[[], object], bare: Callable[[], object], rounds: int) -> tuple[float, float]:
    """Median milliseconds of both, taken in turns."""
    times = [(seconds(ours), seconds(bare)) for _ in range(rounds)]
    return tuple(statistics.median(column) * 1000 for column in zip(*times, strict=True))


def measure(commits: int) -> tuple[float, float]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "1.git"
        build(path, commits)
        repository = pygit2.Repository(str(path))
        counter = iter(range(10**9))
        fresh = lambda: prompt(next(counter) + 10**6)  # noqa: E731
        read = compare(lambda: our_read(path), lambda: bare_read(repository), 2000)
        commit = compare(lambda: our_commit(path, fresh()), lambda: bare_commit(repository, fresh()), 150)
    for name, (ours, bare) in (("read", read), ("commit", commit)):
        figures = f"ours {ours:7.3f} ms  pygit2 {bare:7.3f} ms  ratio {ours / bare:.2f}"
        print(f"{commits:>6} commits  {name:<6}  {figures}")
    return read[0], commit[0]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    arguments.add_argument("--large", action="store_true", help="also 10,000 commits")
    sizes = [10, 1000] + ([10_000] if arguments.parse_args().large else [])
    found = {size: measure(size) for size in sizes}
    for index, name in enumerate(("read", "commit")):
        growth = found[sizes[-1]][index] / found[sizes[0]][index]
        print(f"{name}: {sizes[-1]} commits / {sizes[0]} commits = {growth:.2f}")


if __name__ == "__main__":
    main()
