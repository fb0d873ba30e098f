"""A project as one file and back: bit for bit, whole or not at all, without secrets."""

import hashlib
import json
import os
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings as django_settings
from django.core.management import CommandError, call_command
from django.db.models import ForeignKey
from rest_framework.test import APIClient

from tests.variorum_portable.conftest import SECRETS, parts_of, written
from variorum.accounts.models import Membership, Project, User
from variorum.accounts.services import create_user
from variorum.datasets.models import DatasetVersion
from variorum.deployments.models import Bundle, Deployment
from variorum.drafts.models import ApprovalRule, Comment
from variorum.lib.errors import Problem
from variorum.repos import git, tags
from variorum.repos.places import path_of
from variorum_portable import archive
from variorum_portable.exporting import export_project
from variorum_portable.importing import import_project
from variorum_portable.rows import fields_of
from variorum_portable.tables import STAYS, TABLES

pytestmark = pytest.mark.django_db
Client = Callable[..., APIClient]


@pytest.fixture
def file(full: Project, tmp_path: Path) -> Path:
    export_project(full, tmp_path / "desk.zip")
    return tmp_path / "desk.zip"


def all_objects(project: Project) -> list[str]:
    run = ["git", "-C", str(path_of(project)), "rev-list", "--objects", "--all"]
    done = subprocess.run(run, capture_output=True, text=True, check=True)
    return sorted(line.split()[0] for line in done.stdout.splitlines())


def test_a_copy_is_the_same_bit_for_bit(full: Project, file: Path, owner: User) -> None:
    copy = import_project(file, owner=owner, slug="copy")
    assert git.own_refs(path_of(copy)) == git.refs(path_of(full))
    assert all_objects(copy) == all_objects(full)
    assert git.fsck(path_of(copy)) == []
    assert [vars(tag) for tag in tags.tags_of(copy)] == [vars(tag) for tag in tags.tags_of(full)]

    def versions(project: Project) -> list[Any]:
        found = DatasetVersion.objects.filter(dataset__project=project).order_by("pk")
        return list(found.values_list("sha256", "object_sha256", "number", "row_count", "created_at"))

    def bundles(project: Project) -> list[Any]:
        found = Bundle.objects.filter(environment__project=project).order_by("pk")
        return [(bundle.hash, bytes(bundle.body)) for bundle in found]

    def live(project: Project) -> list[Any]:
        found = Deployment.objects.filter(project=project).order_by("number")
        fields = ("number", "environment__slug", "commit", "kind", "restores__number", "note", "user", "created_at")
        return list(found.values_list(*fields))

    assert versions(copy) == versions(full)
    assert bundles(copy) == bundles(full)
    assert live(copy) == live(full)
    assert len(live(copy)) == 3
    rules = ApprovalRule.objects.filter(project=copy).values_list("pattern", "people__email")
    assert list(rules) == [("/prompts/", "vera@example.org")]
    talk = Comment.objects.filter(draft__project=copy).order_by("pk")
    assert [(c.body, c.author.email if c.author else None, c.parent_id) for c in talk] == [
        ("Warum?", "mia@example.org", None),
        ("Deshalb.", "eddie@example.org", talk[0].pk),
    ]


def test_the_export_of_a_copy_is_the_same_file(full: Project, file: Path, owner: User, tmp_path: Path) -> None:
    subprocess.run(["git", "-C", str(path_of(full)), "gc", "-q"], check=True)
    full_path = path_of(full)
    Project.objects.filter(pk=full.pk).update(slug="the-original")
    copy = import_project(file, owner=owner)
    assert (copy.slug, path_of(copy) != full_path) == ("support-desk", True)
    export_project(copy, tmp_path / "again.zip")
    assert parts_of(tmp_path / "again.zip") == parts_of(file)
    assert (tmp_path / "again.zip").read_bytes() == file.read_bytes()


def test_a_plain_clone_of_the_bundle_checks_main_out(full: Project, tmp_path: Path) -> None:
    """Also beside branches at the same commit, and whatever this git calls a first branch."""
    refs = git.own_refs(path_of(full))
    head = refs["refs/heads/main"]
    file = tmp_path / "repository.bundle"
    with file.open("wb") as out:
        git.write_bundle(path_of(full), out, {**refs, "refs/heads/drafts/1": head, "refs/heads/zzz": head})
    run = ["git", "-c", "init.defaultBranch=trunk", "clone", "-q", str(file), str(tmp_path / "work")]
    subprocess.run(run, env={**os.environ, "GIT_LFS_SKIP_SMUDGE": "1"}, check=True)
    assert (tmp_path / "work/.git/HEAD").read_text() == "ref: refs/heads/main\n"
    assert (tmp_path / "work/prompts/triage.prompt").is_file()
    before = tmp_path / "before.bundle"
    before.write_bytes(file.read_bytes().replace(f"{head} HEAD\n".encode(), b"", 1))
    assert git.read_bundle(before, tmp_path / "before.git") == git.read_bundle(file, tmp_path / "now.git")


