"""Merging commits: names and removals, files by what they are, adapters whole, and no process."""

from pathlib import Path

import pytest

from variorum.repos import git
from variorum_client.formats import print_pointer

ANN = git.Author("Ann Lee", "ann@example.org")
PROMPT = b"---\nconfig:\n  temperature: 0\n  top_p: 1\n---\nSort it. Be kind.\n\n" + b"More of it.\n" * 4
A, B, PLACE = "prompts/a.prompt", "prompts/b.prompt", "adapters/triage"
Files = dict[str, bytes | None]


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    path = tmp_path / "1.git"
    git.init_bare(path)
    return path


def three(repository: Path, base: Files, ours: Files, theirs: Files) -> tuple[str, str]:
    """Commits of both sides on top of a base."""
    first = git.commit(repository, "main", base, message="Base", author=ANN, expected_head=git.head(repository))
    git.move_ref(repository, "side", first, expected=git.head(repository, "side"))
    other = git.commit(repository, "side", theirs, message="Theirs", author=ANN, expected_head=first)
    return git.commit(repository, "main", ours, message="Ours", author=ANN, expected_head=first), other


def files_of(repository: Path, merged: git.Merge, ours: str, theirs: str) -> dict[str, bytes]:
    assert merged.conflicts == []
    sha = git.write_commit(repository, str(merged.tree), [ours, theirs], message="Merge", author=ANN)
    git.move_ref(repository, "merged", sha, expected=git.head(repository, "merged"))
    assert git.fsck(repository) == []
    return git.read_files(repository, sha)


def adapter(rank: int) -> Files:
    config = b'{"peft_type": "LORA", "r": %d}\n' % rank
    weights = print_pointer(f"{rank:064x}", rank)
    return {f"{PLACE}/adapter_config.json": config, f"{PLACE}/adapter_model.safetensors": weights}


def warm(text: bytes) -> bytes:
    return text.replace(b"temperature: 0", b"temperature: 1")


def cold(text: bytes) -> bytes:
    return text.replace(b"top_p: 1", b"top_p: 0.5").replace(b"Be kind.", b"Be cool.")


@pytest.mark.parametrize(
    ("ours", "theirs", "expected"),
    [
        ({A: warm(PROMPT)}, {A: cold(PROMPT)}, {A: cold(warm(PROMPT))}),
        ({A: None, B: PROMPT}, {A: cold(PROMPT)}, {B: cold(PROMPT)}),
        ({A: warm(PROMPT)}, {A: None, B: cold(PROMPT)}, {B: cold(warm(PROMPT))}),
        ({A: None, B: PROMPT}, {A: None, B: PROMPT}, {B: PROMPT}),
        ({A: None}, {A: None, B: b"New\n"}, {B: b"New\n"}),
        ({A: None}, {}, {}),
        ({B: b"One\n"}, {A: None, "prompts/c.prompt": PROMPT}, {B: b"One\n", "prompts/c.prompt": PROMPT}),
    ],
)
def test_names_and_contents_merge(repository: Path, ours: Files, theirs: Files, expected: Files) -> None:
    one, other = three(repository, {A: PROMPT, "README.md": b"x\n"}, ours, theirs)
    for left, right in ((one, other), (other, one)):
        merged = git.merge(repository, left, right)
        assert files_of(repository, merged, left, right) == {**expected, "README.md": b"x\n"}


@pytest.mark.parametrize(
    ("ours", "theirs", "path", "take"),
    [
        ({A: None}, {A: warm(PROMPT)}, A, {A: warm(PROMPT)}),
        ({A: warm(PROMPT)}, {A: None}, A, {}),
        ({A: None, B: PROMPT}, {A: None}, B, {}),
        ({A: None, B: PROMPT}, {A: None, "prompts/c.prompt": PROMPT}, "prompts/c.prompt", {"prompts/c.prompt": PROMPT}),
        ({B: b"One\n"}, {B: b"Two\n"}, B, {A: PROMPT, B: b"Two\n"}),
        ({B: b"One\n"}, {A: None, B: PROMPT}, B, {B: PROMPT}),
    ],
)
def test_removed_against_changed_and_two_of_a_name_are_conflicts(
    repository: Path, ours: Files, theirs: Files, path: str, take: Files
) -> None:
    one, other = three(repository, {A: PROMPT, "README.md": b"x\n"}, ours, theirs)
    merged = git.merge(repository, one, other)
    (conflict,) = merged.conflicts
    assert (merged.tree, conflict.path, conflict.whole) == (None, path, True)
    tree = git.write_tree(repository, one, {**merged.changes, **conflict.take})
    sha = git.write_commit(repository, tree, [one, other], message="Theirs", author=ANN)
    assert git.read_files(repository, sha) == {**take, "README.md": b"x\n"}


def test_an_adapter_comes_from_one_side_as_a_whole(repository: Path) -> None:
    card = {f"{PLACE}/card.yaml": b"licence: mit\n"}
    one, other = three(repository, adapter(8), card, adapter(16))
    (conflict,) = git.merge(repository, one, other).conflicts
    assert (conflict.path, conflict.whole) == (PLACE, True)
    tree = git.write_tree(repository, one, conflict.take)
    sha = git.write_commit(repository, tree, [one, other], message="Theirs", author=ANN)
    assert git.read_files(repository, sha) == adapter(16)
    assert b"licence: mit" in (conflict.ours or b"")


def test_an_adapter_that_one_side_changed_merges(repository: Path) -> None:
    one, other = three(repository, {**adapter(8), A: PROMPT}, {A: warm(PROMPT)}, adapter(16))
    merged = git.merge(repository, one, other)
    assert files_of(repository, merged, one, other) == {**adapter(16), A: warm(PROMPT)}


def test_a_file_where_the_other_has_a_folder_is_a_conflict(repository: Path) -> None:
    one, other = three(repository, {"README.md": b"x"}, {"prompts/x": b"1"}, {"prompts/x/y.prompt": b"2"})
    assert [conflict.path for conflict in git.merge(repository, one, other).conflicts] == ["prompts/x"]


def test_fifty_files_merge_without_a_process(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"prompts/{number}.prompt" for number in range(50)]
    one, other = three(
        repository, dict.fromkeys(names, PROMPT), dict.fromkeys(names, warm(PROMPT)), dict.fromkeys(names, cold(PROMPT))
    )
    with monkeypatch.context() as patched:
        patched.setattr("subprocess.Popen", _no_process)
        merged = git.merge(repository, one, other)
    assert files_of(repository, merged, one, other) == dict.fromkeys(names, cold(warm(PROMPT)))


def _no_process(*_arguments: object, **_options: object) -> None:
    raise AssertionError("a process was started")
