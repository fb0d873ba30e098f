"""kill -9 of the web process at every step of a push, a save and a merge, with real clients: refs and rows agree again
by themselves within seconds, what was acknowledged is there, and the same work done again succeeds."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.agreement import disagreements
from tests.gitclient import Clone, address
from tests.live import Browser, Live, running
from variorum.repos import git

SECONDS = 20.0  # the sweeps run every 2 and 10 seconds
P = "/projects/desk"
PUSH = [
    *("unpacked", "checked", "objects landed", "intent written", "before the refs", "between two refs"),
    *("refs moved", "intent not yet gone", "committed, not yet told"),
]
pytestmark = pytest.mark.slow


class House(Live):
    """An installation whose web process can be told where to die."""

    def start_web(self) -> None:
        """The same server with tests.killing in it."""
        granian = [sys.executable, "-m", "granian", "--interface", "asgi", "tests.killing:application", "--no-ws"]
        self.start("web", [*granian, "--host", "127.0.0.1", "--port", str(self.port), "--log-level", "warning"])
        self.wait(lambda: httpx.get(f"{self.url}/api/v1/health", timeout=5).status_code == 200, 60, "the web server")

    def die_at(self, step: str) -> None:
        """The web process dies when it next comes to this step."""
        (self.data / "kill").write_text(step)

    def died(self) -> None:
        """Wait for its death, look that it came at the step, and start it again."""
        self.wait(lambda: self.processes["web"].poll() is not None, 60, "the kill")
        assert not (self.data / "kill").exists()
        self.processes.pop("web")
        self.start_web()

    @property
    def repository(self) -> Path:
        (found,) = (self.data / "repos").glob("*-*.git")
        return found

    def agree(self) -> None:
        """They agree within seconds, and the repository is sound."""
        self.wait(lambda: not disagreements(self, self.repository), SECONDS, "agreement")
        assert git.fsck(self.repository) == []


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with running(tmp_path_factory.mktemp("killed")) as live:
        made = House(live.data, live.port, live.server_url, {"PYTHONPATH": f"platform:platform/client:{Path.cwd()}"})
        made.database, made.processes, made.browsers = live.database, live.processes, live.browsers
        made.start_worker()
        made.start_web()
        yield made


@pytest.fixture(scope="module")
def olga(house: House) -> Browser:
    browser = house.person("olga@example.org", "Olga")
    browser.post("/projects", {"name": "Desk", "slug": "desk"})
    browser.get(f"{P}/files")
    return browser


@pytest.fixture(scope="module")
def tree(house: House, olga: Browser, tmp_path_factory: pytest.TempPathFactory) -> Clone:
    token = olga.post(f"{P}/keys", {"name": "laptop", "scopes": ["admin"]})["token"]
    clone = Clone.of(address(house.url, token, "desk"), tmp_path_factory.mktemp("clone") / "c")
    clone.git("config", "http.lowSpeedLimit", "1")
    clone.git("config", "http.lowSpeedTime", "60")
    return clone


@pytest.mark.parametrize("step", PUSH)
def test_killed_in_a_push(house: House, olga: Browser, tree: Clone, step: str) -> None:
    name = step.replace(" ", "-").replace(",", "")
    tree.git("fetch", "-q")
    tree.git("checkout", "-q", "-B", "work", "origin/main")
    sha = tree.commit({f"prompts/{name}.prompt": "Hello\n"}, f"Push {step}")
    refs = (f"work:refs/heads/{name}-a", f"work:refs/heads/{name}-b")
    house.die_at(f"push: {step}")
    assert tree.push(*refs).code != 0
    house.died()
    house.agree()
    again = tree.push(*refs)
    assert again.code == 0, again.out
    house.agree()
    drafts = house.sql(
        "SELECT branch, head_commit, state, author_name FROM drafts_draft WHERE title = %s", f"Push {step}"
    )
    wanted = {(f"{name}-{end}", sha, "open", "Olga (laptop)") for end in "ab"}
    assert set(drafts) == wanted
    assert len(drafts) == 2
    events = house.sql(
        "SELECT actor_name FROM events_event WHERE kind = 'draft.opened' AND data->>'title' = %s", f"Push {step}"
    )
    assert events == [("Olga (laptop)",)] * 2


@pytest.mark.parametrize("step", ["before the refs", "refs moved"])
@pytest.mark.parametrize("what", ["rewrite", "delete", "main"])
def test_killed_in_other_pushes(house: House, olga: Browser, tree: Clone, what: str, step: str) -> None:
    olga.patch(P, {"required_approvals": 0})
    name = f"{what}-{step.replace(' ', '-')}"
    tree.git("fetch", "-q")
    tree.git("checkout", "-q", "-B", "work", "origin/main")
    tree.commit({f"prompts/{name}.prompt": "Hello\n"}, name)
    assert tree.push(f"work:refs/heads/{name}").code == 0
    tree.git("commit", "-q", "--amend", "-m", f"{name} again")
    ref = {"rewrite": f"+work:refs/heads/{name}", "delete": f":refs/heads/{name}", "main": f"origin/{name}:main"}[what]
    house.die_at(f"push: {step}")
    assert tree.push(ref).code != 0
    house.died()
    house.agree()
    assert tree.push(ref).code == (1 if what == "delete" and step == "refs moved" else 0)
    house.agree()
    ((state, head, author),) = house.sql(
        "SELECT state, head_commit, ended_by_name FROM drafts_draft WHERE branch = %s", name
    )
    expected = {"rewrite": "open", "delete": "closed", "main": "merged"}[what]
    assert state == expected
    if what == "rewrite":
        assert head == tree.git("rev-parse", "work")
    else:
        assert author == "Olga (laptop)"


@pytest.mark.parametrize("step", ["save: before the commit", "save: branch moved", "open: branch without a row"])
def test_killed_in_a_save(house: House, olga: Browser, step: str) -> None:
    files = {"README.md": f"# {step}\n"}
    if step.startswith("open"):
        body, path = {"title": step, "files": files}, f"{P}/drafts"
    else:
        draft = olga.post(f"{P}/drafts", {"title": step})
        body, path = {"files": files, "expected_head": draft["head_commit"]}, f"{P}/drafts/{draft['number']}/files"
    house.die_at(step)
    with pytest.raises(httpx.TransportError):
        olga.post(path, body)
    house.died()
    house.agree()
    saved = olga.post(path, body)
    assert (saved["title"], saved["paths"]) == (step, ["README.md"])
    house.agree()


@pytest.mark.parametrize("step", ["intent written", "before main moves", "main moved", "before the row"])
def test_killed_in_a_merge(house: House, olga: Browser, step: str) -> None:
    olga.patch(P, {"required_approvals": 0})
    draft = olga.post(f"{P}/drafts", {"title": step, "files": {f"prompts/{step.replace(' ', '-')}.prompt": "Hi\n"}})
    path, body = f"{P}/drafts/{draft['number']}/merge", {"expected_head": draft["head_commit"]}
    house.die_at(f"merge: {step}")
    with pytest.raises(httpx.TransportError):
        olga.post(path, body)
    house.died()
    house.agree()
    shown = olga.get(f"{P}/drafts/{draft['number']}")
    assert shown["state"] == ("merged" if step in ("main moved", "before the row") else "open")
    if shown["state"] == "open":
        assert olga.post(path, body)["state"] == "merged"
    house.agree()


def test_nothing_is_left_behind(house: House) -> None:
    done = subprocess.run(
        ["git", "--git-dir", str(house.repository), "count-objects", "-v"], capture_output=True, text=True
    )
    assert "garbage: 0" in done.stdout
