"""Writing: objects first, then one compare-and-swap of the ref under the repository's lock."""

import secrets
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pygit2
from pygit2.enums import FileMode

from variorum.repos.git.errors import BadPath, Busy, StaleHead
from variorum.repos.git.handle import MAIN, appear, forget, init_bare, locked, open_repository, patient
from variorum.repos.git.paths import check_files
from variorum.repos.git.read import commit_of, head

COMMITTER = ("Variorum", "variorum@localhost")
STALE_LOCK_SECONDS = 5.0
Parts = tuple[str, ...]
Stored = bytes | pygit2.Oid | None  # a content, one that is stored already, or no file


@dataclass(frozen=True)
class Author:
    """The person to whom a commit belongs."""

    name: str
    email: str


@dataclass(frozen=True)
class Move:
    """One ref, by its full name, from `old` (None: it does not exist) to `new` (None: it is deleted)."""

    ref: str
    old: str | None
    new: str | None


def create(path: Path, files: Mapping[str, bytes | None], *, message: str, author: Author) -> None:
    """Create a bare repository with its first commit on ``main``, whole or not at all; nothing when it exists."""
    if path.exists():
        return
    scratch = path.with_name(f".new-{secrets.token_hex(8)}")
    try:
        init_bare(scratch)
        commit(scratch, MAIN, files, message=message, author=author, expected_head=None)
        forget(scratch)
        appear(scratch, path)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


@patient
def commit(
    path: Path,
    ref: str,
    files: Mapping[str, bytes | None],
    *,
    message: str,
    author: Author,
    expected_head: str | None,
) -> str:
    """Change files (None: delete) on a branch that must be at ``expected_head``; answers its new head.

    ``expected_head`` None: the branch must not exist. When nothing changes, there is no commit and the head
    stays. Raises StaleHead, BadPath, Busy.
    """
    check_files(files)
    repository = open_repository(path)
    with locked(path):
        blobs = {tuple(name.split("/")): _blob(repository, data) for name, data in files.items()}
        actual = head(path, ref)
        if actual != expected_head:
            raise StaleHead(ref, expected_head, actual)
        before = commit_of(repository, actual).tree if actual else None
        tree = _tree(repository, before, blobs, "") or repository.TreeBuilder().write()
        if actual and before is not None and tree == before.id:
            return actual
        made = write_commit(path, str(tree), [actual] if actual else [], message=message, author=author)
        swap_ref(repository, path, ref, made, actual)
        return made


@patient
def write_commit(path: Path, tree: str, parents: list[str], *, message: str, author: Author) -> str:
    """Write a commit object that no ref points at yet; answers its id."""
    repository = open_repository(path)
    now = int(time.time())
    made = repository.create_commit(
        None,
        signature(author.name, author.email, now),
        signature(*COMMITTER, now),
        plain_text(message),
        tree,
        parents,
    )
    return str(made)


@patient
def write_tree(path: Path, onto: str, files: Mapping[str, Stored]) -> str:
    """Write the tree of a commit with some files changed (None: removed); answers its id. Raises BadPath."""
    repository = open_repository(path)
    blobs = {
        tuple(name.split("/")): data if isinstance(data, pygit2.Oid) else _blob(repository, data)
        for name, data in files.items()
    }
    before = commit_of(repository, onto).tree
    if not blobs:
        return str(before.id)
    return str(_tree(repository, before, blobs, "") or repository.TreeBuilder().write())


@patient
def move_ref(path: Path, ref: str, new: str | None, *, expected: str | None) -> None:
    """Move a branch from ``expected`` (None: create) to ``new`` (None: delete). Raises StaleHead, Busy."""
    repository = open_repository(path)
    if new is not None:
        commit_of(repository, new)
    with locked(path):
        swap_ref(repository, path, ref, new, expected)


@patient
def move_refs(path: Path, moves: Sequence[Move]) -> None:
    """Move several refs by compare-and-swap, all or none. Raises StaleHead, Busy.

    A kill between two of them leaves some moved: the caller has written down beforehand what it was about to do.
    """
    repository = open_repository(path)
    with locked(path):
        for move in moves:
            _compare(repository, move.ref, move.old)
        done: list[Move] = []
        try:
            for move in moves:
                swap_ref(repository, path, move.ref, move.new, move.old)
                done.append(move)
        except BaseException:
            for move in reversed(done):
                swap_ref(repository, path, move.ref, move.old, move.new)
            raise


