"""What no commit may hold, looked for in every new object of a push: it is there for good once it has landed."""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import islice

import pygit2
from pygit2.enums import FileMode, ObjectType

from variorum.repos.git.errors import BadPath
from variorum.repos.git.handle import open_repository
from variorum.repos.git.incoming import Incoming
from variorum.repos.git.paths import MAX_FILE, check_path
from variorum_client.formats import Problem

MOST = 20  # problems that are told at once
LATEST = 253_402_300_799  # the last second that a date can hold
PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".joblib", ".npy", ".npz")
_MODES = {
    FileMode.LINK: ("symlink", "This is a symbolic link. Put the file itself here."),
    FileMode.COMMIT: ("submodule", "This is a submodule. Put its files here instead."),
    FileMode.BLOB_EXECUTABLE: (
        "executable",
        "The file is marked as executable. Run `git update-index --chmod=-x` on it, and commit.",
    ),
}
_ODD = ("odd_mode", "This entry is neither a plain file nor a folder.")


def inspect(incoming: Incoming, new: Iterable[str], known: Iterable[str]) -> list[Problem]:
    """The first problems of what can be reached from `new` and not from `known`. Raises BadPack."""
    repository = open_repository(incoming.path)
    objects = incoming.new_objects(new, known)
    try:
        return list(islice(_problems(repository, objects), MOST))
    finally:
        objects.close()  # type: ignore[attr-defined]


def _problems(repository: pygit2.Repository, objects: Iterable[tuple[str, str]]) -> Iterator[Problem]:
    header = repository.odb.read_header
    for oid, name in objects:
        kind, size = header(oid)
        found = repository[oid] if kind in (ObjectType.TREE, ObjectType.COMMIT) else None
        if isinstance(found, pygit2.Tree):
            yield from _of_tree(found, name)
        elif isinstance(found, pygit2.Commit):
            yield from _of_commit(found)
        elif kind == ObjectType.BLOB and size > MAX_FILE:
            yield _too_large(name, size)


def _of_tree(tree: pygit2.Tree, folder: str) -> Iterator[Problem]:
    for entry in tree:
        name = (entry.raw_name or b"").decode(errors="surrogateescape")
        path = f"{folder}/{name}" if folder else name
        if reason := _bad_path(path):
            yield Problem(_shown(path), 1, 1, "bad_path", reason)
        elif entry.filemode not in (FileMode.BLOB, FileMode.TREE):
            yield Problem(path, 1, 1, *_MODES.get(entry.filemode, _ODD))
        elif name.lower().endswith(PICKLES) and entry.filemode == FileMode.BLOB:
            text = "Pickles and other loose weights run code when they are opened. Store weights as .safetensors."
            yield Problem(path, 1, 1, "pickle", text)


@lru_cache(maxsize=65_536)
def _bad_path(path: str) -> str | None:
    try:
        check_path(path)
    except BadPath as error:
        return error.reason
    return None


def _too_large(path: str, size: int) -> Problem:
    text = (
        f"The file has {size:,} bytes; at most {MAX_FILE:,} go into Git. Keep it in Git LFS: "
        f"`git lfs migrate import --include={path!r}`, then push again."
    )
    return Problem(path, 1, 1, "too_large", text)


def _of_commit(commit: pygit2.Commit) -> Iterator[Problem]:
    """Times that no page could show."""
    if not all(0 <= person.time <= LATEST for person in (commit.author, commit.committer)):
        name = f"commit {str(commit.id)[:10]}"
        text = "Its time is out of range. Set your clock, then `git commit --amend --reset-author`."
        yield Problem(name, 1, 1, "bad_time", text)


def _shown(path: str) -> str:
    return path.encode("unicode_escape").decode() if not path.isprintable() else path
