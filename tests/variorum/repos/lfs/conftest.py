"""A real web process, keys, and the real git-lfs client in folders of its own."""

import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from variorum.accounts.models import Project
from variorum.repos import services

Get = Callable[..., httpx.Client]
JSON = "application/vnd.git-lfs+json"


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def lfs(web: str, transactional_db: None, project: Project, make_key: Callable[..., str]) -> Iterator[Get]:
    """lfs("write") -> a client of /support-desk.git/info/lfs with a key of these scopes; lfs() -> nobody."""
    services.ensure_repository(project)

    def make(*scopes: str, token: str = "", project: str = "support-desk") -> httpx.Client:
        key = token or (make_key(*scopes) if scopes else "")
        headers = {"Accept": JSON, "Content-Type": JSON}
        address = f"{web}/{project}.git/info/lfs/"
        auth = ("key", key) if key else None
        clients.append(httpx.Client(base_url=address, headers=headers, auth=auth, timeout=60))
        return clients[-1]

    clients: list[httpx.Client] = []
    yield make
    for client in clients:
        client.close()


@dataclass(frozen=True)
class Git:
    """The git binary in one clone, with a home of its own."""

    folder: Path
    home: Path

    def __call__(self, *arguments: str, ok: bool = True) -> str:
        """Run it; both outputs. Fails when it ends with another status than expected."""
        done = subprocess.run(
            ["git", *arguments],
            cwd=self.folder,
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(self.home),
                "GIT_TERMINAL_PROMPT": "0",
                "GIT_CONFIG_NOSYSTEM": "1",
                "LC_ALL": "C",
            },
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        text = done.stdout + done.stderr
        assert (done.returncode == 0) is ok, text
        return text


@pytest.fixture
def new_git(tmp_path: Path) -> Callable[[str], Git]:
    """new_git("ada") -> git in an empty folder `ada`, LFS installed for that person alone. Skips without git-lfs."""
    if shutil.which("git-lfs") is None:
        text = "git-lfs is not installed here (apt-get install git-lfs)"
        pytest.fail(text) if os.environ.get("CI") == "true" else pytest.skip(text)

    def make(name: str) -> Git:
        home, folder = tmp_path / f"{name}-home", tmp_path / name
        home.mkdir()
        folder.mkdir()
        git = Git(folder, home)
        git("lfs", "install")
        git("config", "--global", "user.name", name.title())
        git("config", "--global", "user.email", f"{name}@example.org")
        git("config", "--global", "init.defaultBranch", "main")
        return git

    return make
