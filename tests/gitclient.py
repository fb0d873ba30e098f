"""The real git client, as a person has it, in a folder of its own."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit


@dataclass
class Done:
    """One git command: exit status and everything it said."""

    code: int
    out: str


def environment(home: Path) -> dict[str, str]:
    """No configuration of this machine, nobody to ask, a name for commits."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_AUTHOR_NAME": "Gitta",
        "GIT_AUTHOR_EMAIL": "gitta@example.org",
        "GIT_COMMITTER_NAME": "Gitta",
        "GIT_COMMITTER_EMAIL": "gitta@example.org",
        "LC_ALL": "C.UTF-8",
    }


def address(web: str, key: str, project: str = "support-desk") -> str:
    """A clone address with its key as the password."""
    parts = urlsplit(web)
    return f"{parts.scheme}://me:{key}@{parts.netloc}/{project}.git"


class Clone:
    """A work tree."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def of(cls, url: str, folder: Path, *options: str) -> "Clone":
        """Clone, or fail with what git says."""
        folder.parent.mkdir(parents=True, exist_ok=True)
        clone = cls(folder)
        done = clone.run("clone", "-q", *options, url, str(folder), at=folder.parent)
        assert done.code == 0, done.out
        return clone

    def run(self, *arguments: str, at: Path | None = None) -> Done:
        """Any git command."""
        done = subprocess.run(
            ["git", "-c", "init.defaultBranch=main", "-c", "protocol.file.allow=always", *arguments],
            cwd=at or self.folder,
            env=environment(self.folder.parent),
            capture_output=True,
            text=True,
            errors="replace",
            timeout=300,
            check=False,
        )
        return Done(done.returncode, done.stdout + done.stderr)

    def git(self, *arguments: str) -> str:
        """A command that must succeed."""
        done = self.run(*arguments)
        assert done.code == 0, done.out
        return done.out.strip()

    def write(self, files: dict[str, str | bytes]) -> None:
        """Put files into the work tree."""
        for name, content in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)

    def commit(self, files: dict[str, str | bytes], message: str = "Change") -> str:
        """Write, add and commit; the new commit's id."""
        self.write(files)
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message)
        return self.git("rev-parse", "HEAD")

    def push(self, *arguments: str) -> Done:
        """git push origin ..."""
        return self.run("push", "origin", *arguments)
