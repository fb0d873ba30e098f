"""What a push may not bring: each is refused with path, line and reason in the terminal, and nothing lands."""

import hashlib
import struct
import subprocess
import zlib
from collections.abc import Callable
from typing import Any

import pytest

from tests.gitclient import Clone, environment
from variorum.drafts.models import Draft
from variorum.repos import git, places

PATH = "prompts/triage.prompt"
BROKEN = "---\nmodel: local/smollm2-135m\nconfig:\n  temperature: 7\n---\nHello\n"
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("sound")]


class Refused:
    """Pushes, and looks that nothing has changed."""

    def __init__(self, team: Any, tree: Clone) -> None:
        self.team, self.tree = team, tree
        self.path = places.path_of(team.project)
        self.before = self._all()

    def _all(self) -> Any:
        return git.refs(self.path), sorted(str(file) for file in (self.path / "objects").rglob("*") if file.is_file())

    def push(self, ref: str = "HEAD:refs/heads/change") -> str:
        """What the terminal shows."""
        done = self.tree.push(ref)
        assert done.code == 1, done.out
        assert self._all() == self.before
        assert Draft.objects.count() == 0
        return done.out


@pytest.fixture
def refused(team: Any, clone: Callable[..., Clone]) -> Refused:
    return Refused(team, clone())


