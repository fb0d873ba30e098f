"""Histories that crossed, each having merged the other: nothing that either side decided is lost in silence."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from variorum.repos import git

ANN = git.Author("Ann Lee", "ann@example.org")
PATH = "configs/desk.yaml"
KEYS = "abc"
PICKS = ("base", "ours", "theirs")
Values = dict[str, int]
Files = dict[str, bytes | None]


def text(values: Values) -> bytes:
    return "".join(f"{key}: {value}\n" for key, value in values.items()).encode()


def values(path: Path, commit: str) -> Values:
    lines = git.read_file(path, commit, PATH).decode().splitlines()
    return {line[0]: int(line[3:]) for line in lines}


def save(path: Path, ref: str, files: Files, *parents: str) -> str:
    """A commit on a branch; with two parents it is a merge by hand, of these files on top of the first."""
    head = git.head(path, ref)
    if len(parents) < 2:
        return git.commit(path, ref, files, message="Edit", author=ANN, expected_head=head)
    tree = git.write_tree(path, parents[0], files)
    made = git.write_commit(path, tree, list(parents), message="Merge", author=ANN)
    git.move_ref(path, ref, made, expected=head)
    return made


def crossed(path: Path, base: Files, one: Files, other: Files, ours: Files, theirs: Files) -> tuple[str, str]:
    """main and side changed the base, then each merged the other's first change, with these files as the outcome."""
    git.init_bare(path)
    first = save(path, "main", base)
    git.move_ref(path, "side", first, expected=None)
    left, right = save(path, "main", one), save(path, "side", other)
    return save(path, "main", ours, left, right), save(path, "side", theirs, right, left)


def test_what_both_merged_alike_and_went_on_from_merges(tmp_path: Path) -> None:
    """One common ancestor alone has a: 1 or b: 1, so taking `a` back would be taken for never having had it."""
    both = {"a": 1, "b": 1, "c": 0}
    start: Files = {PATH: text({"a": 0, "b": 0, "c": 0})}
    heads = crossed(
        tmp_path / "1.git",
        start,
        {PATH: text({"a": 1, "b": 0, "c": 0})},
        {PATH: text({"a": 0, "b": 1, "c": 0})},
        {PATH: text({**both, "a": 0})},
        {PATH: text({**both, "b": 0})},
    )
    for left, right in (heads, heads[::-1]):
        merged = git.merge(tmp_path / "1.git", left, right)
        assert merged.conflicts == []
        tree = git.write_commit(tmp_path / "1.git", str(merged.tree), [left], message="x", author=ANN)
        assert values(tmp_path / "1.git", tree) == {"a": 0, "b": 0, "c": 0}
    assert git.fsck(tmp_path / "1.git") == []


@pytest.mark.parametrize(
    ("one", "other", "ours", "theirs"),
    [
        ({PATH: b"a: 1\n"}, {PATH: b"a: 2\n"}, {PATH: b"a: 1\n"}, {PATH: b"a: 2\n"}),
        ({PATH: b"a: 1\n"}, {PATH: b"a: 2\n"}, {PATH: b"a: 0\n"}, {PATH: b"a: 2\n"}),
        ({PATH: None}, {PATH: b"a: 2\n"}, {PATH: None}, {PATH: b"a: 2\n"}),
        ({"README.md": b"1\n"}, {"README.md": b"2\n"}, {"README.md": b"1\n"}, {"README.md": b"2\n"}),
        ({PATH: None, "configs/x.yaml": b"a: 0\n"}, {PATH: None, "configs/y.yaml": b"a: 0\n"}, {}, {}),
        ({"docs": b"1\n"}, {"docs/a.md": b"2\n"}, {"docs": b"1\n"}, {"docs/a.md": b"2\n"}),
    ],
)
def test_each_decided_the_other_way_is_a_conflict(
    tmp_path: Path, one: Files, other: Files, ours: Files, theirs: Files
) -> None:
    heads = crossed(tmp_path / "1.git", {PATH: b"a: 0\n"}, one, other, ours, theirs)
    for left, right in (heads, heads[::-1]):
        assert git.merge(tmp_path / "1.git", left, right).conflicts != []


