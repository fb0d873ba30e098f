"""Twenty people at once: 16 save through the API, 4 push with git, others merge, and git gc runs all the while."""

import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.agreement import disagreements
from tests.gitclient import Clone, address
from tests.live import Browser, Live, running
from variorum.repos import git

P = "/api/v1/projects/desk"
SAVERS, PUSHERS, ROUNDS, MERGES = 16, 4, 3, 4
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    with running(tmp_path_factory.mktemp("many")) as made:
        made.start_worker()
        made.start_web()
        yield made


class Crowd:
    """What was acknowledged, by branch; and what went wrong."""

    def __init__(self, live: Live, owner: Browser, token: str) -> None:
        self.live, self.owner, self.token = live, owner, token
        self.acknowledged: list[tuple[str, str]] = []
        self.failures: list[str] = []
        self.drafts = [self.open(f"Shared {number}") for number in range(4)]

    def client(self) -> httpx.Client:
        return httpx.Client(
            base_url=self.live.url, headers={"Authorization": f"Bearer {self.token}"}, timeout=120, trust_env=False
        )

    def open(self, title: str, files: dict[str, str] | None = None) -> Any:
        return self.owner.post("/projects/desk/drafts", {"title": title, "files": files or {}})

    def save(self, number: int) -> None:
        """Save into a draft that three others save into as well; who comes late looks and saves again."""
        draft = self.drafts[number % 4]
        path = f"{P}/drafts/{draft['number']}"
        with self.client() as client:
            for turn in range(ROUNDS):
                head = client.get(path).json()["head_commit"]
                while True:
                    files = {f"prompts/saver{number}-{turn}.prompt": f"Hello {number} {turn}\n"}
                    answer = client.post(f"{path}/files", json={"files": files, "expected_head": head})
                    if answer.status_code == 200:
                        self.acknowledged.append((draft["branch"], answer.json()["head_commit"]))
                        break
                    if answer.json().get("code") not in {"stale_save", "stale_head"} and answer.status_code != 503:
                        self.failures.append(answer.text)
                        return
                    head = answer.json().get("head_commit") or client.get(path).json()["head_commit"]

    def push(self, number: int, folder: Path) -> None:
        """Push to a branch that another one pushes to as well; who comes late rebases and pushes again."""
        tree = Clone.of(address(self.live.url, self.token, "desk"), folder / f"pusher{number}")
        branch = f"pushed-{number % 2}"
        tree.git("checkout", "-q", "-b", "work")
        for turn in range(ROUNDS):
            tree.commit({f"prompts/pusher{number}-{turn}.prompt": f"Hello {number} {turn}\n"}, f"{number} {turn}")
            for _ in range(30):
                done = tree.push(f"work:refs/heads/{branch}")
                if done.code == 0:
                    self.acknowledged.append((branch, tree.git("rev-parse", "HEAD")))
                    break
                if "rejected" not in done.out:
                    self.failures.append(done.out)
                    return
                tree.git("fetch", "-q")
                tree.git("rebase", "-q", f"origin/{branch}")
            else:
                self.failures.append(f"pusher {number} never came through: {done.out}")

    def merge(self) -> None:
        with self.client() as client:
            for turn in range(MERGES):
                draft = client.post(
                    f"{P}/drafts", json={"title": f"M{turn}", "files": {f"prompts/merged{turn}.prompt": "Hi\n"}}
                ).json()
                path = f"{P}/drafts/{draft['number']}/merge"
                answer = client.post(path, json={"expected_head": draft["head_commit"]})
                if answer.status_code == 200:
                    self.acknowledged.append(("main", answer.json()["merged_commit"]))
                else:
                    self.failures.append(answer.text)


def test_twenty_people_lose_nothing(live: Live, tmp_path: Path) -> None:
    owner = live.person("olga@example.org", "Olga")
    owner.post("/projects", {"name": "Desk", "slug": "desk"})
    owner.patch("/projects/desk", {"required_approvals": 0})
    token = owner.post("/projects/desk/keys", {"name": "k", "scopes": ["admin"]})["token"]
    crowd = Crowd(live, owner, token)
    (repository,) = (live.data / "repos").glob("*-*.git")
    work: list[Callable[[], None]] = [lambda n=n: crowd.save(n) for n in range(SAVERS)]  # type: ignore[misc]
    work += [lambda n=n: crowd.push(n, tmp_path) for n in range(PUSHERS)]  # type: ignore[misc]
    threads = [threading.Thread(target=each) for each in [*work, crowd.merge]]
    for thread in threads:
        thread.start()
    collected = 0
    while any(thread.is_alive() for thread in threads):
        done = subprocess.run(
            ["git", "-c", f"safe.directory={repository}", "--git-dir", str(repository), "gc", "--quiet"],
            capture_output=True,
            text=True,
        )
        # gc walks from fresh commits that no ref has yet; a file that appears between its look and its second look it
        # calls corrupt, and ends. Whether one is, fsck says below.
        assert done.returncode == 0 or "is corrupt" in done.stderr, done.stderr
        collected += done.returncode == 0
        threads[0].join(0.5)
    assert crowd.failures == []
    assert collected > 1
    assert len(crowd.acknowledged) == (SAVERS + PUSHERS) * ROUNDS + MERGES
    heads = git.heads(repository, "")
    lost = [each for each in crowd.acknowledged if not git.is_ancestor(repository, each[1], heads[each[0]])]
    assert lost == []
    live.wait(lambda: not disagreements(live, repository), 60, "agreement")
    assert git.fsck(repository) == []
