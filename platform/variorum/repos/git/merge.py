"""Three-way merge of commits without a work tree and without a process; files merge by what they are."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pygit2
from pygit2.enums import DeltaStatus

from variorum.repos.git.bases import merge_bases
from variorum.repos.git.errors import BadPath
from variorum.repos.git.handle import open_repository, patient
from variorum.repos.git.read import commit_of
from variorum.repos.git.write import Stored, write_tree
from variorum_client.formats import kind_of
from variorum_client.formats.merging import Merged, adapter_text, as_one, merge_adapter, merge_bytes

MAX_DEPTH = 8  # how often histories may have crossed before what they share is not merged any more
SMALL = 100_000  # bytes of three contents together
KEPT = 1024
_known: dict[tuple[str, str, str, str], Merged] = {}
_NOBODY = pygit2.Signature("Variorum", "variorum@localhost", 0, 0)


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
    def versions(self) -> tuple[bytes | None, ...]:
        """The file as it is with everything undecided taken from the base, from ours, from theirs."""
        if self.whole:
            return self.base, self.ours, self.theirs
        texts = (self.merged.taking("base"), self.merged.taking("ours"), self.merged.taking("theirs"))
        return tuple(None if text is None else text.encode() for text in texts)

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


@dataclass(frozen=True)
class _Base:
    """What both sides began with. Where histories cross it is several commits merged, and in doubt where they clash:
    files with all that they may have been (at least two different contents), and folders of adapters.
    """

    tree: pygit2.Tree
    files: Mapping[str, tuple[bytes | None, ...]] = field(default_factory=dict)
    folders: frozenset[str] = frozenset()


@patient
def merge(path: Path, ours: str, theirs: str) -> Merge:
    """Merge commit ``theirs`` into commit ``ours``: each file by what it is, adapters whole; moves no ref.

    Where histories cross, what they share is merged first, as Git's recursive strategy does.
    """
    return _merge(path, ours, theirs, 0)


def _merge(path: Path, ours: str, theirs: str, depth: int) -> Merge:
    repository = open_repository(path)
    one, other = commit_of(repository, ours), commit_of(repository, theirs)
    bases = [str(base) for base in merge_bases(repository, one.id, other.id)]
    return _apply(path, ours, _joined(path, bases, depth), other.tree)


def merge_trees(path: Path, ours: str, base: pygit2.Tree, theirs: pygit2.Tree) -> Merge:
    """Apply to the files of commit ``ours`` what leads from one tree to another."""
    return _apply(path, ours, _Base(base), theirs)


def _joined(path: Path, bases: list[str], depth: int) -> _Base:
    """The bases merged, one after the other."""
    repository = open_repository(path)
    if not bases:
        return _Base(repository[repository.TreeBuilder().write()].peel(pygit2.Tree))
    first, *more = bases
    found = _Base(commit_of(repository, first).tree)
    for other in more:
        found = _two_joined(path, found, first, other, depth)
        first = str(repository.create_commit(None, _NOBODY, _NOBODY, "", found.tree.id, [first, other]))
    return found


def _two_joined(path: Path, known: _Base, first: str, other: str, depth: int) -> _Base:
    repository = open_repository(path)
    merged = _merge(path, first, other, depth + 1) if depth < MAX_DEPTH else None
    clashes = merged.conflicts if merged else []
    if merged is None or any(not clash.folder and (clash.leave or {*clash.take} - {clash.path}) for clash in clashes):
        return _all_in_doubt(repository, known, first, other)
    try:
        tree = repository[write_tree(path, first, merged.changes)].peel(pygit2.Tree)
    except BadPath:
        return _all_in_doubt(repository, known, first, other)
    files = {clash.path: clash.versions for clash in clashes if not clash.folder}
    folders = {clash.path for clash in clashes if clash.folder}
    return _Base(tree, _either(known.files, files), known.folders | folders)


def _all_in_doubt(repository: pygit2.Repository, known: _Base, first: str, other: str) -> _Base:
    """Two bases that cannot be merged (renamed crosswise, a file here and a folder there): all that differs."""
    one, two = commit_of(repository, first).tree, commit_of(repository, other).tree
    deltas = one.diff_to_tree(two).deltas
    paths = {side.path for delta in deltas for side in (delta.old_file, delta.new_file)}
    files = {
        path: tuple(_data(repository, _oid(tree, path)) for tree in (one, two))
        for path in paths
        if kind_of(path) != "adapter"
    }
    folders = {_folder(path) for path in paths if kind_of(path) == "adapter"}
    return _Base(one, _either(known.files, files), known.folders | folders)


def _either(
    one: Mapping[str, tuple[bytes | None, ...]], other: Mapping[str, tuple[bytes | None, ...]]
) -> dict[str, tuple[bytes | None, ...]]:
    return {path: (*one.get(path, ()), *other.get(path, ())) for path in {**one, **other}}


def _apply(path: Path, ours: str, base: _Base, theirs: pygit2.Tree) -> Merge:
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

    def __init__(self, base: _Base, tree: pygit2.Tree) -> None:
        self.apart = base.files.keys()
        self.files: dict[str, _File] = {}
        self.before: dict[str, pygit2.Oid] = {}
        self.added: dict[str, pygit2.Oid] = {}
        diff = base.tree.diff_to_tree(tree)
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
        elif old.path != new.path and (
            "adapter" in (kind_of(old.path), kind_of(new.path)) or {old.path, new.path} & self.apart
        ):
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

    def __init__(self, repository: pygit2.Repository, base: _Base, ours: pygit2.Tree, theirs: pygit2.Tree) -> None:
        self.repository, self.base, self.trees = repository, base, (base.tree, ours, theirs)
        self.ours, self.theirs = _Side(base, ours), _Side(base, theirs)
        self.changes: dict[str, Stored] = {}
        self.conflicts: list[Conflict] = []

    def run(self) -> None:
        """Adapters by folder, then every other file by its path in the base, then new files."""
        touched = [side.changed() for side in (self.ours, self.theirs)]
        folders = [{_folder(path) for path in paths if kind_of(path) == "adapter"} for paths in touched]
        for folder in sorted(folders[1] | self.base.folders):
            self._adapter(folder, both=folder in folders[0] | self.base.folders)
        for path in sorted(self.base.files):
            self._doubtful(path)
        before = {**self.ours.before, **self.theirs.before}
        for path in sorted(before.keys() - self.base.files.keys()):
            if kind_of(path) != "adapter":
                self._file(path, before[path])
        for path in sorted(self.theirs.added.keys() - self.base.files.keys()):
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

    def _doubtful(self, path: str) -> None:
        """Nobody knows what both began with: it merges if it does whatever that was, and always to the same."""
        mine, other = (_oid(tree, path) for tree in self.trees[1:])
        if mine == other:
            return
        ours, theirs = self._data(mine), self._data(other)
        tried = [merge_bytes(path, before, ours, theirs) for before in self.base.files[path]]
        if all(not merged.conflicts and merged == tried[0] for merged in tried):
            content = tried[0].content
            self.changes[path] = None if content is None else content.encode()
            return
        self.conflicts.append(Conflict(path, None, ours, theirs, as_one(None, ours, theirs), {path: other}))

    def _both(self, was: _File, mine: _File, other: _File) -> None:
        """Both changed it: its name and its text are merged, each by itself."""
        target = mine if other.path == was.path else other
        if len({was.oid, mine.oid, other.oid}) < 3:
            self._replace(mine, target, mine.oid if other.oid == was.oid else other.oid)
            return
        merged = self._texts(target.path or "", was.oid, mine.oid, other.oid)
        if merged.content is None:
            self._conflict(was, mine, other)
        else:
            self._replace(mine, target, merged.content.encode())

    def _texts(self, path: str, base: Stored, ours: Stored, theirs: Stored) -> Merged:
        """Three contents merged; small ones are remembered, since a blob never changes."""
        key = (path, str(base), str(ours), str(theirs))
        found = _known.get(key)
        if found is None:
            three = [self._data(oid) for oid in (base, ours, theirs)]
            found = merge_bytes(path, *three)
            if sum(len(data or b"") for data in three) < SMALL:
                _known[key] = found
                while len(_known) > KEPT:
                    _known.pop(next(iter(_known)), None)
        return found

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
        merged = self._texts(path, was.oid, mine.oid, other.oid)
        if whole and not any(unit.kind == "file" for unit in merged.conflicts):
            merged = as_one(*three)
        take: dict[str, Stored] = dict.fromkeys(name for name in (mine.path, moved) if name is not None)
        if other.path is not None:
            take[other.path] = other.oid
        leave = (mine.path,) if mine.path not in (None, path) else ()
        self.conflicts.append(Conflict(path, *three, merged=merged, take=take, leave=leave))

    def _oid(self, path: str) -> pygit2.Oid | None:
        return _oid(self.trees[1], path)

    def _data(self, oid: Stored) -> bytes | None:
        return _data(self.repository, oid)


def _oid(tree: pygit2.Tree, path: str) -> pygit2.Oid | None:
    found = tree[path] if path in tree else None  # noqa: SIM401  (a tree has no get)
    return found.id if isinstance(found, pygit2.Blob) else None


def _data(repository: pygit2.Repository, oid: Stored) -> bytes | None:
    blob = repository[oid] if isinstance(oid, pygit2.Oid) else None
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