def swap_ref(repository: pygit2.Repository, path: Path, ref: str, new: str | None, expected: str | None) -> None:
    """Compare-and-swap of a branch, or of a ref by its full name; the caller holds the repository's lock.

    Waits for lock files (git gc), and removes those of a killed writer.
    """
    for seconds in (STALE_LOCK_SECONDS, 1.0):
        if _swap_within(seconds, repository, ref, new, expected):
            return
        for left in (path / f"{_full(ref)}.lock", path / "packed-refs.lock"):
            left.unlink(missing_ok=True)
    raise Busy(f"{ref} stays locked")


def _swap_within(
    seconds: float, repository: pygit2.Repository, ref: str, new: str | None, expected: str | None
) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            _swap_once(repository, ref, new, expected)
        except OSError:  # libgit2 found a lock file
            time.sleep(0.01)
        else:
            return True
    return False


def _swap_once(repository: pygit2.Repository, ref: str, new: str | None, expected: str | None) -> None:
    name = _full(ref)
    found = _compare(repository, ref, expected)
    if found is None and new is not None:
        repository.references.create(name, new)
    elif found is not None and new is not None:
        found.set_target(new)  # libgit2 compares with the target that was read above
    elif found is not None:
        found.delete()


def _full(ref: str) -> str:
    return ref if ref.startswith("refs/") else f"refs/heads/{ref}"


def _compare(repository: pygit2.Repository, ref: str, expected: str | None) -> pygit2.Reference | None:
    found = repository.references.get(_full(ref))
    actual = str(found.target) if found else None
    if actual != expected:
        raise StaleHead(ref, expected, actual)
    return found


def _tree(
    repository: pygit2.Repository,
    before: pygit2.Tree | None,
    changes: Mapping[Parts, pygit2.Oid | None],
    at: str,
) -> pygit2.Oid | None:
    """Id of the tree with the changes, None when it became empty."""
    builder = repository.TreeBuilder(before) if before is not None else repository.TreeBuilder()
    for name in {parts[0] for parts in changes}:
        below = {parts[1:]: oid for parts, oid in changes.items() if parts[0] == name}
        current = before[name] if before is not None and name in before else None
        oid, mode = _child(repository, current, below, f"{at}{name}")
        if oid is not None:
            builder.insert(name, oid, mode)
        elif current is not None:
            builder.remove(name)
    return builder.write() if len(builder) else None


def _child(
    repository: pygit2.Repository,
    current: pygit2.Object | None,
    below: dict[Parts, pygit2.Oid | None],
    at: str,
) -> tuple[pygit2.Oid | None, FileMode]:
    """What a name becomes: a folder, a file or nothing (None)."""
    is_file_change = () in below
    file = below.pop((), None)
    folder = current if isinstance(current, pygit2.Tree) else None
    if below and current is not None and folder is None and not (is_file_change and file is None):
        raise BadPath(at, "is a file, not a folder")
    inside = _tree(repository, folder, below, f"{at}/") if below else (folder.id if folder is not None else None)
    if file is not None and inside is not None:
        raise BadPath(at, "is a folder, not a file")
    if inside is not None:
        return inside, FileMode.TREE
    return file, FileMode.BLOB


def _blob(repository: pygit2.Repository, data: bytes | None) -> pygit2.Oid | None:
    return None if data is None else repository.create_blob(data)


def signature(name: str, email: str, at: int) -> pygit2.Signature:
    """Who did it at a Unix time, as Git can keep it: in UTC, on one line."""
    return pygit2.Signature(_plain(name) or "Unknown", _plain(email) or "unknown@localhost", at, 0)


def _plain(text: str) -> str:
    """Git keeps names on one line between angle brackets, and trims punctuation at both ends."""
    kept = "".join(letter for letter in text if letter.isprintable() and letter not in "<>")
    return kept.strip(" .,:;\"'\\")[:200]


def plain_text(message: str, default: str = "Change files") -> str:
    """A message without trailing blanks, ending in one newline; `default` for an empty one."""
    kept = "\n".join(line.rstrip() for line in message.replace("\0", "").splitlines()).strip()
    return f"{kept or default}\n"
