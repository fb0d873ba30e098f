"""Fetching over HTTP: git, dulwich and GitPython; versions, shallow, partial; who may; bodies; callers who leave."""

import base64
import gzip
import os
import subprocess
import time
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.gitclient import Clone, address
from variorum.accounts.access import Actor
from variorum.accounts.models import Project
from variorum.repos import git, places, queries, services
from variorum.repos.transport.listing import listing
from variorum.repos.transport.pktlines import FLUSH, pkt

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def head(project: Project, actor: Actor) -> str:
    """main with five commits; its tip."""
    services.ensure_repository(project)
    for number in range(4):
        services.commit_files(
            project=project,
            ref="main",
            files={f"prompts/p{number}.prompt": b"Hello {{name}}\n" * (number + 1)},
            message=f"Prompt {number}",
            actor=actor,
            expected_head=queries.head(project),
        )
    return str(queries.head(project))


@pytest.fixture
def url(web: str, make_key: Callable[..., str], head: str) -> str:
    return address(web, make_key("read"))


@pytest.mark.parametrize("version", ["0", "1", "2"])
@pytest.mark.parametrize("options", [(), ("--depth=2",), ("--filter=blob:none",), ("--single-branch",)])
def test_clone_in_every_version(url: str, head: str, tmp_path: Path, version: str, options: tuple[str, ...]) -> None:
    tree = Clone.of(url, tmp_path / "c", "-c", f"protocol.version={version}", *options)
    assert tree.git("rev-parse", "HEAD") == head
    count = 2 if options == ("--depth=2",) else 5
    assert tree.git("rev-list", "--count", "HEAD") == str(count)
    assert (tree.folder / "prompts/p3.prompt").read_text() == "Hello {{name}}\n" * 4
    assert tree.git("fsck", "--strict") == ""


def test_fetch_brings_what_is_new_and_deepens(
    url: str, head: str, project: Project, actor: Actor, tmp_path: Path
) -> None:
    tree = Clone.of(url, tmp_path / "c", "--depth=1")
    new = services.commit_files(
        project=project, ref="main", files={"README.md": b"# New\n"}, message="New", actor=actor, expected_head=head
    )
    tree.git("fetch", "-q")
    assert tree.git("rev-parse", "origin/main") == new
    tree.git("fetch", "-q", "--unshallow")
    assert tree.git("rev-list", "--count", "origin/main") == "6"


def test_dulwich_clones_and_fetches(url: str, head: str, tmp_path: Path) -> None:
    from dulwich import porcelain

    with porcelain.clone(url, str(tmp_path / "d"), errstream=BytesIO()) as repo:
        assert repo.head().decode() == head
    with porcelain.clone(url, str(tmp_path / "s"), depth=1, errstream=BytesIO()) as repo:
        assert len(list(repo.get_walker())) == 1


def test_gitpython_clones_and_pulls(url: str, head: str, tmp_path: Path) -> None:
    import git as gitpython

    with gitpython.Repo.clone_from(url, tmp_path / "g") as repo:
        assert repo.head.commit.hexsha == head
        repo.remotes.origin.pull()


def test_who_may(web: str, head: str, project: Project, make_key: Any, make_user: Any) -> None:
    from variorum.accounts.roles import Scope
    from variorum.accounts.services import create_api_key, create_project

    other = create_project(owner=make_user("otto"), name="Other")
    foreign = create_api_key(project=other, user=other.members.get(), name="k", scopes=[Scope.READ], expires_at=None)[1]

    def ask(service: str, key: str | None, slug: str = "support-desk") -> tuple[int, str]:
        auth = httpx.BasicAuth("whoever", key) if key else None
        answer = httpx.get(f"{web}/{slug}.git/info/refs", params={"service": service}, auth=auth)
        if answer.status_code == 401:
            assert answer.headers["www-authenticate"].startswith("Basic ")
        if answer.status_code != 200:
            assert answer.headers["content-type"] == "text/plain; charset=utf-8"
        return answer.status_code, answer.headers["content-type"]

    fetch, push = "git-upload-pack", "git-receive-pack"
    assert ask(fetch, None)[0] == ask(fetch, "vk_wrong")[0] == ask(push, None)[0] == 401
    assert ask(fetch, None, "no-such")[0] == 401
    assert ask(fetch, foreign)[0] == ask(push, foreign)[0] == ask(fetch, make_key("read"), "no-such")[0] == 404
    assert ask(push, make_key("read"))[0] == ask(fetch, make_key("runtime"))[0] == 403
    assert ask("git-nonsense", make_key("read"))[0] == ask("", make_key("read"))[0] == 403
    twice = httpx.get(
        f"{web}/support-desk.git/info/refs?service=x%0d%0aX-Evil:1&service={fetch}", auth=("", make_key("read"))
    )
    assert (twice.status_code, twice.headers["content-type"]) == (200, f"application/x-{fetch}-advertisement")
    assert ask(fetch, make_key("read")) == (200, "application/x-git-upload-pack-advertisement")
    assert ask(push, make_key("write")) == (200, "application/x-git-receive-pack-advertisement")