class History:
    """Two branches of one file; for every setting which commits decided its value."""

    def __init__(self, path: Path) -> None:
        self.path, self.count = path, 0
        git.init_bare(path)
        first = save(path, "main", {PATH: text(dict.fromkeys(KEYS, 0))})
        git.move_ref(path, "side", first, expected=None)
        self.decided = {ref: {key: {first} for key in KEYS} for ref in ("main", "side")}

    def edit(self, ref: str, key: str) -> None:
        self.count += 1
        head = git.head(self.path, ref) or ""
        made = save(self.path, ref, {PATH: text({**values(self.path, head), key: self.count})})
        self.decided[ref][key] = {made}

    def cross(self, ref: str, commit: str, decided: dict[str, set[str]], pick: Any) -> None:
        """Merge the other branch as it was; what clashes becomes what is picked."""
        head = git.head(self.path, ref) or ""
        merged = git.merge(self.path, head, commit)
        files: dict[str, Any] = dict(merged.changes)
        for clash in merged.conflicts:
            side = "theirs" if clash.whole and pick == "base" else pick
            found = clash.merged.taking(side)
            files[clash.path] = None if found is None else found.encode()
        mine, other = values(self.path, head), values(self.path, commit)
        made = save(self.path, ref, files, head, commit)
        self.check(mine, other, made, head, commit, self.decided[ref], decided, clean=not merged.conflicts)
        now = values(self.path, made)
        for key in KEYS:
            if merged.conflicts:
                self.decided[ref][key] = {made}
            elif mine[key] == other[key]:
                self.decided[ref][key] = self.decided[ref][key] | decided[key]
            elif now[key] == other[key]:
                self.decided[ref][key] = decided[key]

    def check(
        self, mine: Values, other: Values, made: str, head: str, commit: str,
        ours: dict[str, set[str]], theirs: dict[str, set[str]], *, clean: bool,
    ) -> None:  # fmt: skip
        """Who gives way without being asked had decided nothing that the other did not know of."""
        if not clean:
            return
        now = values(self.path, made)
        for key in KEYS:
            assert now[key] in (mine[key], other[key])
            if now[key] != mine[key]:
                assert any(git.is_ancestor(self.path, each, commit) for each in ours[key])
            if now[key] != other[key]:
                assert any(git.is_ancestor(self.path, each, head) for each in theirs[key])


steps = st.lists(
    st.one_of(
        st.tuples(st.just("edit"), st.sampled_from(["main", "side"]), st.sampled_from(KEYS)),
        st.tuples(st.just("cross"), st.sampled_from(PICKS), st.sampled_from(PICKS)),
        st.tuples(st.just("take"), st.sampled_from(["main", "side"]), st.sampled_from(PICKS)),
    ),
    min_size=4,
    max_size=10,
)


@given(steps)
@settings(max_examples=40, deadline=None)
def test_nobody_s_decision_is_lost_in_silence(done: list[tuple[str, str, str]]) -> None:
    with TemporaryDirectory() as folder:
        history = History(Path(folder) / "1.git")
        for kind, first, second in [*done, ("take", "main", "ours")]:
            heads = {ref: git.head(history.path, ref) or "" for ref in ("main", "side")}
            known = {ref: {key: set(each) for key, each in history.decided[ref].items()} for ref in heads}
            if kind == "edit":
                history.edit(first, second)
            elif kind == "cross":
                history.cross("main", heads["side"], known["side"], first)
                history.cross("side", heads["main"], known["main"], second)
            else:
                other = "side" if first == "main" else "main"
                history.cross(first, heads[other], known[other], second)
