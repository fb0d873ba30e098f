"""Writes to a project's repository. Every file that lands was checked by the formats' own rules."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from django.conf import settings

from variorum.accounts.access import Actor
from variorum.accounts.models import Project
from variorum.lib import objects
from variorum.repos import git, queries, weights
from variorum.repos.lfs import keeping
from variorum.repos.places import ensure_repository, path_of
from variorum.repos.problems import bad_files, explained
from variorum.repos.queries import Read, overlay
from variorum_client.formats import Pointer, Problem, check_file, kind_of
from variorum_client.formats.adapter import CONFIG_FILE

__all__ = [
    "Files",
    "check_files",
    "commit_files",
    "ensure_repository",
    "merge",
    "move_ref",
    "pack_repositories",
    "problems_of",
    "revert",
    "start_branch",
    "store_lfs",
    "sweep_incoming",
    "write_commit",
    "write_tree",
    "write_undone",
]

Files = Mapping[str, bytes | None]


def commit_files(
    *, project: Project, ref: str, files: Files, message: str, actor: Actor, expected_head: str | None
) -> str:
    """Change files (None: delete) on a branch; answers its head, the old one when nothing changed.

    Raises Unprocessable with path, line and column for files that are not fit, Conflict `stale_head` when the branch
    is not at `expected_head`. The caller records the event, in its own transaction.
    """
    check_files(project=project, base=expected_head, files=files)
    author = git.Author(actor.name, actor.email)
    with explained():
        return git.commit(path_of(project), ref, files, message=message, author=author, expected_head=expected_head)


def check_files(*, project: Project, base: str | None, files: Files) -> None:
    """Raise Unprocessable unless the files are fit to be committed on top of commit `base`."""
    with explained():
        git.check_files(files)
        problems = problems_of(project, base, files)
    if problems:
        raise bad_files(problems)


def problems_of(project: Project, base: str | None, files: Files) -> list[Problem]:
    """What is wrong with these files, and with those that depend on them, on top of commit `base`."""
    read = overlay(project, base, files)
    touched = [*files, *_dependents(project, base, files)]
    contents = {path: content for path in dict.fromkeys(touched) if (content := read(path)) is not None}
    found = [problem for path, content in contents.items() for problem in _check(path, content, read)]
    names = queries.name_problems(project, base, files)
    return [*names, *dict.fromkeys(found), *weights.problems(project, contents, read)]


def start_branch(*, project: Project, ref: str, commit: str) -> None:
    """Point a branch that nobody uses yet at a commit, whatever a killed attempt left there before."""
    with explained():
        git.move_ref(path_of(project), ref, commit, expected=queries.head(project, ref))


def move_ref(*, project: Project, ref: str, new: str, expected: str) -> None:
    """Move a branch by compare-and-swap. Raises Conflict `stale_head`."""
    with explained():
        git.move_ref(path_of(project), ref, new, expected=expected)


def merge(*, project: Project, ours: str, theirs: str) -> git.Merge:
    """Three-way merge of two commits, each file by what it is; moves nothing."""
    with explained():
        return git.merge(path_of(project), ours, theirs)


def revert(*, project: Project, commit: str, onto: str) -> git.Merge:
    """Commit `onto` without what `commit` changed, each file by what it is; moves nothing."""
    with explained():
        return git.revert(path_of(project), commit, onto)


def write_undone(*, project: Project, commit: str, message: str, actor: Actor) -> str:
    """A commit on top of `commit` that is what was there before it; no branch points at it yet."""
    with explained():
        return git.write_undone(path_of(project), commit, message=message, author=git.Author(actor.name, actor.email))


def write_tree(*, project: Project, onto: str, files: Mapping[str, git.Stored]) -> str:
    """The tree of a commit with some files changed (None: removed). Raises Unprocessable `bad_path`."""
    with explained():
        git.check_files({path: data for path, data in files.items() if data is None or isinstance(data, bytes)})
        return git.write_tree(path_of(project), onto, files)


def write_commit(*, project: Project, tree: str, parents: list[str], message: str, actor: Actor) -> str:
    """A commit that no branch points at yet."""
    with explained():
        return git.write_commit(
            path_of(project), tree, parents, message=message, author=git.Author(actor.name, actor.email)
        )


def store_lfs(*, project: Project, data: bytes | Path | Iterable[bytes]) -> Pointer:
    """Store a large file of the project by content; its pointer is what gets committed.

    Raises Unprocessable unless it is a sound safetensors file.
    """
    with objects.incoming() as incoming:
        for piece in _pieces(data):
            incoming.write(piece)
        row = keeping.take(project, incoming)
    return Pointer(row.sha256, row.size)


def _pieces(data: bytes | Path | Iterable[bytes]) -> Iterator[bytes]:
    if isinstance(data, bytes):
        yield data
    elif isinstance(data, Path):
        with data.open("rb") as file:
            yield from iter(lambda: file.read(objects.CHUNK), b"")
    else:
        yield from data


def pack_repositories() -> None:
    """Pack those repositories that have many loose objects. Runs by the clock."""
    for project in Project.objects.filter(repository__isnull=False).select_related("repository").iterator():
        git.pack(path_of(project))


def sweep_incoming() -> int:
    """Remove what killed pushes left behind. Runs by the clock."""
    return git.sweep_incoming(Path(settings.DATA_DIR) / "repos")


def _check(path: str, content: bytes, read: Read) -> list[Problem]:
    return check_file(path, content, read=read)


def _dependents(project: Project, base: str | None, files: Files) -> list[str]:
    """Files whose meaning hangs on a changed one: a schema's config, an adapter's other files, a partial's users."""
    if base is None or not any(others_depend(path, deleted=content is None) for path, content in files.items()):
        return []
    folders = {path.rpartition("/")[0] for path in files if kind_of(path) == "adapter"}
    with explained():
        entries = git.list_tree(path_of(project), base)
    return [
        entry.path
        for entry in entries
        if kind_of(entry.path) in ("prompt", "config") or entry.path.rpartition("/")[0] in folders
    ]


def others_depend(path: str, *, deleted: bool) -> bool:
    """Whether the meaning of other files may hang on a change of this one."""
    name = path.rpartition("/")[2]
    if kind_of(path) == "prompt":
        return name.startswith("_")
    return deleted and (kind_of(path) == "adapter" or name == CONFIG_FILE)
