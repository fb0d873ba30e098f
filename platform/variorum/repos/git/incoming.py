"""What is pushed waits in a scratch repository that borrows the real one's objects, until it was checked.

The scratch repository is an ordinary one to everything that reads, so the same functions look at what is about to
come as at what is there. Nothing of it is in the real repository before `land`.
"""

import fcntl
import os
import secrets
import shutil
import struct
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from variorum.repos.git.errors import GitError
from variorum.repos.git.handle import command, environment, forget

PREFIX = ".push-"
SECONDS = 600.0  # for one run of git over what was pushed
FEW = 100  # objects; fewer land as loose files, as a save's do, more as one pack
YOUNG = 60.0  # seconds in which a scratch repository may lack its lock
# Big files pass through a bounded buffer instead of the memory; they are refused afterwards.
WINDOWS = ("-c", "core.packedGitWindowSize=16m", "-c", "core.packedGitLimit=256m")
LIMITS = ("-c", "core.bigFileThreshold=1m", "-c", "pack.threads=1", "-c", "core.fsync=committed", *WINDOWS)
# A few bytes of differences can stand for gigabytes, which git puts together in its memory: it may have so much.
ROOM = 1_000_000  # KiB of addresses
BOUNDED = ("sh", "-c", f'ulimit -v {ROOM} && exec "$0" "$@"')


class BadPack(GitError):
    """What was pushed is not a sound pack, or points at objects that nobody has."""


class Incoming:
    """One push on its way in. `path` is the scratch repository."""

    def __init__(self, home: Path, path: Path) -> None:
        self.home, self.path = home, path
        self.pack: Path | None = None

    def unpack(self, file: IO[bytes], *, strict: bool = True) -> None:
        """Take in the pack that starts at the file's position, with git's own strict checks. Raises BadPack."""
        os.lseek(file.fileno(), file.tell(), os.SEEK_SET)
        options = ["--stdin", "--fix-thin", *(["--strict"] if strict else [])]
        out = _git(self.path, "index-pack", *options, stdin=file)
        name = out.decode().split()[-1]
        self.pack = self.path / "objects/pack" / f"pack-{name}.pack"

    def new_objects(self, new: Iterable[str], known: Iterable[str]) -> Iterator[tuple[str, str]]:
        """Id and path ("" for commits) of what can be reached from `new` and not from `known`. Raises BadPack when
        something is missing."""
        wanted = "".join([*(f"{oid}\n" for oid in new), *(f"^{oid}\n" for oid in known)])
        line = command(self.path, "rev-list", "--objects", "--stdin")
        with tempfile.TemporaryFile() as asked:
            asked.write(wanted.encode())
            asked.seek(0)
            process = subprocess.Popen(
                line, env=environment(), stdin=asked, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
            )
        with process:
            try:
                for said in process.stdout or ():
                    oid, _, name = said.rstrip(b"\n").partition(b" ")
                    yield oid.decode(), name.decode(errors="surrogateescape")
            except GeneratorExit:
                process.kill()
                raise
        if process.returncode != 0:
            raise BadPack("the push points at objects that are not in it and not here")

    def land(self) -> None:
        """Move the objects into the real repository, durably. No ref points at them yet."""
        if self.pack is None:
            return
        if _count(self.pack) < FEW:
            with self.pack.open("rb") as file:
                _git(self.home, "unpack-objects", "-q", stdin=file)
        else:
            _move(self.pack, self.home / "objects/pack")
        self.pack = None


@contextmanager
def incoming(home: Path) -> Iterator[Incoming]:
    """A scratch repository for one push into the repository at `home`; it is gone afterwards."""
    path = home.with_name(f"{PREFIX}{secrets.token_hex(8)}")
    try:
        _create(path, home)
        with _owned(path):
            yield Incoming(home, path)
    finally:
        forget(path)
        shutil.rmtree(path, ignore_errors=True)


def sweep_incoming(folder: Path) -> int:
    """Remove scratch repositories whose owner was killed; gives how many."""
    gone = 0
    for path in folder.glob(f"{PREFIX}*"):
        with suppress(OSError):
            if time.time() - path.stat().st_mtime > YOUNG:
                with _owned(path):
                    shutil.rmtree(path, ignore_errors=True)
                    gone += 1
    return gone


@contextmanager
def _owned(path: Path) -> Iterator[None]:
    """Hold a scratch repository; raises BlockingIOError when somebody does. A killed process holds nothing."""
    handle = os.open(path / "variorum.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(handle)


def _create(path: Path, home: Path) -> None:
    for folder in ("objects/info", "objects/pack", "refs"):
        (path / folder).mkdir(parents=True)
    (path / "HEAD").write_text("ref: refs/heads/main\n")
    (path / "config").write_text("[core]\n\trepositoryformatversion = 0\n\tbare = true\n")
    (path / "objects/info/alternates").write_text(f"{(home / 'objects').resolve()}\n")


def _git(path: Path, *arguments: str, stdin: IO[bytes]) -> bytes:
    line = command(path, *arguments)
    try:
        done = subprocess.run(
            [*BOUNDED, line[0], *LIMITS, *line[1:]], stdin=stdin, env=environment(), capture_output=True, check=False,
            timeout=SECONDS,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise BadPack("looking through what was pushed takes too long") from None
    if done.returncode != 0:
        raise BadPack(_reason(done.stderr))
    return done.stdout


def _reason(said: bytes) -> str:
    if b"Out of memory" in said or b"mmap failed" in said:
        return "an object in the pack takes more memory than a push may have; keep large files in Git LFS"
    lines = [line for line in said.decode(errors="replace").splitlines() if line.startswith(("error:", "fatal:"))]
    return "; ".join(line.partition(": ")[2] for line in lines[:3])[:500] or "the pack cannot be read"


def _count(pack: Path) -> int:
    with pack.open("rb") as file:
        return int(struct.unpack(">4sII", file.read(12))[2])


def _move(pack: Path, folder: Path) -> None:
    """The index last: with it a pack comes into being."""
    folder.mkdir(exist_ok=True)
    for ending in (".pack", ".rev", ".idx"):
        file = pack.with_suffix(ending)
        if file.exists():
            file.rename(folder / file.name)
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