def test_git_itself_reads_the_bundle(full: Project, file: Path, tmp_path: Path) -> None:
    (tmp_path / "repository.bundle").write_bytes(parts_of(file)["repository.bundle"])
    run = ["git", "clone", "-q", "--mirror", str(tmp_path / "repository.bundle"), str(tmp_path / "clone")]
    subprocess.run(run, check=True)
    subprocess.run(["git", "-C", str(tmp_path / "clone"), "bundle", "verify", "-q", "../repository.bundle"], check=True)
    assert git.own_refs(tmp_path / "clone") == git.refs(path_of(full))


def test_no_secret_and_no_log_travels(full: Project, file: Path) -> None:
    parts = parts_of(file)
    everything = b"\n".join(parts.values())
    assert [secret for secret in SECRETS if secret.encode() in everything] == []
    rows = b"".join(data for name, data in parts.items() if name.startswith("rows/"))
    assert b"sealed" not in rows
    assert b"gAAAA" not in rows  # how a sealed text begins
    channels = [json.loads(line) for line in parts["rows/alerts.channel.jsonl"].splitlines()]
    assert [channel["address"] for channel in channels] == ["http://127.0.0.1/", "editor"]


def test_channels_of_a_copy_are_silent_until_completed(full: Project, file: Path, owner: User) -> None:
    copy = import_project(file, owner=owner, slug="copy")
    assert list(copy.channels.order_by("pk").values_list("name", "enabled", "sealed_secret")) == [
        ("Hook", False, ""),
        ("Inbox", True, ""),
    ]


def test_every_table_of_a_project_travels_or_says_why_not() -> None:
    told = {table.model for table in TABLES} | set(STAYS)
    ours = [m for c in apps.get_app_configs() if c.name.split(".")[0] in ("variorum", "evals", "monitoring")
            for m in c.get_models()]  # fmt: skip
    elsewhere = {"accounts.user", "accounts.project", "accounts.membership", "jobs.tick"}
    missing = [m._meta.label_lower for m in ours if m not in told and m._meta.label_lower not in elsewhere]
    assert missing == [], "say in the room's portable.py whether it travels"
    assert {table.model for table in TABLES} & set(STAYS) == set()


def test_what_travels_refers_to_nothing_that_stays() -> None:
    seen: set[Any] = {Project, User}
    for table in TABLES:
        seen.add(table.model)
        wrong = [
            f"{table.name}.{field.name}"
            for field in fields_of(table)
            if isinstance(field, ForeignKey) and not field.null and field.related_model not in seen
        ]
        assert wrong == []


def test_people_who_are_not_here_are_names_until_they_get_an_account(
    full: Project, file: Path, owner: User, api: Client, tmp_path: Path
) -> None:
    parts = {name: data.replace(b"mia@example.org", b"new@example.org") for name, data in parts_of(file).items()}
    copy = import_project(written(tmp_path / "other.zip", parts), owner=owner, slug="copy")
    new = User.objects.get(email="new@example.org")
    assert (new.is_active, new.has_usable_password(), new.name) == (False, False, "Mia")
    roles = dict(Membership.objects.filter(project=copy).values_list("user__email", "role"))
    assert roles == {
        "olga@example.org": "owner", "new@example.org": "maintainer", "eddie@example.org": "editor",
        "vera@example.org": "viewer",
    }  # fmt: skip
    add = {"email": "new@example.org", "role": "editor"}
    refused = api(owner).post("/api/v1/projects/copy/members", add)
    assert (refused.status_code, refused.json()["code"]) == (400, "unknown_person")
    add |= {"name": "Mine", "password": "correct horse battery"}
    stranger = User.objects.create_user("mallory@example.org", "correct horse battery")
    api(stranger).post("/api/v1/projects", {"name": "Trap", "slug": "trap"})
    refused = api(stranger).post("/api/v1/projects/trap/members", add)
    assert (refused.status_code, refused.json()["code"]) == (403, "not_yours")
    arrived = create_user(email="New@example.org", password="correct horse battery", name="Mia B", by=owner)
    assert (arrived.pk, arrived.is_active, arrived.check_password("correct horse battery")) == (new.pk, True, True)


