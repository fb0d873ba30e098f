"""Reads of a project's repository."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from variorum.accounts.models import Project
from variorum.lib import objects
from variorum.lib.errors import NotFound
from variorum.repos import git
from variorum.repos.git import CommitInfo, FileDiff
from variorum.repos.models import LfsObject
from variorum.repos.places import path_of
from variorum.repos.problems import explained
from variorum_client.formats import Kind, Pointer, Problem, artefact_name, kind_of, parse_pointer

Read = Callable[[str], bytes | None]
MAX_POINTER = 1024
MAX_TEXTS = 4_000_000


@dataclass(frozen=True)
class Entry:
    """One file of a commit; `size` in bytes is that of the large file where `lfs` points at one."""

    path: str
    name: str
    kind: Kind
    size: int
    oid: str
    lfs: Pointer | None


def head(project: Project, ref: str = git.MAIN) -> str | None:
    """Commit that a branch points at, None when there is no such branch."""
    return git.head(path_of(project), ref)


@explained()
def branches(project: Project) -> dict[str, str]:
    """Every branch and the commit that it points at."""
    return git.heads(path_of(project), "")


@explained()
def resolve(project: Project, name: str) -> str:
    """Full commit id of a branch, a tag, a commit id or its beginning. Raises NotFound."""
    return git.resolve(path_of(project), name)


@explained()
def read_file(project: Project, commit: str, path: str) -> bytes:
    """Content of one file of a commit. Raises NotFound."""
    return git.read_file(path_of(project), commit, path)


@explained()
def read_files(project: Project, commit: str, paths: list[str] | None = None) -> dict[str, bytes]:
    """Contents of several files of a commit (None: all); files that it does not have are left out."""
    return git.read_files(path_of(project), commit, paths)


@explained()
def list_files(project: Project, commit: str) -> list[Entry]:
    """Every file of a commit, by path."""
    entries = git.list_tree(path_of(project), commit)
    weights = [entry.path for entry in entries if entry.size <= MAX_POINTER and entry.path.endswith(".safetensors")]
    pointers = git.read_files(path_of(project), commit, weights) if weights else {}
    return [_entry(entry, parse_pointer(pointers.get(entry.path, b""))) for entry in entries]


@explained()
def log(project: Project, ref: str, path: str | None = None, limit: int = 50, skip: int = 0) -> list[CommitInfo]:
    """Commits, newest first, from a branch or commit; only those that changed `path` when it is given."""
    repository = path_of(project)
    return git.log(repository, git.resolve(repository, ref), path, limit=limit, skip=skip)


@explained()
def log_beyond(project: Project, base: str | None, commit: str, limit: int = 50) -> list[CommitInfo]:
    """Commits, newest first, that `commit` has in its history and `base` (None: nothing) has not."""
    return git.log(path_of(project), commit, limit=limit, beyond=base)


@explained()
def commit_info(project: Project, commit: str) -> CommitInfo:
    """One commit. Raises NotFound."""
    return git.commit_info(path_of(project), commit)


@explained()
def last_changes(project: Project, commit: str) -> dict[str, CommitInfo]:
    """The newest commit that changed each file, for files changed within the last few hundred commits."""
    return git.last_changes(path_of(project), commit)


@explained()
def diff(project: Project, base: str | None, head: str, context: int = 3) -> list[FileDiff]:
    """Files that differ from commit `base` (None: from nothing) to commit `head`, with hunks."""
    return git.diff(path_of(project), base, head, context=context)


@explained()
def texts_of(project: Project, files: Iterable[FileDiff]) -> dict[str, str]:
    """Both texts of changed files by content id; those that are not text or beyond MAX_TEXTS in all are left out."""
    oids = {oid for file in files if not file.binary for oid in (file.old, file.new) if oid}
    texts: dict[str, str] = {}
    room = MAX_TEXTS
    for oid, content in git.read_blobs(path_of(project), oids).items():
        room -= len(content)
        if room >= 0 and (text := text_of(content)) is not None:
            texts[oid] = text
    return texts


@explained()
def changed_paths(project: Project, base: str, head: str) -> list[str]:
    """Paths whose content differs between two commits; a renamed file counts under both names."""
    return sorted(git.changed_paths(path_of(project), base, head))


@explained()
def changed_in_tree(project: Project, commit: str, tree: str) -> dict[str, bytes | None]:
    """Files of a tree that differ from a commit's, with their contents (None: it does not have them)."""
    return git.tree_changes(path_of(project), commit, tree)


@explained()
def merge_base(project: Project, one: str, other: str) -> str | None:
    """Best common ancestor of two commits."""
    return git.merge_base(path_of(project), one, other)


@explained()
def is_ancestor(project: Project, ancestor: str, commit: str) -> bool:
    """Whether `commit` is, or comes after, `ancestor`."""
    return git.is_ancestor(path_of(project), ancestor, commit)


@explained()
def ahead(project: Project, base: str | None, commit: str) -> int:
    """How many commits `commit` has in its history that `base` (None: nothing) has not."""
    return git.ahead(path_of(project), base, commit)


def read_lfs(project: Project, commit: str, path: str) -> Path:
    """A local file with the large file that a commit's pointer names; never write to it. Raises NotFound."""
    pointer = parse_pointer(read_file(project, commit, path))
    if pointer is None or not LfsObject.objects.filter(project=project, sha256=pointer.oid).exists():
        raise NotFound(f"{path[:200]!r} points at no large file of this project.")
    try:
        return objects.local_path(objects.content_key(pointer.oid))
    except FileNotFoundError:
        raise NotFound(f"The large file of {path[:200]!r} is not in the object store.") from None


@explained()
def name_problems(project: Project, commit: str | None, files: Mapping[str, object]) -> list[Problem]:
    """Names that a change of files (None: delete) of a commit brings and that some system could not check out."""
    return git.names_after(path_of(project), commit, files)


def overlay(project: Project, base: str | None, files: Mapping[str, bytes | None]) -> Read:
    """A reader of the files as they would be after a change on top of commit `base`."""
    repository = path_of(project)

    def read(path: str) -> bytes | None:
        if path in files:
            return files[path]
        return git.read_files(repository, base, [path]).get(path) if base else None

    return read


def _entry(entry: git.Entry, pointer: Pointer | None) -> Entry:
    size = pointer.size if pointer else entry.size
    kind = kind_of(entry.path)
    return Entry(entry.path, artefact_name(entry.path), kind, size, entry.oid, pointer)


def text_of(content: bytes) -> str | None:
    """The content as text, None for anything that is not UTF-8."""
    try:
        return None if b"\0" in content else content.decode()
    except UnicodeDecodeError:
        return None
