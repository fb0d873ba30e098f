"""Reading a file at a ref and committing an edit: ours beside bare pygit2, as history and folder grow.

    python benchmarks/git_read_commit.py [--large]

First 10 and 1,000 commits (``--large``: 10,000) over the same 100 files, then 10, 100 and 1,000 files in one folder
after 1,000 commits. All repositories of a row take turns, operation by operation, in one process with fsync on: a busy
disk slows all of them, and the ratios hold. They are packed, as housekeeping packs them. A commit writes its folder's
tree anew, about 40 bytes a file, whoever writes it: that is why the second row grows, ours and pygit2's alike.
Target: at most 1.5 times bare pygit2, and flat (within 1.5 times) from 10 to 10,000 commits.
"""

import argparse
import itertools
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pygit2

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "platform"))

from variorum.repos import git  # noqa: E402

ME = git.Author("Ann", "ann@example.com")
SIGNATURE = pygit2.Signature("Ann", "ann@example.com")
FOLDER = "prompts"


def build(path: Path, commits: int, files: int) -> None:
    """A packed repository with ``commits`` commits over ``files`` files in one folder."""
    git.init_bare(path)
    command = ["git", "--git-dir", str(path), "fast-import", "--quiet"]
    subprocess.run(command, input=b"".join(stream(commits, files)), check=True)
    git.handle.run_git(path, "gc", "--quiet")


def stream(commits: int, files: int) -> Iterator[bytes]:
    """A history for git fast-import: all files in the first commit, then one after another."""
    for i in range(commits):
        yield f"commit refs/heads/main\ncommitter Ann <ann@example.com> {1_700_000_000 + i} +0000\n".encode()
        yield b"data 5\nedit\n"
        for each in range(files) if i == 0 else [i % files]:
            text = prompt(i)
            yield f"M 100644 inline {FOLDER}/{each}.prompt\ndata {len(text)}\n".encode() + text + b"\n"


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


def in_turns(works: list[Callable[[], object]], rounds: int) -> list[list[float]]:
    """Milliseconds of each piece of work in each round; all take turns."""
    return [[seconds(work) * 1000 for work in works] for _ in range(rounds)]


def measure(folder: Path, shapes: list[tuple[int, int]]) -> None:
    """One row of repositories, each (commits, files); the growth is that of the last beside the first."""
    paths = [folder / f"{commits}-{files}.git" for commits, files in shapes]
    for path, (commits, files) in zip(paths, shapes, strict=True):
        if not path.exists():
            build(path, commits, files)
    bare = [pygit2.Repository(str(path)) for path in paths]
    fresh = map(prompt, itertools.count(10**6))
    reads = [lambda path=path: our_read(path) for path in paths]
    reads += [lambda repository=repository: bare_read(repository) for repository in bare]
    commits = [lambda path=path: our_commit(path, next(fresh)) for path in paths]
    commits += [lambda repository=repository: bare_commit(repository, next(fresh)) for repository in bare]
    for name, rows in (("read", in_turns(reads, 1000)), ("commit", in_turns(commits, 150))):
        say(name, shapes, rows)


def say(name: str, shapes: list[tuple[int, int]], rows: list[list[float]]) -> None:
    """Medians, and medians of the ratios within one round."""
    count, middle = len(shapes), [statistics.median(column) for column in zip(*rows, strict=True)]
    for i, (commits, files) in enumerate(shapes):
        ratio = statistics.median(row[i] / row[count + i] for row in rows)
        figures = f"ours {middle[i]:7.3f} ms  pygit2 {middle[count + i]:7.3f} ms  ratio {ratio:.2f}"
        print(f"{commits:>6} commits {files:>5} files  {name:<6}  {figures}")
    ours = statistics.median(row[count - 1] / row[0] for row in rows)
    other = statistics.median(row[-1] / row[count] for row in rows)
    print(f"{name}: the last beside the first {ours:.2f}, pygit2's {other:.2f}", flush=True)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    arguments.add_argument("--large", action="store_true", help="also 10,000 commits")
    sizes = [10, 1000] + ([10_000] if arguments.parse_args().large else [])
    with tempfile.TemporaryDirectory() as folder:
        measure(Path(folder), [(commits, 100) for commits in sizes])
        measure(Path(folder), [(1000, files) for files in (10, 100, 1000)])


if __name__ == "__main__":
    main()