def test_git_shows_the_refusal(web: str, head: str, make_key: Any, tmp_path: Path) -> None:
    tree = Clone.of(address(web, make_key("read")), tmp_path / "c")
    tree.commit({"README.md": "# Mine\n"})
    done = tree.push("HEAD:refs/heads/mine")
    assert done.code == 128
    assert "remote: This needs the role editor; your API key's scopes amount to viewer." in done.out


def wants(head: str) -> bytes:
    return pkt(f"want {head} ofs-delta side-band-64k no-progress\n") + FLUSH + pkt("done\n")


def post(web: str, key: str, content: Any, **headers: str) -> httpx.Response:
    sent = {"Authorization": f"Bearer {key}", "Content-Type": "application/x-git-upload-pack-request", **headers}
    return httpx.post(f"{web}/support-desk.git/git-upload-pack", content=content, headers=sent, timeout=30)


def pack_of(content: bytes) -> bytes:
    """What came by the first side band, however it was cut into lines."""
    found, at = b"", 0
    while size := int(content[at : at + 4], 16):
        line = content[at + 4 : at + size]
        found += line[1:] if line[:1] == b"\x01" else b""
        at += size
    assert found.startswith(b"PACK")
    return found


def test_bodies_gzipped_and_in_chunks(web: str, head: str, make_key: Any) -> None:
    key = make_key("read")
    plain = post(web, key, wants(head))
    zipped = post(web, key, gzip.compress(wants(head)), **{"Content-Encoding": "gzip"})
    pieces = post(web, key, (bytes([byte]) for byte in gzip.compress(wants(head))), **{"Content-Encoding": "gzip"})
    assert [each.status_code for each in (plain, zipped, pieces)] == [200] * 3
    assert b"PACK" in plain.content
    assert pack_of(plain.content) == pack_of(zipped.content) == pack_of(pieces.content)
    assert post(web, key, b"no gzip", **{"Content-Encoding": "gzip"}).status_code == 400
    assert post(web, key, wants(head), **{"Content-Type": "text/plain"}).status_code == 400
    bomb = gzip.compress(b"0" * 40_000_000)
    assert post(web, key, bomb, **{"Content-Encoding": "gzip"}).status_code == 413


GARBAGE = (
    b"garbage", b"00", b"fffe", b"0003", b"0000", b"", b"0010want nothing0000", b"000dcommand=x0000",
    b"0012command=fetch\n0001000bhello\n0000",
)  # fmt: skip


@pytest.mark.parametrize("version", ["", "version=1", "version=2"])
def test_garbage_is_the_callers_fault(
    web: str, head: str, make_key: Any, caplog: pytest.LogCaptureFixture, version: str
) -> None:
    key = make_key("read")
    with caplog.at_level("ERROR"):
        answers = [post(web, key, body, **({"Git-Protocol": version} if version else {})) for body in GARBAGE]
    assert [(answer.status_code, "Git's format" in answer.text) for answer in answers] == [(400, True)] * len(GARBAGE)
    assert caplog.records == []


def test_a_strange_protocol_header_is_nobodys_environment(web: str, head: str, make_key: Any) -> None:
    basic = base64.b64encode(f":{make_key('read')}".encode()).decode()
    headers = {"Authorization": f"Basic {basic}", "Git-Protocol": "version=2\tLD_PRELOAD=x"}
    answer = httpx.get(f"{web}/support-desk.git/info/refs?service=git-upload-pack", headers=headers)
    assert answer.content.startswith(b"001e# service=git-upload-pack\n0000")