DAMAGE: dict[str, Callable[[dict[str, bytes]], dict[str, bytes]]] = {
    "no manifest": lambda parts: {name: data for name, data in parts.items() if name != "manifest.json"},
    "a part less": lambda parts: {name: data for name, data in parts.items() if name != "repository.bundle"},
    "a part more": lambda parts: {**parts, "objects/" + "0" * 64: b"x"},
    "a way out": lambda parts: {**parts, "../../etc/passwd": b"x"},
    "an absolute path": lambda parts: {**parts, "/etc/passwd": b"x"},
    "a changed row": lambda parts: {**parts, "rows/drafts.draft.jsonl": parts["rows/drafts.draft.jsonl"] + b"\n"},
    "a changed bundle": lambda parts: {**parts, "repository.bundle": parts["repository.bundle"][:-1] + b"x"},
    "another version": lambda parts: {
        **parts, "manifest.json": parts["manifest.json"].replace(b'"version": 1', b'"version": 2')
    },
    "no JSON": lambda parts: {**parts, "manifest.json": b"[" * 100_000},
}  # fmt: skip


def refusal_of(bad: Path, owner: User) -> tuple[int, str, list[str]]:
    """Status and code with which a file is refused, and what it left: new projects and folders."""
    repos = Path(django_settings.DATA_DIR) / "repos"
    before = {path.name for path in repos.iterdir()}
    with pytest.raises(Problem) as refused:
        import_project(bad, owner=owner, slug="copy")
    left = sorted({path.name for path in repos.iterdir()} - before)
    there = Project.objects.filter(slug="copy").values_list("slug", flat=True)
    return refused.value.status, refused.value.stable_code, [*left, *there]


def test_a_damaged_file_leaves_nothing(file: Path, owner: User, tmp_path: Path) -> None:
    parts = parts_of(file)
    seen = {}
    for name, damage in DAMAGE.items():
        seen[name] = refusal_of(written(tmp_path / "bad.zip", damage(parts), fix=False), owner)
    codes = dict.fromkeys(DAMAGE, "bad_export") | {"another version": "unknown_version"}
    assert seen == {name: (422, code, []) for name, code in codes.items()}


def change(name: str, **fields: Any) -> Callable[[dict[str, bytes]], dict[str, bytes]]:
    """The first row of a table with other values."""

    def lie(parts: dict[str, bytes]) -> dict[str, bytes]:
        first, *rest = parts[name].splitlines()
        row = json.dumps({**json.loads(first), **fields}).encode()
        return {**parts, name: b"\n".join([row, *rest]) + b"\n"}

    return lie


LIES: dict[str, Callable[[dict[str, bytes]], dict[str, bytes]]] = {
    "a bundle that is not the one of its ETag": change("rows/deployments.bundle.jsonl", hash="0" * 64),
    "rows that are not those of their hash": change("rows/datasets.datasetversion.jsonl", sha256="0" * 64),
    "no such person": change("rows/drafts.draft.jsonl", author="nobody@example.org"),
    "no such draft": change("rows/drafts.comment.jsonl", draft=99),
    "no such state": change("rows/drafts.draft.jsonl", state="published"),
    "a number that is none": change("rows/drafts.draft.jsonl", number="many"),
    "a number twice": change("rows/drafts.draft.jsonl", number=2),
    "a title too long": change("rows/drafts.draft.jsonl", title="x" * 500),
    "half a character": change("rows/drafts.draft.jsonl", title="\ud800"),
    "a zero byte": change("rows/drafts.draft.jsonl", title="a\0b"),
    "a secret of its own": change("rows/inference.provider.jsonl", sealed_key="x"),
    "a field too few": lambda parts: {**parts, "rows/drafts.draft.jsonl": b'{"number":1}\n'},
    "no object": lambda parts: {**parts, "rows/drafts.draft.jsonl": b"[]\n"},
    "other refs": lambda parts: {
        **parts, "manifest.json": parts["manifest.json"].replace(b"refs/tags/v1", b"refs/tags/v2")
    },
    "a page elsewhere": change("rows/drafts.check.jsonl", url="https://elsewhere.example/p/desk/"),
    "a field that stays": change("rows/alerts.alertrule.jsonl", next_at="soon"),
    "weights of another size": change("rows/repos.lfsobject.jsonl", size=7),
    "a person without an address": lambda parts: {
        **parts, "project.json": parts["project.json"].replace(b'"email":"mia@example.org"', b'"email":"a\\nb@c"')
    },
    "a person who is a number": lambda parts: {
        **parts, "project.json": parts["project.json"].replace(b'"email":"mia@example.org"', b'"email":5')
    },
    "a bad role": lambda parts: {
        **parts, "project.json": parts["project.json"].replace(b'"role":"owner"', b'"role":"king"')
    },
    # They are in the store, being those of another project, whose hashes may be known.
    "objects that the file lacks": lambda parts: {
        name: data for name, data in parts.items() if not name.startswith("objects/")
    },
}  # fmt: skip


