"""The pre-commit hook of a clone: `variorum check --staged` before every commit."""

from pathlib import Path

from variorum_client.clones.clone import run_git
from variorum_client.clones.keys import own_command
from variorum_client.errors import CloneError

_MARK = "# Written by `variorum check --install-hook`."


def install_hook(top: Path) -> Path:
    """Write the hook and give its path. Raises CloneError when a hook of somebody else's is there."""
    from git import Repo

    with Repo(top) as repo:
        done = run_git(repo, "rev-parse", "--git-path", "hooks")
    file = (top / done.out.strip()) / "pre-commit"
    if file.exists() and _MARK not in file.read_text(errors="replace"):
        raise CloneError(f"{file} is there already: add the line `variorum check --staged` to it.")
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_name("pre-commit.new")
    fresh.write_text(f"#!/bin/sh\n{_MARK}\nexec {own_command()} check --staged\n")
    fresh.chmod(0o755)
    fresh.replace(file)
    return file
