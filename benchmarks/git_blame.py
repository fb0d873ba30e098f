"""Who wrote each line, as the repository grows: git's blame with and without notes of changed paths, and libgit2's.

    python benchmarks/git_blame.py [--large]

The history is that of one prompt of sixty lines among a hundred files, one file a commit. `ours` is the second
question for the same version, which is what a page asks. ``--large`` adds 10,000 commits.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pygit2

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "platform"), str(ROOT / "platform/client")]

from variorum.repos import git  # noqa: E402

FILE, FILES, LINES, ROUNDS = "prompts/7.prompt", 100, 60, 5


def stream(commits: int) -> Iterator[bytes]:
    """A history for git fast-import."""
    texts = {i: [f"Line {k} of file {i}" for k in range(LINES)] for i in range(FILES)}
    for i in range(commits):
        who, at = f"Author {i % 7} <a{i % 7}@example.com>", 1_700_000_000 + 60 * i
        people = f"author {who} {at} +0000\ncommitter {who} {at} +0000\n"
        yield f"commit refs/heads/main\nmark :{i + 1}\n{people}data 4\nedit\n".encode()
        yield f"from :{i}\n".encode() if i else b""
        for each in range(FILES) if i == 0 else [i % FILES]:
            texts[each][(i // FILES) % LINES] = f"Edit {i} of file {each}"
            body = ("\n".join(texts[each]) + "\n").encode()
            yield f"M 100644 inline prompts/{each}.prompt\ndata {len(body)}\n".encode() + body + b"\n"


def build(path: Path, commits: int) -> str:
    """A packed repository; answers its head."""
    git.init_bare(path)
    command = ["git", "--git-dir", str(path), "fast-import", "--quiet"]
    subprocess.run(command, input=b"".join(stream(commits)), check=True)
    git.handle.run_git(path, "gc", "--quiet")
    return git.resolve(path, "main")


def timed(work: Callable[[], object]) -> float:
    """The best of some rounds, in milliseconds."""
    best = float("inf")
    for _ in range(ROUNDS):
        began = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - began)
    return best * 1000


def libgit2(path: Path, head: str) -> object:
    return pygit2.Repository(str(path)).blame(FILE, newest_commit=pygit2.Oid(hex=head))


def binary(path: Path, head: str) -> object:
    git.blame.cache_clear()
    return git.blame(path, head, FILE)


def measure(path: Path, commits: int) -> None:
    head = build(path, commits)
    slow, other = timed(lambda: binary(path, head)), timed(lambda: libgit2(path, head))
    git.pack(path)
    quick = timed(lambda: binary(path, head))
    ours = timed(lambda: git.blame(path, head, FILE))
    print(
        f"{commits:>6} commits: git {slow:7.1f} ms, with notes {quick:7.1f} ms ({slow / quick:.1f}x less), "
        f"libgit2 {other:7.1f} ms ({other / quick:.1f}x more), asked again {ours * 1000:.1f} µs"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--large", action="store_true")
    sizes = [10, 1000, 10_000] if parser.parse_args().large else [10, 1000]
    with tempfile.TemporaryDirectory() as folder:
        for size in sizes:
            measure(Path(folder) / f"{size}.git", size)


if __name__ == "__main__":
    main()