def test_a_caller_who_leaves_takes_the_process_along(web: str, project: Project, actor: Actor, make_key: Any) -> None:
    services.ensure_repository(project)
    head = queries.head(project)
    for number in range(30):
        files = {f"folder{number}/README.md": base64.b64encode(os.urandom(700_000))}
        head = services.commit_files(
            project=project, ref="main", files=files, message="Big", actor=actor, expected_head=head
        )
    headers = {
        "Authorization": f"Bearer {make_key('read')}",
        "Content-Type": "application/x-git-upload-pack-request",
    }
    at = f"{web}/support-desk.git/git-upload-pack"
    with httpx.stream("POST", at, content=wants(str(head)), headers=headers, timeout=60) as answer:
        pieces = answer.iter_raw(1000)  # it hangs up when nobody holds it
        next(pieces)
        assert running(project)
    deadline = time.monotonic() + 10
    while running(project) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert running(project) == []


def running(project: Project) -> list[str]:
    """Command lines of git processes that serve this repository."""
    path = str(places.path_of(project))
    found = []
    for folder in Path("/proc").iterdir():
        try:
            line = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except (OSError, NotADirectoryError):
            continue
        if line.startswith("git") and path in line and "upload-pack" in line:
            found.append(line)
    return found


def test_the_repository_stays_sound(head: str, project: Project) -> None:
    assert git.fsck(places.path_of(project)) == []


QUESTIONS = {
    "clone": b"0009peel\n000csymrefs\n000bunborn\n" + pkt("ref-prefix refs/heads/\n") + pkt("ref-prefix refs/tags/\n"),
    "clone with HEAD": b"0009peel\n000csymrefs\n" + pkt("ref-prefix HEAD\n") + pkt("ref-prefix refs/heads/\n"),
    "everything": b"",
    "hidden": pkt("ref-prefix refs/variorum/\n"),
    "tags alone": pkt("peel\n") + pkt("ref-prefix refs/tags/v1\n"),
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_refs_are_listed_as_git_lists_them(head: str, project: Project, tmp_path: Path, question: str) -> None:
    path = places.path_of(project)
    base = queries.commit_info(project, head).parents[0]
    ann = git.Author("Ann", "ann@example.org")
    tag = git.write_tag(path, "v1", base, notes="Notes", author=ann)
    moves = {
        "refs/heads/drafts/1": base,
        "refs/tags/v1": tag,
        "refs/tags/plain": head,
        f"refs/variorum/keep/{base}": base,
    }
    git.move_refs(path, [git.Move(ref, None, oid) for ref, oid in moves.items()])
    start = pkt("command=ls-refs\n") + pkt("agent=git/2.39.5") + pkt("object-format=sha1")
    (tmp_path / "q").write_bytes(start + b"0001" + QUESTIONS[question] + FLUSH)
    line = git.command(path, "-c", "uploadpack.hideRefs=refs/variorum/", "upload-pack", "--stateless-rpc", str(path))
    with (tmp_path / "q").open("rb") as body:
        said = listing(path, body)
        env = {**git.environment(), "GIT_PROTOCOL": "version=2"}
        assert said == subprocess.run(line, stdin=body, env=env, capture_output=True, check=True).stdout


@pytest.mark.parametrize(
    "body",
    [
        b"",
        FLUSH,
        pkt("command=fetch\n") + b"0001" + FLUSH,
        pkt("command=ls-refs\n") + b"0001" + pkt("peel\n"),
        pkt("command=ls-refs\n") + b"0001" + pkt("what is this\n") + FLUSH,
        pkt("command=ls-refs\n") + b"0001ffff",
        pkt("command=ls-refs\n") + b"0001" + pkt(b"ref-prefix \xff\n") + FLUSH,
        (pkt("command=ls-refs\n") + b"0001").ljust(70_000, b"0"),
    ],
)
def test_other_questions_are_left_to_git(head: str, project: Project, tmp_path: Path, body: bytes) -> None:
    (tmp_path / "q").write_bytes(body)
    with (tmp_path / "q").open("rb") as file:
        assert listing(places.path_of(project), file) is None
        assert file.read() == body
