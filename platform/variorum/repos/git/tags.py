"""Annotated tags: named commits with notes. A tag is made once, never moved, and may be deleted."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pygit2
from pygit2.enums import ObjectType

from variorum.repos.git.errors import Missing, StaleHead
from variorum.repos.git.handle import locked, open_repository, patient
from variorum.repos.git.read import commit_of
from variorum.repos.git.write import Author, plain_text, signature, swap_ref

PREFIX = "refs/tags/"


@dataclass(frozen=True)
class Tag:
    """A named commit. ``oid`` is what the ref holds: a tag object, or the commit itself for a tag without notes.

    Of such a tag nobody is known to have made it: its tagger is empty, and ``at`` is the commit's time.
    """

    name: str
    oid: str
    commit: str
    subject: str
    notes: str
    tagger_name: str
    tagger_email: str
    at: datetime


@patient
def tags(path: Path) -> list[Tag]:
    """Every tag that names a commit, the newest first."""
    repository = open_repository(path)
    names = [name for name in repository.listall_references() if name.startswith(PREFIX)]
    found = [_read(repository, name.removeprefix(PREFIX)) for name in names]
    return sorted((tag for tag in found if tag is not None), key=lambda tag: (tag.at, tag.name), reverse=True)


@patient
def find_tag(path: Path, name: str) -> Tag | None:
    """One tag by its name."""
    return _read(open_repository(path), name)


@patient
def tagged_commit(path: Path, oid: str, name: str) -> str:
    """The commit that a new tag object (or commit) names. Raises Missing, also when the object bears another name."""
    repository = open_repository(path)
    found = repository.get(oid) if len(oid) == 40 else None
    if isinstance(found, pygit2.Tag) and found.name != name:
        raise Missing(f"a tag called {name!r} in {oid[:10]}: it is called {(found.name or '')[:80]!r}")
    commit = _peeled(repository, found)
    if commit is None:
        raise Missing(f"no commit behind the tag {name[:80]!r}")
    return str(commit.id)


@patient
def write_tag(path: Path, name: str, commit: str, *, notes: str, author: Author) -> str:
    """Write a tag object that no ref points at yet; answers its id."""
    repository = open_repository(path)
    who = signature(author.name, author.email, int(time.time()))
    head = [
        f"object {commit_of(repository, commit).id}",
        "type commit",
        f"tag {name}",
        f"tagger {who.name} <{who.email}> {who.time} +0000",
    ]
    text = "\n".join(head) + "\n\n" + plain_text(notes, default=name)
    return str(repository.write(ObjectType.TAG, text.encode()))


@patient
def point_tag(path: Path, name: str, oid: str | None, *, expected: str | None) -> None:
    """Let a new tag (``expected`` None) name ``oid``, or delete one (``oid`` None). Raises StaleHead, Busy."""
    repository = open_repository(path)
    with locked(path):
        if expected is None and _read(repository, name) is not None:
            raise StaleHead(name, None, oid)
        swap_ref(repository, path, f"{PREFIX}{name}", oid, expected)


def _read(repository: pygit2.Repository, name: str) -> Tag | None:
    try:
        ref = repository.references.get(f"{PREFIX}{name}")
    except ValueError:
        return None
    found = repository.get(ref.target) if ref else None
    commit = _peeled(repository, found)
    if found is None or commit is None:
        return None
    tag = found if isinstance(found, pygit2.Tag) else None
    tagger = tag.tagger if tag else None
    return Tag(
        name=name,
        oid=str(found.id),
        commit=str(commit.id),
        subject=commit.message.strip().partition("\n")[0],
        notes=(tag.message or "").strip() if tag else "",
        tagger_name=tagger.name if tagger else "",
        tagger_email=tagger.email if tagger else "",
        at=datetime.fromtimestamp(tagger.time if tagger else commit.commit_time, UTC),
    )


def _peeled(repository: pygit2.Repository, found: pygit2.Object | None) -> pygit2.Commit | None:
    while isinstance(found, pygit2.Tag):
        found = repository.get(found.target)
    return found if isinstance(found, pygit2.Commit) else None
