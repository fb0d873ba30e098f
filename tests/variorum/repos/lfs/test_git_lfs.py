"""The real git-lfs client: push to and fetch from this server, its words when it is refused, its locks."""

import json
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.variorum.repos.conftest import ADAPTER
from tests.variorum.repos.lfs.conftest import Get, Git, sha256
from tests.weights import lora
from variorum.accounts.models import Project
from variorum.lib import objects
from variorum.repos.models import LfsLock, LfsObject
from variorum.repos.places import ATTRIBUTES

WEIGHTS = lora(fill=b"\3")
FILE = "adapters/tone/adapter_model.safetensors"


@pytest.fixture
def person(web: str, lfs: Get, new_git: Callable[[str], Git], tmp_path: Path) -> Callable[..., Git]:
    """person("ada", token) -> a clone of one bare repository on the disk whose large files live on the server."""
    bare = new_git("bare")
    bare("init", "--bare", ".")

    def make(name: str, token: str) -> Git:
        git = new_git(name)
        address = f"http://{name}:{token}@{urlsplit(web).netloc}/support-desk.git/info/lfs"
        git("clone", "-c", f"lfs.url={address}", str(bare.folder), ".")
        return git

    return make


def commit(git: Git, data: bytes, file: str = FILE) -> None:
    path = git.folder / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    (path.parent / "adapter_config.json").write_text(json.dumps(ADAPTER))
    (git.folder / ".gitattributes").write_text(ATTRIBUTES)
    git("add", ".")
    git("commit", "-m", "Add an adapter")


def test_pushed_here_and_fetched_there_word_for_word(person, make_key, project: Project) -> None:
    ada = person("ada", make_key("write"))
    commit(ada, WEIGHTS)
    assert ada("show", f"HEAD:{FILE}") == (
        f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256(WEIGHTS)}\nsize {len(WEIGHTS)}\n"
    )
    ada("push", "origin", "main")
    assert objects.get_bytes(objects.content_key(sha256(WEIGHTS))) == WEIGHTS
    assert LfsObject.objects.get(project=project).size == len(WEIGHTS)
    ada("lfs", "push", "--all", "origin")  # again: nothing to do

    bob = person("bob", make_key("read"))
    bob("lfs", "pull")
    assert (bob.folder / FILE).read_bytes() == WEIGHTS
    assert "Git LFS fsck OK" in bob("lfs", "fsck")


def test_the_client_shows_why_it_was_refused(person, make_key) -> None:
    ada = person("ada", make_key("write"))
    commit(ada, b"PK\x03\x04" + b"\0" * 100)
    text = ada("push", "origin", "main", ok=False)
    assert "PyTorch's pickled checkpoints" in text
    assert "safetensors" in text
    assert not LfsObject.objects.exists()
    reader = person("eve", make_key("read"))
    commit(reader, WEIGHTS)
    assert "This needs the role editor" in reader("push", "origin", "main", ok=False)


def test_locks(person, make_key, member, project: Project) -> None:
    from variorum.accounts.services import create_api_key

    def key_of(role: str, scope: str) -> str:
        return create_api_key(project=project, user=member(role), scopes=[scope], name="k", expires_at=None)[1]

    ada = person("ada", make_key("admin"))
    commit(ada, WEIGHTS)
    ada("push", "origin", "main")
    bob = person("bob", key_of("editor", "write"))
    bob("lfs", "pull")

    assert f"Locked {FILE}" in bob("lfs", "lock", FILE)
    assert "is locked by Editor-Person already" in ada("lfs", "lock", FILE, ok=False)
    assert "Editor-Person" in ada("lfs", "locks")
    assert FILE in ada("lfs", "locks", "--path", FILE)
    assert FILE in bob("lfs", "locks", "--verify")

    ada("config", "lfs.locksverify", "true")
    commit(ada, lora(fill=b"\4"))
    assert "Editor-Person" in ada("push", "origin", "main", ok=False)
    assert "is locked by Editor-Person" in ada("lfs", "unlock", FILE, ok=False)
    ada("lfs", "unlock", "--force", FILE)
    assert not LfsLock.objects.exists()
    ada("push", "origin", "main")

    ada("lfs", "lock", FILE)
    assert "role" in bob("lfs", "unlock", "--force", FILE, ok=False)
    ada("lfs", "unlock", FILE)
    assert not LfsLock.objects.exists()
