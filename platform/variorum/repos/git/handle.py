"""Opening, creating and locking a repository, and running the git binary in it."""

import fcntl
import os
import shutil
import subprocess
import tempfile
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

import pygit2
from pygit2.enums import ConfigLevel, ObjectType

from variorum.repos.git.errors import Busy, GitError, Missing

MAIN = "main"
LOCK_SECONDS = 30.0
WARM = 64
PAUSES = (0.01, 0.05, 0.2)
P = ParamSpec("P")
R = TypeVar("R")

pygit2.settings.enable_fsync_gitdir(True)
# Trees above 4 KB (a folder of a hundred files) would be read anew each time.
pygit2.settings.cache_object_limit(ObjectType.TREE, 512 * 1024)
# Of large packs only pieces are mapped: otherwise looking through a pushed one makes the process as large as it is.
pygit2.settings.mwindow_size = 4 * 1024 * 1024
pygit2.settings.mwindow_mapped_limit = 16 * 1024 * 1024
# The data folder is ours whoever runs the process, and nobody's ~/.gitconfig may change what we do.
pygit2.settings.owner_validation = False
for _level in (ConfigLevel.SYSTEM, ConfigLevel.XDG, ConfigLevel.GLOBAL):
    pygit2.settings.search_path[_level] = ""

_warm = threading.local()


def open_repository(path: Path) -> pygit2.Repository:
    """A handle for this thread; kept warm, it sees what others commit. Raises Missing."""
    handles = _handles()
    found = handles.pop(path, None) or _open(path)
    handles[path] = found
    if len(handles) > WARM:
        handles.popitem(last=False)
    return found


def forget(path: Path) -> None:
    """Drop this thread's warm handle."""
    _handles().pop(path, None)


def patient(function: Callable[Concatenate[Path, P], R]) -> Callable[Concatenate[Path, P], R]:
    """Try again, on a fresh handle, when git gc replaced a pack or an empty folder under our hands."""

    @wraps(function)
    def again(path: Path, /, *args: P.args, **kwargs: P.kwargs) -> R:
        for pause in PAUSES:
            try:
                return function(path, *args, **kwargs)
            except (OSError, pygit2.GitError):
                forget(path)
                time.sleep(pause)
        return function(path, *args, **kwargs)

    return again


def init_bare(path: Path) -> None:
    """Create an empty bare repository with branch ``main``, whole or not at all; nothing when it exists."""
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=".new-", dir=path.parent))
    try:
        made = pygit2.init_repository(scratch, bare=True, initial_head=MAIN)
        made.config["core.logAllRefUpdates"] = True
        made.config["gc.auto"] = 2000
        made.config["gc.autoDetach"] = False
        made.config["receive.autogc"] = False
        made.free()
        appear(scratch, path)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def appear(scratch: Path, path: Path) -> None:
    """Rename a finished repository to its place, durably; whoever came first stays."""
    try:
        scratch.rename(path)
    except OSError:
        if not path.exists():
            raise
        return
    parent = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(parent)
    finally:
        os.close(parent)


@contextmanager
def locked(path: Path, seconds: float = LOCK_SECONDS) -> Iterator[None]:
    """Hold the repository's write lock (an flock, dies with us). Raises Missing, Busy after ``seconds``."""
    try:
        handle = os.open(path / "variorum.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except FileNotFoundError as error:
        raise Missing("the repository does not exist") from error
    try:
        _wait_for(handle, time.monotonic() + seconds)
        yield
    finally:
        os.close(handle)


def command(path: Path, *arguments: str) -> list[str]:
    """The command line that runs the git binary there; run it with `environment()`."""
    return ["git", "-c", f"safe.directory={path}", "--git-dir", str(path), *arguments]


def environment() -> dict[str, str]:
    """What a git process of ours sees: no configuration but the repository's, and nobody to ask."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "LC_ALL": "C",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_TERMINAL_PROMPT": "0",
    }


def run_git(path: Path, *arguments: str, accept: tuple[int, ...] = (0,), within: tuple[str, ...] = ()) -> str:
    """Run the git binary there, without any configuration but the repository's; answers its output. `within` is a
    command that runs another one."""
    done = subprocess.run(
        [*within, *command(path, *arguments)], env=environment(), capture_output=True, encoding="utf-8",
        errors="replace", check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    if done.returncode not in accept:
        raise GitError(f"git {arguments[0]}: {done.stderr.strip()[:500]}")
    return done.stdout + (done.stderr if accept != (0,) else "")


def _handles() -> OrderedDict[Path, pygit2.Repository]:
    return _warm.__dict__.setdefault("handles", OrderedDict())  # type: ignore[no-any-return]


def _open(path: Path) -> pygit2.Repository:
    try:
        return pygit2.Repository(str(path), pygit2.enums.RepositoryOpenFlag.BARE)
    except pygit2.GitError as error:
        raise Missing("the repository does not exist") from error


def _wait_for(handle: int, deadline: float) -> None:
    pause = 0.001
    while True:
        try:
            return fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() > deadline:
                raise Busy("another change to this repository takes too long") from error
        time.sleep(pause)
        pause = min(pause * 1.5, 0.02)
