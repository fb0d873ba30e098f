"""Merging a draft of many files: ours by setting and sentence, beside libgit2's and git's own by line, in one run.

    python benchmarks/merge_files.py [--files 50] [--rounds 9]

Every file is changed by both sides, in places far enough apart for a merge by line. "again" is ours when these files
were merged before: a draft that is looked at anew after main got something else.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pygit2

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "platform"))

from variorum.repos import git  # noqa: E402
from variorum.repos.git.merge import _known  # noqa: E402

ANN = git.Author("Ann Lee", "ann@example.org")
PROMPT = """---
model: local/smollm2-135m
config:
  temperature: 0
  max_output_tokens: 200
input:
  schema:
    message: string, what the customer wrote
---
{{role "system"}}
""" + "\n".join(f"Rule {number}: answer in whole sentences. Say what you do not know." for number in range(20)) + """

{{role "user"}}
{{message}}
"""  # fmt: skip


def repository_of(path: Path, files: int) -> tuple[str, str]:
    """A repository with two branches that both changed every file; answers their heads."""
    git.init_bare(path)
    names = [f"prompts/{number:03}.prompt" for number in range(files)]
    base = save(path, "main", names, PROMPT, None)
    git.move_ref(path, "side", base, expected=None)
    theirs = save(path, "side", names, PROMPT.replace("Rule 15: answer", "Rule 15: reply"), base)
    text = PROMPT.replace("temperature: 0", "temperature: 1").replace("Rule 3: answer", "Rule 3: reply")
    return save(path, "main", names, text, base), theirs


def save(path: Path, ref: str, names: list[str], text: str, head: str | None) -> str:
    """Nearly the same text under every name: no two files are alike."""
    files: dict[str, bytes | None] = {name: text.replace("Rule 9:", f"Rule 9 of {name}:").encode() for name in names}
    return git.commit(path, ref, files, message="Change", author=ANN, expected_head=head)


def forget() -> None:
    """As if no file had been merged before."""
    _known.clear()


def timed(work: Callable[[], object], rounds: int) -> float:
    """Median seconds."""
    found = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        found.append(time.perf_counter() - start)
    return statistics.median(found)


def main() -> None:
    """Print the three medians and their ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=9)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "1.git"
        ours, theirs = repository_of(path, asked.files)
        bare = pygit2.Repository(str(path))
        command = ["git", "--git-dir", str(path), "merge-tree", "--write-tree", ours, theirs]
        ways: dict[str, Callable[[], object]] = {
            "ours": lambda: (forget(), git.merge(path, ours, theirs)),
            "again": lambda: git.merge(path, ours, theirs),
            "libgit2": lambda: bare.merge_commits(bare[ours], bare[theirs]).write_tree(bare),
            "git": lambda: subprocess.run(command, check=True, capture_output=True),
        }
        trees = {git.merge(path, ours, theirs).tree, str(ways["libgit2"]())}
        assert len(trees) == 1, "the merges disagree"
        seconds = {name: timed(work, asked.rounds) for name, work in ways.items()}
    for name, value in seconds.items():
        print(f"{name:8} {value * 1000:8.1f} ms   {value / seconds['libgit2']:5.2f}x libgit2 by line")


if __name__ == "__main__":
    main()
