"""A push of more than 100 MB passes through without growing the web process, nor git's own."""

import base64
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.gitclient import Clone, address
from tests.live import Live, running
from variorum.repos import git

FEW, FILES, SIZE = 20, 125, 980_000  # random text: packs of 20 MB and of more than 100 MB
ROOM = 30.0  # MB by which the web process may be larger after the large push than after the small one
CHILD = 120.0  # MB that a git process may have
pytestmark = pytest.mark.slow


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Live]:
    with running(tmp_path / "data") as made:
        made.start_web()
        yield made


class Memory:
    """The most that each process below a group's leader has had, in MB."""

    def __init__(self, group: int) -> None:
        self.group = group
        self.peaks: dict[str, float] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> "Memory":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(0.05):
            for entry in Path("/proc").glob("[0-9]*"):
                self._look(entry)

    def _look(self, entry: Path) -> None:
        try:
            if os.getpgid(int(entry.name)) != self.group:
                return
            lines = dict(line.split(":", 1) for line in (entry / "status").read_text().splitlines() if ":" in line)
            name = "git" if lines["Name"].strip().startswith("git") else "web"
            self.peaks[name] = max(self.peaks.get(name, 0.0), int(lines["VmHWM"].split()[0]) / 1000)
        except (OSError, KeyError):
            return


def texts(count: int) -> dict[str, str | bytes]:
    """So many files of random text."""
    return {f"folder{number}/README.md": base64.b64encode(os.urandom(SIZE * 3 // 4)) for number in range(count)}


def test_memory_stays_flat(live: Live, tmp_path: Path) -> None:
    olga = live.person("olga@example.org", "Olga")
    olga.post("/projects", {"name": "Desk", "slug": "desk"})
    token = olga.post("/projects/desk/keys", {"name": "k", "scopes": ["write"]})["token"]
    tree = Clone.of(address(live.url, token, "desk"), tmp_path / "clone")
    tree.git("config", "core.compression", "0")
    tree.commit(texts(FEW))
    with Memory(live.processes["web"].pid) as small:
        assert tree.push("HEAD:refs/heads/small").code == 0
    tree.commit(texts(FILES))
    with Memory(live.processes["web"].pid) as large:
        done = tree.push("HEAD:refs/heads/large")
    assert done.code == 0, done.out
    assert large.peaks["web"] - small.peaks["web"] < ROOM, (small.peaks, large.peaks)
    assert large.peaks["git"] < CHILD, large.peaks
    (repository,) = (live.data / "repos").glob("*-*.git")
    assert git.head(repository, "large") == tree.git("rev-parse", "HEAD")
    tree.commit({"prompts/big.prompt": os.urandom(120_000_000)})
    with Memory(live.processes["web"].pid) as huge:
        refused = tree.push("HEAD:refs/heads/huge")
    assert "Keep it in Git LFS" in refused.out
    assert huge.peaks["web"] - small.peaks["web"] < ROOM, huge.peaks
    assert huge.peaks["git"] < CHILD, huge.peaks
    with Memory(live.processes["web"].pid) as fetching:
        Clone.of(address(live.url, token, "desk"), tmp_path / "again")
    assert fetching.peaks["web"] - small.peaks["web"] < ROOM, fetching.peaks
    assert git.fsck(repository) == []
