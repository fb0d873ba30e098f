"""Many savers, killed savers, housekeeping beside them: nothing is lost."""

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from variorum.repos import git
from variorum.repos.git import write

SAVERS, SAVES = 16, 4
BOB = git.Author("Bob", "bob@example.com")
SPAWN = multiprocessing.get_context("spawn")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    path = tmp_path / "1.git"
    git.init_bare(path)
    git.commit(path, "main", {"README.md": b"hi\n"}, message="Start", author=BOB, expected_head=None)
    return path


def save_until_it_lands(path: Path, name: str, content: bytes) -> str:
    while True:
        head = git.head(path)
        try:
            return git.commit(path, "main", {name: content}, message=name, author=BOB, expected_head=head)
        except git.StaleHead:
            continue


def save_many(path: Path, number: int) -> None:
    for i in range(SAVES):
        save_until_it_lands(path, f"saver{number}/{i}", b"x")


def assert_all_landed(path: Path) -> None:
    head = git.head(path)
    assert head is not None
    expected = {f"saver{number}/{i}" for number in range(SAVERS) for i in range(SAVES)} | {"README.md"}
    assert {entry.path for entry in git.list_tree(path, head)} == expected
    assert len(git.log(path, head, limit=200)) == 1 + SAVERS * SAVES
    assert git.fsck(path) == []


def test_sixteen_processes_lose_nothing_while_gc_runs(repository: Path) -> None:
    savers = [SPAWN.Process(target=save_many, args=(repository, number)) for number in range(SAVERS)]
    for saver in savers:
        saver.start()
    while any(saver.is_alive() for saver in savers):
        subprocess.run(
            ["git", "-c", f"safe.directory={repository}", "--git-dir", str(repository), "gc", "--quiet"],
            check=True,
        )
        time.sleep(0.2)
    assert [saver.exitcode for saver in savers] == [0] * SAVERS
    assert_all_landed(repository)


def test_sixteen_threads_lose_nothing(repository: Path) -> None:
    savers = [threading.Thread(target=save_many, args=(repository, number)) for number in range(SAVERS)]
    for saver in savers:
        saver.start()
    for saver in savers:
        saver.join()
    assert_all_landed(repository)


def test_of_two_savers_with_one_head_the_second_is_told(repository: Path) -> None:
    head = git.head(repository)
    outcomes: list[str] = []

    def save(number: int) -> None:
        try:
            sha = git.commit(repository, "main", {"a": b"%d" % number}, message="m", author=BOB, expected_head=head)
            outcomes.append(sha)
        except git.StaleHead:
            outcomes.append("stale")

    savers = [threading.Thread(target=save, args=(number,)) for number in range(8)]
    for saver in savers:
        saver.start()
    for saver in savers:
        saver.join()
    assert outcomes.count("stale") == 7
    assert git.head(repository) in outcomes


KILLED = """
import os, signal, sys
from pathlib import Path
from variorum.repos import git
from variorum.repos.git import write
path, step = Path(sys.argv[1]), sys.argv[2]
def die(*arguments, **options):
    os.kill(os.getpid(), signal.SIGKILL)
setattr(write, step, die)
head, author = git.head(path), git.Author("x", "x")
git.commit(path, "main", {"a": b"never"}, message="m", author=author, expected_head=head)
"""


@pytest.mark.parametrize("step", ["locked", "_tree", "write_commit", "swap_ref", "_swap_once"])
def test_a_saver_killed_at_any_step_is_harmless(repository: Path, step: str) -> None:
    before = git.head(repository)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", KILLED, str(repository), step], env=environment, check=False)
    assert done.returncode == -signal.SIGKILL
    assert git.head(repository) == before
    assert git.fsck(repository) == []
    save_until_it_lands(repository, "a", b"after")


def test_the_lock_file_of_a_killed_writer_is_removed(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(write, "STALE_LOCK_SECONDS", 0.2)
    (repository / "refs/heads/main.lock").touch()
    sha = save_until_it_lands(repository, "a", b"1")
    assert git.head(repository) == sha


def test_waiting_for_the_lock_ends(repository: Path) -> None:
    with git.locked(repository), pytest.raises(git.Busy), git.locked(repository, seconds=0.05):
        pass
