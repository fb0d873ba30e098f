"""Reading a repository. Everything but a path's history runs in process."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from itertools import islice
from pathlib import Path
from string import hexdigits

import pygit2
from pygit2.enums import SortMode

from variorum.repos.git.errors import Missing
from variorum.repos.git.handle import MAIN, open_repository, patient, run_git
from variorum.repos.git.paths import is_good

FIELDS = ("%H", "%P", "%an", "%ae", "%at", "%B")


@dataclass(frozen=True)
class Entry:
    """One file of a commit: path, size in bytes, id of its content."""

    path: str
    size: int
    oid: str


@dataclass(frozen=True)
class CommitInfo:
    """One commit; ``at`` is UTC."""

    sha: str
    parents: tuple[str, ...]
    author_name: str
    author_email: str
    at: datetime
    subject: str
    body: str


@patient
def head(path: Path, ref: str = MAIN) -> str | None:
    """Commit that a branch points at; None when there is no such branch."""
    try:
        found = open_repository(path).references.get(f"refs/heads/{ref}")
    except ValueError:
        return None
    return str(found.target) if found else None


@patient
def refs(path: Path, prefix: str = "refs/") -> dict[str, str]:
    """Every ref by its full name, with what it points at (the tag itself for an annotated tag)."""
    repository = open_repository(path)
    found = {name: repository.references.get(name) for name in repository.listall_references()}
    return {name: str(ref.target) for name, ref in sorted(found.items()) if ref and name.startswith(prefix)}


@patient
def peeled(path: Path) -> dict[str, str]:
    """What each annotated tag leads to in the end, by the ref's full name."""
    repository = open_repository(path)
    names = [name for name in repository.listall_references() if name.startswith("refs/tags/")]
    found = {name: repository.references[name] for name in names}
    peeled = {name: str(ref.peel().id) for name, ref in found.items()}
    return {name: oid for name, oid in peeled.items() if oid != str(found[name].target)}


@patient
def heads(path: Path, prefix: str) -> dict[str, str]:
    """Branches below ``prefix`` ("drafts/") and their commits."""
    repository = open_repository(path)
    names = [name for name in repository.listall_references() if name.startswith(f"refs/heads/{prefix}")]
    return {name.removeprefix("refs/heads/"): str(repository.references[name].target) for name in names}


@patient
def resolve(path: Path, name: str) -> str:
    """Full id of a branch, a tag, a commit id or its unique beginning (7 digits or more). Raises Missing.

    A branch comes before a tag of the same name; ``refs/tags/v1`` means the tag.
    """
    found = (head(path, name) or _tagged(path, name)) if name else None
    if found is None and 7 <= len(name) <= 40 and set(name) <= set(hexdigits):
        try:
            found = str(open_repository(path).expand_id(name))
        except (KeyError, ValueError):
            found = None
    if found is None:
        raise Missing(f"no branch, tag or commit {name[:80]!r}")
    return str(commit_of(open_repository(path), found).id)


def _tagged(path: Path, name: str) -> str | None:
    """Commit that a tag names; also of branches and tags given by their full names."""
    full = name if name.startswith("refs/") else f"refs/tags/{name}"
    try:
        found = open_repository(path).references.get(full)
        return str(found.peel(pygit2.Commit).id) if found else None
    except (ValueError, pygit2.InvalidSpecError):
        return None


@patient
def read_file(path: Path, commit: str, file: str) -> bytes:
    """Content of one file of a commit. Raises Missing."""
    repository = open_repository(path)
    found = _entry(commit_of(repository, commit).tree, file)
    if not isinstance(found, pygit2.Blob):
        raise Missing(f"{file[:200]!r} is not a file of commit {commit[:10]}")
    return bytes(found.data)


