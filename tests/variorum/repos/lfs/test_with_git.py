"""The whole way with the real clients: clone, add an adapter, push, draft, fetch elsewhere, word for word the same."""

import json
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.variorum.repos.conftest import ADAPTER
from tests.variorum.repos.lfs.conftest import Get, Git
from tests.weights import lora
from variorum.accounts.models import Project
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
