"""The whole way with the real clients: clone, add an adapter, push, draft, fetch elsewhere, word for word the same."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.variorum.repos.conftest import ADAPTER
from tests.variorum.repos.lfs.conftest import Get, Git
from tests.weights import lora
from variorum.accounts.models import Project, User
from variorum.accounts.services import create_api_key
from variorum.drafts.models import Draft
from variorum.repos import git, places
from variorum.repos.models import LfsObject

WEIGHTS = lora(fill=b"\5")
FOLDER = "adapters/tone"


@pytest.fixture
def cloned(web: str, lfs: Get, new_git: Callable[[str], Git]) -> Callable[..., Git]:
    """cloned("ada", token) -> a plain clone of the project; nothing about LFS is set up in it."""

    def make(name: str, token: str, *options: str) -> Git:
        clone = new_git(name)
        clone("clone", *options, f"http://{name}:{token}@{urlsplit(web).netloc}/support-desk.git", ".")
        return clone

    return make


def add(clone: Git, data: bytes, **config: object) -> None:
    folder = clone.folder / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "adapter_model.safetensors").write_bytes(data)
    (folder / "adapter_config.json").write_text(json.dumps({**ADAPTER, **config}))
    clone("add", ".")
    clone("commit", "-m", "Add the tone adapter")


def test_an_adapter_goes_round(cloned: Callable[..., Git], make_key: Callable[..., str], project: Project) -> None:
    ada = cloned("ada", make_key("read", "write"))
    add(ada, WEIGHTS)
    told = ada("push", "origin", "HEAD:refs/heads/tone")
    assert "Draft #1" in told
    assert Draft.objects.get(project=project).paths == [
        f"{FOLDER}/adapter_config.json",
        f"{FOLDER}/adapter_model.safetensors",
    ]
    bob = cloned("bob", make_key("read"), "--branch", "tone")
    assert (bob.folder / FOLDER / "adapter_model.safetensors").read_bytes() == WEIGHTS
    assert git.fsck(places.path_of(project)) == []


def test_a_push_is_refused_with_the_reason(cloned: Callable[..., Git], make_key: Callable[..., str]) -> None:
    ada = cloned("ada", make_key("read", "write"))
    add(ada, lora(rank=4), r=8)
    told = ada("push", "origin", "HEAD:refs/heads/tone", ok=False)
    assert f"{FOLDER}/adapter_config.json" in told
    assert "'r' is 8, but the weights have rank 4" in told
    ada("reset", "--hard", "origin/main")
    add(ada, b"\x80\x04\x95" + b"\0" * 200)
    assert "a Python pickle" in ada("push", "origin", "HEAD:refs/heads/tone", ok=False)
    assert not Draft.objects.exists()
    ada("reset", "--hard", "origin/main")
    add(ada, lora(fill=b"\6"))
    ada("config", "lfs.url", "http://127.0.0.1:1/nowhere")  # the pointer alone arrives
    told = ada("-c", "core.hooksPath=/dev/null", "push", "origin", "HEAD:refs/heads/tone", ok=False)
    assert "upload it first" in told
    assert LfsObject.objects.count() == 1


def test_a_clone_without_lfs_cannot_push_weights_as_text(
    cloned: Callable[..., Git], make_key: Callable[..., str], tmp_path: Path
) -> None:
    ada = cloned("ada", make_key("read", "write"))
    ada("lfs", "uninstall")
    add(ada, WEIGHTS)
    told = ada("push", "origin", "HEAD:refs/heads/tone", ok=False)
    assert "LFS" in told


def test_what_another_has_locked_is_changed_by_nobody_else(
    cloned: Callable[..., Git], make_key: Callable[..., str], project: Project, owner: User, member: Any, api: Any
) -> None:
    """By push, by save and by merge; the lock's owner goes on, and a maintainer may force it."""
    editor = member("editor")
    key = create_api_key(project=project, user=editor, name="k", scopes=["read", "write"], expires_at=None)[1]
    ada, bob = cloned("ada", make_key("read", "write", "admin")), cloned("bob", key)
    prompt = "prompts/hello.prompt"
    for clone, ref in ((ada, "early"), (bob, "mine")):
        (clone.folder / "prompts").mkdir()
        (clone.folder / prompt).write_text(f"Hello from {ref}\n")
        clone("add", ".")
        clone("commit", "-m", ref)
    ada("push", "origin", "HEAD:refs/heads/early")
    bob("lfs", "lock", prompt)

    (ada.folder / prompt).write_text("Hello again\n")
    ada("commit", "-am", "Later")
    for target in ("early", "other", "main"):
        told = ada("-c", "lfs.locksverify=false", "push", "origin", f"HEAD:refs/heads/{target}", ok=False)
        assert f"{prompt} is locked by Editor-Person since " in told
        assert f"git lfs unlock --force {prompt}" in told
    base, page = "/api/v1/projects/support-desk/drafts", api(owner)
    head = Draft.objects.get().head_commit
    body = {"files": {prompt: "Hello"}, "expected_head": head}
    Project.objects.filter(pk=project.pk).update(required_approvals=0)
    for path, sent in (("", {"title": "x", **body}), ("/1/files", body), ("/1/merge", body)):
        refused = page.post(f"{base}{path}", sent)
        assert (refused.status_code, refused.json()["code"]) == (409, "locked")
        assert [each["where"] for each in refused.json()["errors"]] == [prompt]
    assert (Draft.objects.get().head_commit, Draft.objects.count()) == (head, 1)
    assert page.post(f"{base}/1/files", {"files": {"README.md": "# Free"}, "expected_head": head}).status_code == 200

    bob("push", "origin", "HEAD:refs/heads/mine")
    merged = page.post(f"{base}/2/merge", {"expected_head": Draft.objects.get(number=2).head_commit})
    assert merged.status_code == 200, merged.content
    ada("lfs", "unlock", "--force", prompt)
    ada("fetch", "origin", "early")
    ada("rebase", "FETCH_HEAD")
    ada("push", "origin", "HEAD:refs/heads/early")
    assert git.fsck(places.path_of(project)) == []