@patient
def read_files(path: Path, commit: str, files: list[str] | None = None) -> dict[str, bytes]:
    """Contents of several files of a commit (all of them: None); files that it does not have are left out."""
    repository = open_repository(path)
    tree = commit_of(repository, commit).tree
    if files is None:
        return {name: bytes(blob.data) for name, blob in _blobs(tree, "")}
    found = {file: _entry(tree, file) for file in files}
    return {file: bytes(blob.data) for file, blob in found.items() if isinstance(blob, pygit2.Blob)}


@patient
def read_blobs(path: Path, oids: Iterable[str]) -> dict[str, bytes]:
    """Contents by their ids; ids that are no file's are left out."""
    repository = open_repository(path)
    found = {oid: repository.get(oid) for oid in oids}
    return {oid: bytes(blob.data) for oid, blob in found.items() if isinstance(blob, pygit2.Blob)}


@patient
def small_blobs(path: Path, most: int, ending: str = ".safetensors") -> list[bytes]:
    """Different contents of at most ``most`` bytes that files with this ending have in any commit that a ref reaches.

    Each tree is looked into once, so the time grows with what was changed, not with the number of commits.
    """
    repository = open_repository(path)
    walker = None
    for name in repository.listall_references():
        target = repository.references[name].peel()
        if not isinstance(target, pygit2.Commit):
            continue
        if walker is None:
            walker = repository.walk(target.id, SortMode.NONE)
        else:
            walker.push(target.id)
    seen: set[pygit2.Oid] = set()
    blobs = [blob for commit in walker or () for blob in _new_blobs(repository, commit.tree_id, ending, seen)]
    read_header = repository.odb.read_header
    return list(read_blobs(path, [str(oid) for oid in blobs if int(read_header(oid)[1]) <= most]).values())


def _new_blobs(
    repository: pygit2.Repository, tree: pygit2.Oid, ending: str, seen: set[pygit2.Oid]
) -> Iterator[pygit2.Oid]:
    if tree in seen:
        return
    seen.add(tree)
    found = repository[tree]
    for entry in found if isinstance(found, pygit2.Tree) else ():
        if isinstance(entry, pygit2.Tree):
            yield from _new_blobs(repository, entry.id, ending, seen)
        elif isinstance(entry, pygit2.Blob) and str(entry.name).endswith(ending) and entry.id not in seen:
            seen.add(entry.id)
            yield entry.id


@patient
def file_paths(path: Path, commit: str) -> set[str]:
    """Where a commit has files."""
    return {name for name, _ in _blobs(commit_of(open_repository(path), commit).tree, "")}


@patient
def list_tree(path: Path, commit: str) -> list[Entry]:
    """Every file of a commit, by path."""
    repository = open_repository(path)
    tree = commit_of(repository, commit).tree
    read_header = repository.odb.read_header
    return sorted(
        (Entry(name, int(read_header(blob.id)[1]), str(blob.id)) for name, blob in _blobs(tree, "")),
        key=lambda entry: entry.path,
    )


@patient
def commit_info(path: Path, commit: str) -> CommitInfo:
    """One commit. Raises Missing."""
    return _info(commit_of(open_repository(path), commit))


@patient
def log(
    path: Path, commit: str, file: str | None = None, *, limit: int = 50, skip: int = 0, beyond: str | None = None
) -> list[CommitInfo]:
    """Newest first from ``commit``; only those that changed ``file`` when it is given (this runs git and ignores
    ``beyond``), or that are not part of the history of the commit ``beyond``."""
    if file is not None and not is_good(file):
        return []
    if file is not None:
        return _log_of(path, resolve(path, commit), file, limit, skip)
    repository = open_repository(path)
    start = commit_of(repository, commit)
    walker = repository.walk(start.id, SortMode.TOPOLOGICAL | SortMode.TIME)
    if beyond is not None:
        walker.hide(commit_of(repository, beyond).id)
    return [_info(found) for found in islice(walker, skip, skip + limit)]