def test_a_lying_file_leaves_nothing(file: Path, owner: User, tmp_path: Path) -> None:
    parts = parts_of(file)
    seen = {name: refusal_of(written(tmp_path / "bad.zip", lie(parts)), owner) for name, lie in LIES.items()}
    assert seen == dict.fromkeys(seen, (422, "bad_export", []))


def test_a_foreign_repository_is_refused(file: Path, owner: User, tmp_path: Path) -> None:
    parts = parts_of(file)
    for ref, mode, said in (("refs/tags/deadbeef", "file", "deadbeef"), ("refs/heads/main", "link", "symbolic link")):
        (tmp_path / mode).mkdir()
        bad = written(tmp_path / mode / "bad.zip", {**parts, **foreign(tmp_path / mode, ref, mode, parts)})
        with pytest.raises(Problem) as refused:
            import_project(bad, owner=owner, slug="copy")
        assert (refused.value.stable_code, said in refused.value.detail) == ("bad_export", True)


def foreign(folder: Path, ref: str, mode: str, parts: dict[str, bytes]) -> dict[str, bytes]:
    """A bundle that Git made of a repository with this ref, and the manifest with its refs."""
    work = folder / "work"
    run = ["git", "-C", str(work), "-c", "user.name=E", "-c", "user.email=e@example.org"]
    subprocess.run(["git", "init", "-q", "-b", "main", str(work)], check=True)
    (work / "a").symlink_to("/etc/passwd") if mode == "link" else (work / "a").write_text("a")
    subprocess.run([*run, "add", "-A"], check=True)
    subprocess.run([*run, "commit", "-q", "-m", "x"], check=True)
    subprocess.run([*run, "update-ref", ref, "HEAD"], check=True)
    subprocess.run([*run, "bundle", "create", "-q", str(folder / "x.bundle"), "--all"], check=True)
    manifest = {**json.loads(parts["manifest.json"]), "refs": git.own_refs(work / ".git")}
    bundle = (folder / "x.bundle").read_bytes()
    return {"repository.bundle": bundle, "manifest.json": json.dumps(manifest).encode()}


def test_a_bomb_is_refused_before_it_is_unpacked(owner: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_ROWS", 20_000_000)  # of two thousand million, which take a while to write
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as bomb:
        with bomb.open("rows/drafts.draft.jsonl", "w", force_zip64=True) as handle:
            for _ in range(21):
                handle.write(b" " * 1_000_000)
        bomb.writestr("manifest.json", "{}")
    with pytest.raises(Problem) as refused:
        import_project(tmp_path / "bomb.zip", owner=owner)
    assert "larger than any project's rows" in refused.value.detail
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as bomb:
        bomb.writestr("project.json", b" " * 65_000_000)
        bomb.writestr("manifest.json", "{}")
    with pytest.raises(Problem) as refused:
        import_project(tmp_path / "bomb.zip", owner=owner)
    assert "project.json is larger" in refused.value.detail


def test_over_http(
    run_jobs: Callable[[], int], full: Project, owner: User, member: Callable[..., User], api: Client
) -> None:
    base = f"/api/v1/projects/{full.slug}/exports"
    editor, client = api(member("editor")), api(owner)
    assert (editor.get(base).status_code, editor.post(base).status_code) == (403, 403)
    started = client.post(base)
    assert (started.status_code, client.post(base).json()["number"]) == (202, started.json()["number"])
    address = f"{base}/{started.json()['number']}/file"
    assert client.get(address).json()["code"] == "export_not_ready"
    assert run_jobs() == 1
    shown = client.get(base).json()["items"][0]
    assert (shown["job"]["state"], shown["size"] > 1000) == ("succeeded", True)
    assert editor.get(address).status_code == 403
    answer = client.get(address)
    body = b"".join(answer.streaming_content)  # type: ignore[attr-defined]
    assert (len(body), hashlib.sha256(body).hexdigest()) == (shown["size"], shown["sha256"])


def test_commands(full: Project, owner: User, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("project", "export", full.slug, str(tmp_path / "desk.zip"))
    call_command("project", "import", str(tmp_path / "desk.zip"), "--owner", owner.email, "--slug", "again")
    assert Project.objects.filter(slug="again").exists()
    for bad in (("export", "nope", "x.zip"), ("import", str(tmp_path / "none.zip"), "--owner", owner.email)):
        with pytest.raises(CommandError):
            call_command("project", *bad)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["desk.zip"]
