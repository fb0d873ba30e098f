"""Three-way merge of commits without a work tree and without a process; files merge by what they are."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pygit2
from pygit2.enums import DeltaStatus

from variorum.repos.git.errors import BadPath
from variorum.repos.git.handle import open_repository, patient
from variorum.repos.git.read import commit_of
from variorum.repos.git.write import Stored, write_tree
from variorum_client.formats import kind_of
from variorum_client.formats.merging import Merged, adapter_text, as_one, merge_adapter, merge_bytes


@dataclass(frozen=True)
class Conflict:
    """A file, or the folder of an adapter, that both sides changed; None where a side does not have it.

    merged: the places to decide. Changes to the tree of ours: `take` is what taking theirs as a whole means, `leave`
    are files of ours that make room when a text of one's own is put at `path`.
    """

    path: str
    base: bytes | None
    ours: bytes | None
    theirs: bytes | None
    merged: Merged
    take: Mapping[str, Stored] = field(default_factory=dict)
    leave: tuple[str, ...] = ()

    @property
    def folder(self) -> bool:
        """Whether this is an adapter: several files that stay together."""
        return [unit.kind for unit in self.merged.conflicts] == ["adapter"]

    @property
    def whole(self) -> bool:
        """Whether there is only one thing to decide: this side's file or that side's."""
        return [unit.kind for unit in self.merged.conflicts] in (["file"], ["adapter"])


@dataclass(frozen=True)
class Merge:
    """The merged tree, None while there are conflicts; `changes` is what merged by itself, on top of ours."""

    tree: str | None
    conflicts: list[Conflict]
    changes: Mapping[str, Stored] = field(default_factory=dict)


@patient
def merge(path: Path, ours: str, theirs: str) -> Merge:
    """Merge commit ``theirs`` into commit ``ours``: each file by what it is, adapters whole; moves no ref."""
    repository = open_repository(path)
    one, other = commit_of(repository, ours), commit_of(repository, theirs)
    found = repository.merge_base(one.id, other.id)
    nothing = repository[repository.TreeBuilder().write()]
    return merge_trees(path, ours, (repository[found] if found else nothing).peel(pygit2.Tree), other.tree)


def merge_trees(path: Path, ours: str, base: pygit2.Tree, theirs: pygit2.Tree) -> Merge:
    """Apply to the files of commit ``ours`` what leads from one tree to another."""
    merging = _Merging(open_repository(path), base, commit_of(open_repository(path), ours).tree, theirs)
    merging.run()
    if merging.conflicts:
        return Merge(None, sorted(merging.conflicts, key=lambda each: each.path), merging.changes)
    try:
        return Merge(write_tree(path, ours, merging.changes), [], merging.changes)
    except BadPath as error:  # a file here is a folder there
        return Merge(None, [Conflict(error.path, None, None, None, as_one(None, b"", None))], merging.changes)


@dataclass(frozen=True)
class _File:
    """A file on one side: where it is now and its content; None: removed."""

    path: str | None
    oid: pygit2.Oid | None


class _Side:
    """What a side did since the base: to files by their path there, and which it added."""

    def __init__(self, base: pygit2.Tree, tree: pygit2.Tree) -> None:
        self.files: dict[str, _File] = {}
        self.before: dict[str, pygit2.Oid] = {}
        self.added: dict[str, pygit2.Oid] = {}
        diff = base.diff_to_tree(tree)
        diff.find_similar()
        for delta in diff.deltas:
            self._note(delta)

    def _note(self, delta: pygit2.DiffDelta) -> None:
        old, new = delta.old_file, delta.new_file
        if delta.status != DeltaStatus.ADDED:
            self.before[old.path] = old.id
        if delta.status == DeltaStatus.ADDED:
            self.added[new.path] = new.id
        elif delta.status == DeltaStatus.DELETED:
            self.files[old.path] = _File(None, None)
        elif old.path != new.path and "adapter" in (kind_of(old.path), kind_of(new.path)):
            self.files[old.path] = _File(None, None)
            self.added[new.path] = new.id
        else:
            self.files[old.path] = _File(new.path, new.id)

    def changed(self) -> set[str]:
        """Every path that it touched."""
        return {*self.files, *self.added, *(file.path for file in self.files.values() if file.path)}

    def of(self, path: str, before: pygit2.Oid) -> _File:
        """A file of the base as this side has it."""
        return self.files.get(path, _File(path, before))


class _Merging:
    """Goes through all that either side touched and gathers changes to the tree of ours, and conflicts."""

    def __init__(
        self, repository: pygit2.Repository, base: pygit2.Tree, ours: pygit2.Tree, theirs: pygit2.Tree
    ) -> None:
        self.repository, self.trees = repository, (base, ours, theirs)
        self.ours, self.theirs = _Side(base, ours), _Side(base, theirs)
        self.changes: dict[str, Stored] = {}
        self.conflicts: list[Conflict] = []

    def run(self) -> None:
        """Adapters by folder, then every other file by its path in the base, then new files."""
        touched = [side.changed() for side in (self.ours, self.theirs)]
        folders = [{_folder(path) for path in paths if kind_of(path) == "adapter"} for paths in touched]
        for folder in sorted(folders[1]):
            self._adapter(folder, both=folder in folders[0])
        before = {**self.ours.before, **self.theirs.before}
        for path in sorted(before):
            if kind_of(path) != "adapter":
                self._file(path, before[path])
        for path in sorted(self.theirs.added):
            there, oid = self._oid(path), self.theirs.added[path]
            if kind_of(path) != "adapter" and there != oid:
                self._replace(_File(None, None), _File(path, oid), oid)

    def _adapter(self, folder: str, *, both: bool) -> None:
        states = [_files_in(tree, folder) for tree in self.trees]
        take = _difference(states[1], states[2])
        if not both:
            self.changes.update(take)
        elif take:
            files = [
                {path.rpartition("/")[2]: self._data(oid) or b"" for path, oid in state.items()} for state in states
            ]
            merged = merge_adapter(*files)
            base, ours, theirs = (adapter_text(each).encode() if each else None for each in files)
            self.conflicts.append(Conflict(folder, base, ours, theirs, merged, take))

    def _file(self, path: str, before: pygit2.Oid) -> None:
        was, mine, other = _File(path, before), self.ours.of(path, before), self.theirs.of(path, before)
        if mine == other or other == was:
            return
        if mine == was:
            self._replace(mine, other, other.oid)
        elif mine.path is None or other.path is None or len({path, mine.path, other.path}) > 2:
            self._conflict(was, mine, other, whole=True)
        else:
            self._both(was, mine, other)

    def _both(self, was: _File, mine: _File, other: _File) -> None:
        """Both changed it: its name and its text are merged, each by itself."""
        target = mine if other.path == was.path else other
        if len({was.oid, mine.oid, other.oid}) < 3:
            self._replace(mine, target, mine.oid if other.oid == was.oid else other.oid)
            return
        merged = merge_bytes(target.path or "", *(self._data(file.oid) for file in (was, mine, other)))
        if merged.content is None:
            self._conflict(was, mine, other)
        else:
            self._replace(mine, target, merged.content.encode())

    def _replace(self, mine: _File, target: _File, content: Stored) -> None:
        """The file of ours becomes the one at the target's path, with that content."""
        if target.path is not None and target.path != mine.path and (there := self._oid(target.path)) is not None:
            self._conflict(_File(None, None), _File(target.path, there), target, moved=mine.path)
            return
        if mine.path is not None and mine.path != target.path:
            self.changes.setdefault(mine.path, None)
        if target.path is not None:
            self.changes[target.path] = content

    def _conflict(
        self, was: _File, mine: _File, other: _File, *, whole: bool = False, moved: str | None = None
    ) -> None:
        path = other.path or mine.path or was.path or ""
        if mine.path is not None and other.path == was.path:
            path = mine.path
        three = (self._data(was.oid), self._data(mine.oid), self._data(other.oid))
        merged = merge_bytes(path, *three)
        if whole and not any(unit.kind == "file" for unit in merged.conflicts):
            merged = as_one(*three)
        take: dict[str, Stored] = dict.fromkeys(name for name in (mine.path, moved) if name is not None)
        if other.path is not None:
            take[other.path] = other.oid
        leave = (mine.path,) if mine.path not in (None, path) else ()
        self.conflicts.append(Conflict(path, *three, merged=merged, take=take, leave=leave))

    def _oid(self, path: str) -> pygit2.Oid | None:
        tree = self.trees[1]
        found = tree[path] if path in tree else None  # noqa: SIM401  (a tree has no get)
        return found.id if isinstance(found, pygit2.Blob) else None

    def _data(self, oid: Stored) -> bytes | None:
        blob = self.repository[oid] if isinstance(oid, pygit2.Oid) else None
        return bytes(blob.data) if isinstance(blob, pygit2.Blob) else None


def _folder(path: str) -> str:
    return path.rpartition("/")[0]


def _files_in(tree: pygit2.Tree, folder: str) -> dict[str, pygit2.Oid]:
    """The files of an adapter's folder by path."""
    found = tree[folder] if folder in tree else None  # noqa: SIM401  (a tree has no get)
    entries = found if isinstance(found, pygit2.Tree) else ()
    return {f"{folder}/{entry.name}": entry.id for entry in entries if isinstance(entry, pygit2.Blob)}


def _difference(ours: Mapping[str, pygit2.Oid], theirs: Mapping[str, pygit2.Oid]) -> dict[str, Stored]:
    """What makes theirs out of ours."""
    return {path: theirs.get(path) for path in {**ours, **theirs} if ours.get(path) != theirs.get(path)}
