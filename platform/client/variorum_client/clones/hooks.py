"""The pre-commit hook of a clone: `variorum check --staged` before every commit."""

import shutil
import sys
from pathlib import Path
from shlex import quote

from variorum_client.clones.clone import run_git
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
    found = shutil.which("variorum")
    command = quote(found) if found else f"{quote(sys.executable)} -m variorum_client.cli"
    fresh = file.with_name("pre-commit.new")
    fresh.write_text(f"#!/bin/sh\n{_MARK}\nexec {command} check --staged\n")
    fresh.chmod(0o755)
    fresh.replace(file)
    return file