def plumb(tree: Clone, data: bytes, *arguments: str) -> str:
    """Git's plumbing, which makes what porcelain would not."""
    done = subprocess.run(
        ["git", *arguments], cwd=tree.folder, env=environment(tree.folder.parent), input=data, capture_output=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.decode().strip()


def tree_with(tree: Clone, mode: str, kind: str, oid: str, name: str) -> str:
    """A commit on top of main whose root has one more entry; HEAD points at it."""
    there = tree.git("ls-tree", "HEAD")
    made = plumb(tree, f"{there}\n{mode} {kind} {oid}\t{name}\n".encode(), "mktree", "--missing")
    commit = plumb(tree, b"Odd\n", "commit-tree", made, "-p", "HEAD")
    tree.git("update-ref", "refs/heads/odd", commit)
    return commit


def test_a_broken_prompt_names_path_and_line(refused: Refused) -> None:
    refused.tree.commit({"prompts/new.prompt": BROKEN, PATH: BROKEN})
    said = refused.push()
    assert "remote: 2 problems in what you push; nothing was changed." in said
    assert "remote:   prompts/new.prompt:4: 'temperature' must be a number from 0 to 2." in said
    assert "remote:   prompts/triage.prompt:4: 'temperature' must be a number from 0 to 2." in said


@pytest.mark.parametrize(
    ("path", "content", "reason"),
    [
        ("configs/limits.yaml", "a: [1\n", "configs/limits.yaml:2:"),
        ("suites/s.yaml", "- 1\n", "A suite must be a mapping"),
        ("adapters/a/card.yaml", "x: 1\nx: 2\n", "adapters/a/card.yaml:2:"),
        ("adapters/a/adapter_config.json", "{}", "adapters/a/adapter_config.json:1:"),
        ("adapters/a/adapter_model.bin", "\x80\x04.", "Store weights as .safetensors"),
        ("weights.pt", "PK", "Store weights as .safetensors"),
        ("src/main.py", "print()\n", "A file here is not an artefact"),
        ("prompts/a:b.prompt", "Hello\n", "which some systems cannot store"),
        ("prompts/big.prompt", "x" * (1024 * 1024 + 1), "Keep it in Git LFS"),
        (
            "adapters/a/adapter_model.safetensors",
            f"version https://git-lfs.github.com/spec/v1\noid sha256:{'a' * 64}\nsize 5\n",
            "The large file behind this pointer is not here",
        ),
    ],
)
def test_files_that_do_not_belong(refused: Refused, path: str, content: str, reason: str) -> None:
    (refused.tree.folder / ".gitattributes").write_text("")
    refused.tree.commit({path: content})
    assert reason in refused.push()


def test_what_an_older_commit_holds_is_seen_too(refused: Refused) -> None:
    refused.tree.commit({"prompts/big.prompt": "x" * 2_000_000, "a.pkl": "1"})
    refused.tree.git("rm", "-q", "prompts/big.prompt", "a.pkl")
    refused.tree.commit({})
    said = refused.push()
    assert "prompts/big.prompt:1: The file has 2,000,000 bytes" in said
    assert "a.pkl:1: Pickles" in said


def test_a_symbolic_link(refused: Refused) -> None:
    (refused.tree.folder / "prompts/link.prompt").symlink_to("/etc/passwd")
    refused.tree.commit({})
    assert "prompts/link.prompt:1: This is a symbolic link." in refused.push()


def test_an_executable_file(refused: Refused) -> None:
    (refused.tree.folder / PATH).chmod(0o755)
    refused.tree.commit({})
    assert f"{PATH}:1: The file is marked as executable." in refused.push()


def test_a_submodule(refused: Refused) -> None:
    tree_with(refused.tree, "160000", "commit", "1" * 40, "inner")
    assert "inner:1: This is a submodule." in refused.push("odd:refs/heads/change")


@pytest.mark.parametrize("name", [".git", ".GIT", "..", "git~1", ".git ", ".gitmodules", "a\\b", "CON\u200b", "bell\a"])
def test_path_tricks(refused: Refused, name: str) -> None:
    blob = refused.tree.git("rev-parse", "HEAD:README.md")
    tree_with(refused.tree, "100644", "blob", blob, name)
    said = refused.push("odd:refs/heads/change")
    assert "README" not in said
    assert ":1: The path" in said or ":1: '" in said, said


def test_a_tree_with_a_name_twice(refused: Refused) -> None:
    blob = refused.tree.git("rev-parse", "HEAD:README.md")
    tree_with(refused.tree, "100644", "blob", blob, "README.md")
    assert "duplicateEntries" in refused.push("odd:refs/heads/change")


def test_a_commit_that_pages_could_not_show(refused: Refused) -> None:
    made = refused.tree.git("rev-parse", "HEAD^{tree}")
    head = refused.tree.git("rev-parse", "HEAD")
    who = "G <g@example.org> 999999999999 +0000"
    text = f"tree {made}\nparent {head}\nauthor {who}\ncommitter {who}\n\nFar ahead\n".encode()
    commit = plumb(refused.tree, text, "hash-object", "-t", "commit", "-w", "--stdin")
    refused.tree.git("update-ref", "refs/heads/odd", commit)
    assert "Its time is out of range." in refused.push("odd:refs/heads/change")


def test_a_push_beyond_the_limit(team: Any, refused: Refused, settings: Any) -> None:
    """The limit is the web process's own; here it is asked of the receiver with a body that was cut."""
    from io import BytesIO

    from variorum.accounts.access import Actor
    from variorum.accounts.roles import Role
    from variorum.drafts import pushing
    from variorum.repos.transport.door import Door
    from variorum.repos.transport.pktlines import FLUSH, pkt

    door = Door(team.project, refused.path, Actor.of_user(team.people["eddie"]), Role.EDITOR)
    command = f"{'0' * 40} {'1' * 40} refs/heads/x\0report-status side-band-64k\n"
    answer = pushing.receive(door, BytesIO(pkt(command) + FLUSH + b"PACK"), False)
    assert b"The push is larger than 500 MB." in answer
    assert b"ng refs/heads/x The push is larger" in answer


def bomb(times: int) -> bytes:
    """A pack of a few KB: 16 MB of zeros, and a difference that repeats them so many times."""
    base = bytes(0xFFFF00)
    sizes = b"".join(bytes([n & 127 | 128, n >> 7 & 127 | 128, n >> 14 & 127 | 128, n >> 21 & 127 | 128, n >> 28])
                     for n in (len(base), len(base) * times))  # fmt: skip
    delta = sizes + (b"\xf0\x00\xff\xff") * times

    def entry(kind: int, size: int, rest: bytes) -> bytes:
        head = bytes([kind << 4 | size & 15 | 128, size >> 4 & 127 | 128, size >> 11 & 127 | 128, size >> 18])
        return head + rest

    whole = entry(3, len(base), zlib.compress(base, 9))
    name = hashlib.sha1(b"blob %d\0" % len(base) + base).digest()
    pack = b"PACK" + struct.pack(">II", 2, 2) + whole + entry(7, len(delta), name + zlib.compress(delta, 9))
    return pack + hashlib.sha1(pack).digest()


def test_differences_that_stand_for_gigabytes(refused: Refused) -> None:
    file = refused.tree.folder.parent / "bomb.pack"
    file.write_bytes(bomb(200))
    assert file.stat().st_size < 50_000
    with git.incoming(refused.path) as arrived, file.open("rb") as handle, pytest.raises(git.BadPack) as found:
        arrived.unpack(handle)
    assert "takes more memory than a push may have" in str(found.value)
    bundle = file.with_suffix(".bundle")
    bundle.write_bytes(b"# v2 git bundle\n" + b"1" * 40 + b" refs/heads/main\n\n" + bomb(200))
    with pytest.raises(git.GitError, match="Out of memory"):
        git.read_bundle(bundle, file.with_suffix(".git"))
    assert refused._all() == refused.before


def test_a_pack_that_is_cut_or_foreign(team: Any, refused: Refused, make_key: Any, web: str) -> None:
    import httpx

    from variorum.repos.transport.pktlines import FLUSH, pkt

    command = pkt(f"{'0' * 40} {'1' * 40} refs/heads/x\0report-status\n") + FLUSH
    headers = {
        "Authorization": f"Bearer {make_key('write')}",
        "Content-Type": "application/x-git-receive-pack-request",
    }
    for body, said in [
        (command + b"PACK\0\0\0\2\0\0\0\5rubbish", b"unpack refused"),
        (command, b"ng refs/heads/x the push points at objects"),
        (b"0005", b"ERR the request ends too early"),
        (b"zzzz", b"ERR the request is not in Git's format"),
        (FLUSH, b""),
    ]:
        answer = httpx.post(f"{web}/support-desk.git/git-receive-pack", content=body, headers=headers)
        assert (answer.status_code, said in answer.content) == (200, True), answer.content
    assert refused._all() == refused.before
