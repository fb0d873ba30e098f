"""The Git module against the real git binary."""

import subprocess
from pathlib import Path

import pytest

from variorum.repos import git

ANN = git.Author("Ann Example", "ann@example.com")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    path = tmp_path / "1.git"
    git.init_bare(path)
    return path


def save(path: Path, files: dict[str, bytes | None], ref: str = "main", message: str = "Change") -> str:
    return git.commit(path, ref, files, message=message, author=ANN, expected_head=git.head(path, ref))


def real(path: Path, *arguments: str) -> str:
    command = ["git", "-c", f"safe.directory={path}", "--git-dir", str(path), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def test_a_commit_is_what_git_says_it_is(repository: Path) -> None:
    first = save(repository, {"README.md": b"hi\n", "prompts/a/b.prompt": b"x\n"}, message="First\n\nWhy.")
    assert real(repository, "rev-parse", "main").strip() == first
    assert real(repository, "ls-tree", "-r", "--name-only", first).split() == [
        "README.md",
        "prompts/a/b.prompt",
    ]
    assert real(repository, "show", f"{first}:prompts/a/b.prompt") == "x\n"
    log = real(repository, "log", "-1", "--format=%an|%ae|%cn|%s|%b").strip()
    assert log == "Ann Example|ann@example.com|Variorum|First|Why."
    assert git.fsck(repository) == []


def test_reading(repository: Path) -> None:
    first = save(repository, {"README.md": b"hi\n", "prompts/a.prompt": b"one\n"})
    second = save(repository, {"prompts/a.prompt": b"two two\n"}, message="Say it twice\n\nLouder.")
    assert git.read_file(repository, first, "prompts/a.prompt") == b"one\n"
    assert git.read_files(repository, second, ["README.md", "gone"]) == {"README.md": b"hi\n"}
    assert git.read_files(repository, second) == {"README.md": b"hi\n", "prompts/a.prompt": b"two two\n"}
    assert [(entry.path, entry.size) for entry in git.list_tree(repository, second)] == [
        ("README.md", 3),
        ("prompts/a.prompt", 8),
    ]
    info = git.commit_info(repository, second)
    assert (info.parents, info.author_name, info.subject, info.body) == (
        (first,), "Ann Example", "Say it twice", "Louder.",
    )  # fmt: skip


@pytest.mark.parametrize("file", ["", "/", "prompts", "prompts/", "../x", "a\0b", "nö", "\udcff", "x" * 5000])
def test_a_file_that_is_not_there(repository: Path, file: str) -> None:
    first = save(repository, {"prompts/a.prompt": b"one\n"})
    with pytest.raises(git.Missing):
        git.read_file(repository, first, file)
    assert git.log(repository, first, file or "-") == [] or file.startswith("prompts")


@pytest.mark.parametrize(
    "name", ["", "nope", "HEAD~1", "main^", ":/x", "main@{1}", "0" * 40, "\0", "..", "f" * 7, "é" * 20]
)
def test_a_name_that_means_nothing(repository: Path, name: str) -> None:
    save(repository, {"README.md": b"hi\n"})
    with pytest.raises(git.Missing):
        git.resolve(repository, name)


def test_names_that_mean_something(repository: Path) -> None:
    first = save(repository, {"README.md": b"hi\n"})
    git.move_ref(repository, "drafts/1", first, expected=None)
    assert {git.resolve(repository, name) for name in ("main", "drafts/1", first, first[:8])} == {first}
    assert git.heads(repository, "drafts/") == {"drafts/1": first}
    tree = real(repository, "rev-parse", f"{first}^{{tree}}").strip()
    with pytest.raises(git.Missing):
        git.resolve(repository, tree)


def test_history_of_all_and_of_one_path(repository: Path) -> None:
    shas = [save(repository, {"a": str(i).encode(), "b": str(i // 3).encode()}, message=f"c{i}") for i in range(6)]
    assert [info.sha for info in git.log(repository, "main" and shas[-1], limit=2, skip=1)] == [
        shas[4],
        shas[3],
    ]
    assert [info.sha for info in git.log(repository, shas[-1], "b")] == [shas[3], shas[0]]
    assert [info.subject for info in git.log(repository, shas[-1], "a", limit=2, skip=2)] == ["c3", "c2"]
    assert git.log(repository, shas[-1], ":(glob)**") == []


def test_nothing_changed_makes_no_commit(repository: Path) -> None:
    first = save(repository, {"a": b"1"})
    assert save(repository, {"a": b"1"}) == first
    assert save(repository, {"gone": None, "x/y": None}) == first


def test_deleting_the_last_file_leaves_an_empty_tree(repository: Path) -> None:
    save(repository, {"x/y": b"1"})
    assert git.list_tree(repository, save(repository, {"x/y": None})) == []


def test_files_and_folders_trade_places_only_when_told(repository: Path) -> None:
    save(repository, {"x/y": b"1", "z": b"2"})
    for clash in ({"x": b"3"}, {"z/a": b"3"}):
        with pytest.raises(git.BadPath):
            save(repository, clash)
    assert real(repository, "ls-tree", "-r", "--name-only", save(repository, {"x": b"3", "x/y": None})).split() == [
        "x",
        "z",
    ]
    after = save(repository, {"z": None, "z/a": b"4"})
    assert real(repository, "ls-tree", "-r", "--name-only", after).split() == ["x", "z/a"]


@pytest.mark.parametrize(
    "path",
    [
        "", "/etc/passwd", "../up", "a//b", "a/./b", ".git/config", "a/.GIT/x", "a/.g\u200cit/x", "git~1",
        "a\0b", "a\nb", "C:x", "a\\b", "trailing ", "dot.", "nfd-e\u0301", "x" * 401,
        "/".join("abcdefghijklm"), "\udcff", ".gitmodules",
    ],
)  # fmt: skip
def test_paths_that_no_repository_may_hold(repository: Path, path: str) -> None:
    with pytest.raises(git.BadPath):
        save(repository, {path: b"x"})
    assert git.head(repository) is None


def test_sizes(repository: Path) -> None:
    save(repository, {"full": b"x" * git.MAX_FILE})
    for files in ({"over": b"x" * (git.MAX_FILE + 1)}, {f"f{i}": b"" for i in range(501)}):
        with pytest.raises(git.BadPath):
            save(repository, files)


@pytest.mark.parametrize("name", ["", "<>", "\n", "a\0b", "<x@y>", "Zoë 🙂", "." * 9, "x" * 900])
def test_any_name_makes_a_sound_commit(repository: Path, name: str) -> None:
    author = git.Author(name, name)
    git.commit(repository, "main", {"a": b"1"}, message=f"m\0{name}", author=author, expected_head=None)
    assert git.fsck(repository) == []


def test_a_stale_writer_is_refused(repository: Path) -> None:
    first = save(repository, {"a": b"1"})
    second = save(repository, {"a": b"2"})
    with pytest.raises(git.StaleHead) as caught:
        git.commit(repository, "main", {"a": b"3"}, message="late", author=ANN, expected_head=first)
    assert (caught.value.expected, caught.value.actual) == (first, second)
    assert git.read_file(repository, second, "a") == b"2"


def test_refs_move_by_compare_and_swap(repository: Path) -> None:
    first, second = save(repository, {"a": b"1"}), save(repository, {"a": b"2"})
    git.move_ref(repository, "drafts/1", first, expected=None)
    for expected in (None, second):
        with pytest.raises(git.StaleHead):
            git.move_ref(repository, "drafts/1", second, expected=expected)
    git.move_ref(repository, "drafts/1", second, expected=first)
    with pytest.raises(git.StaleHead):
        git.move_ref(repository, "drafts/1", None, expected=first)
    git.move_ref(repository, "drafts/1", None, expected=second)
    assert git.head(repository, "drafts/1") is None
    with pytest.raises(git.Missing):
        git.move_ref(repository, "drafts/2", "0" * 40, expected=None)


def test_diff_numbers_lines_on_both_sides(repository: Path) -> None:
    first = save(repository, {"a": b"1\n2\n3\n4\n5\n6\n7\n8\n", "gone": b"x\n", "old/name": b"same\n" * 9})
    second = save(
        repository,
        {
            "a": b"1\n2\n3\n4\nfive\n6\n7\n8",
            "gone": None,
            "old/name": None,
            "new/name": b"same\n" * 9,
            "bin": b"\0\1",
        },
    )
    files = {file.path: file for file in git.diff(repository, first, second, context=1)}
    assert {path: file.status for path, file in files.items()} == {
        "a": "modified", "bin": "added", "gone": "deleted", "new/name": "renamed",
    }  # fmt: skip
    assert (files["new/name"].old_path, files["bin"].binary, files["gone"].removed) == ("old/name", True, 1)
    (hunk,) = files["a"].hunks
    assert [(line.kind, line.old, line.new, line.text) for line in hunk.lines] == [
        ("context", 4, 4, "4"), ("removed", 5, None, "5"), ("added", None, 5, "five"), ("context", 6, 6, "6"),
        ("context", 7, 7, "7"), ("removed", 8, None, "8"), ("added", None, 8, "8"),
    ]  # fmt: skip
    assert [line.unended for line in hunk.lines] == [False] * 6 + [True]
    assert git.changed_paths(repository, first, second) == {"a", "gone", "old/name", "new/name", "bin"}


def test_diff_from_nothing_and_of_invalid_utf8(repository: Path) -> None:
    first = save(repository, {"a": b"caf\xe9\n"})
    (file,) = git.diff(repository, None, first)
    assert (file.status, file.hunks[0].lines[0].text) == ("added", "caf\ufffd")


def test_a_huge_diff_is_cut(repository: Path) -> None:
    first = save(repository, {"README.md": b"x"})
    second = save(repository, {f"f{i}": b"line\n" * 9000 for i in range(3)})
    assert [file.truncated for file in git.diff(repository, first, second)] == [False, False, True]


def test_merge_agrees_with_git(repository: Path) -> None:
    base = save(repository, {"a": b"1\n2\n3\n4\n5\n", "b": b"b\n", "c": b"c\n"})
    git.move_ref(repository, "drafts/1", base, expected=None)
    theirs = save(repository, {"a": b"one\n2\n3\n4\n5\n", "b": None, "n": b"n\n"}, ref="drafts/1")
    ours = save(repository, {"a": b"1\n2\n3\n4\nfive\n", "c": b"cc\n"})
    merged = git.merge(repository, ours, theirs)
    assert merged.conflicts == []
    assert merged.tree == real(repository, "merge-tree", "--write-tree", ours, theirs).split()[0]
    sha = git.write_commit(repository, merged.tree, [ours, theirs], message="Merge", author=ANN)
    git.move_ref(repository, "main", sha, expected=ours)
    assert git.read_files(repository, sha) == {"a": b"one\n2\n3\n4\nfive\n", "c": b"cc\n", "n": b"n\n"}
    assert (git.is_ancestor(repository, theirs, sha), git.is_ancestor(repository, sha, ours)) == (True, False)
    assert git.merge_base(repository, ours, theirs) == base
    assert [git.ahead(repository, ours, sha), git.ahead(repository, theirs, ours)] == [2, 1]
    assert {commit.sha for commit in git.log(repository, sha, beyond=ours)} == {theirs, sha}
    assert git.ahead(repository, None, sha) == int(real(repository, "rev-list", "--count", sha))
    assert git.fsck(repository) == []


def test_conflicts_show_all_sides(repository: Path) -> None:
    base = save(repository, {"a": b"1\n", "b": b"b\n"})
    git.move_ref(repository, "drafts/1", base, expected=None)
    theirs = save(repository, {"a": b"theirs\n", "b": None, "n": b"theirs\n"}, ref="drafts/1")
    ours = save(repository, {"a": b"ours\n", "b": b"bb\n", "n": b"ours\n"})
    merged = git.merge(repository, ours, theirs)
    assert merged.tree is None
    assert [(each.path, each.base, each.ours, each.theirs, each.whole) for each in merged.conflicts] == [
        ("a", b"1\n", b"ours\n", b"theirs\n", False),
        ("b", b"b\n", b"bb\n", None, True),
        ("n", None, b"ours\n", b"theirs\n", True),
    ]


def test_no_repository(tmp_path: Path) -> None:
    for use in (git.head, git.list_tree):
        with pytest.raises(git.Missing):
            use(tmp_path / "none.git", "main")


def test_creating_twice_keeps_the_first(repository: Path) -> None:
    first = save(repository, {"a": b"1"})
    git.init_bare(repository)
    assert git.head(repository) == first
    assert [entry.name for entry in repository.parent.iterdir()] == ["1.git"]
