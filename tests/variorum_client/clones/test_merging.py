"""The merge driver, as Git itself calls it."""

import subprocess
import sys
from pathlib import Path

import pytest

from variorum_client.cli import main

PROMPT = "---\nmodel: a/b\nconfig:\n  temperature: 0\n  top_p: 1\n---\nSort it. Be kind. Be short.\n"
PATH = "prompts/a.prompt"


def git(folder: Path, *arguments: str, accept: int = 0) -> None:
    names = ("-c", "user.name=Ann", "-c", "user.email=ann@example.org")
    done = subprocess.run(["git", "-C", str(folder), *names, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == accept, done.stdout + done.stderr


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q", "-b", "main")
    git(tmp_path, "config", "merge.variorum.driver", f"{sys.executable} -m variorum_client.cli merge-file %O %A %B %P")
    (tmp_path / ".git" / "info" / "attributes").write_text("*.prompt merge=variorum\n")
    write(tmp_path, PROMPT)
    return tmp_path


def write(folder: Path, text: str) -> None:
    (folder / "prompts").mkdir(exist_ok=True)
    (folder / PATH).write_text(text)
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "Change")


def both(folder: Path, ours: str, theirs: str) -> None:
    git(folder, "switch", "-q", "-c", "side")
    write(folder, theirs)
    git(folder, "switch", "-q", "main")
    write(folder, ours)


def test_git_merges_by_setting_and_sentence(clone: Path) -> None:
    ours, theirs = (
        (("temperature: 0", "temperature: 1"), ("Be kind.", "Be nice.")),
        (("top_p: 1", "top_p: 0"), ("short", "brief")),
    )
    both(clone, changed(*ours), changed(*theirs))
    git(clone, "merge", "-q", "--no-edit", "side")
    assert (clone / PATH).read_text() == changed(*ours, *theirs)


def test_git_is_told_of_a_conflict(clone: Path) -> None:
    both(clone, changed(("Be kind.", "Be nice.")), changed(("Be kind.", "Be funny."), ("top_p: 1", "top_p: 0")))
    git(clone, "merge", "-q", "--no-edit", "side", accept=1)
    assert (clone / PATH).read_text() == changed(("top_p: 1", "top_p: 0")).replace(
        "Sort it. Be kind. Be short.",
        "Sort it.\n<<<<<<< ours\nBe nice.\n||||||| base\nBe kind.\n=======\nBe funny.\n>>>>>>> theirs\nBe short.",
    )


def test_what_does_not_fit_together_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    base = "---\ninput:\n  schema:\n    a: string\n---\nSort it. Use {{a}}.\n"
    texts = (
        base,
        base.replace("    a: string\n", "    b: string\n").replace("{{a}}", "{{b}}"),
        base.replace("it", "{{a}}"),
    )
    names = [str(tmp_path / name) for name in ("base", "ours", "theirs")]
    for name, text in zip(names, texts, strict=True):
        Path(name).write_text(text)
    assert main(["merge-file", *names, PATH]) == 1
    assert "'a' is not in the input schema" in capsys.readouterr().err


def changed(*pairs: tuple[str, str]) -> str:
    text = PROMPT
    for old, new in pairs:
        text = text.replace(old, new)
    return text