@lru_cache(maxsize=64)
@patient
def last_changes(path: Path, commit: str, *, commits: int = 500) -> dict[str, CommitInfo]:
    """The newest commit that changed each file of ``commit``; files unchanged for ``commits`` are left out."""
    repository = open_repository(path)
    start = commit_of(repository, commit)
    wanted = {name for name, _ in _blobs(start.tree, "")}
    found: dict[str, CommitInfo] = {}
    for each in islice(repository.walk(start.id, SortMode.TOPOLOGICAL | SortMode.TIME), commits):
        if len(each.parent_ids) < 2:  # what a merge brings was changed by the commits that it merges
            changed = wanted.intersection(_changed(each)) - found.keys()
            found.update(dict.fromkeys(changed, _info(each)))
        if len(found) == len(wanted):
            break
    return found


@patient
def merge_base(path: Path, one: str, other: str) -> str | None:
    """Best common ancestor of two commits, None when there is none."""
    repository = open_repository(path)
    found = repository.merge_base(commit_of(repository, one).id, commit_of(repository, other).id)
    return str(found) if found else None


@patient
def is_ancestor(path: Path, ancestor: str, commit: str) -> bool:
    """Whether ``commit`` is, or has in its history, ``ancestor``."""
    repository = open_repository(path)
    old, new = commit_of(repository, ancestor).id, commit_of(repository, commit).id
    return bool(old == new or repository.descendant_of(new, old))


@patient
def ahead(path: Path, base: str | None, commit: str) -> int:
    """How many commits ``commit`` has in its history that ``base`` (None: nothing) has not."""
    repository = open_repository(path)
    new = commit_of(repository, commit).id
    if base is None:
        return sum(1 for _ in repository.walk(new))
    return int(repository.ahead_behind(new, commit_of(repository, base).id)[0])


def commit_of(repository: pygit2.Repository, commit: str) -> pygit2.Commit:
    """The commit object of a full id. Raises Missing."""
    try:
        found = repository.get(commit)
    except ValueError:
        found = None
    if not isinstance(found, pygit2.Commit):
        raise Missing(f"no commit {commit[:80]!r}")
    return found


def _changed(commit: pygit2.Commit) -> Iterator[str]:
    if not commit.parents:
        return (name for name, _ in _blobs(commit.tree, ""))
    return (delta.new_file.path for delta in commit.parents[0].tree.diff_to_tree(commit.tree).deltas)


def _entry(tree: pygit2.Tree, file: str) -> pygit2.Object | None:
    try:
        return tree[file] if file.strip("/") == file != "" else None
    except (KeyError, UnicodeEncodeError):
        return None
    except ValueError:  # a NUL
        return None


def _blobs(tree: pygit2.Tree, prefix: str) -> Iterator[tuple[str, pygit2.Blob]]:
    for entry in tree:
        if isinstance(entry, pygit2.Tree):
            yield from _blobs(entry, f"{prefix}{entry.name}/")
        elif isinstance(entry, pygit2.Blob):
            yield f"{prefix}{entry.name}", entry


def _info(commit: pygit2.Commit) -> CommitInfo:
    parents = tuple(str(parent) for parent in commit.parent_ids)
    author = commit.author
    return _made(str(commit.id), parents, author.name, author.email, author.time, commit.message)


def _log_of(path: Path, commit: str, file: str, limit: int, skip: int) -> list[CommitInfo]:
    page = (f"-n{limit}", f"--skip={skip}")
    out = run_git(path, "log", "-z", f"--format={'%x00'.join(FIELDS)}", *page, commit, "--", f":(literal){file}")
    fields = iter(out.split("\0"))
    rows = zip(*[fields] * len(FIELDS), strict=False)
    return [_made(sha, tuple(up.split()), name, email, int(at), text) for sha, up, name, email, at, text in rows]


def _made(sha: str, parents: tuple[str, ...], name: str, email: str, at: int, message: str) -> CommitInfo:
    subject, _, body = message.strip().partition("\n")
    return CommitInfo(sha, parents, name, email, datetime.fromtimestamp(at, UTC), subject, body.strip())
