"""Importing a project is a job: watched, cancelled, refused with what and where, whole or not at all."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.utils import timezone
from rest_framework.test import APIClient

from tests.variorum_portable.conftest import parts_of, written
from tests.weights import safetensors
from variorum.accounts.models import Project, User
from variorum.jobs.models import Job
from variorum.jobs.runner import run_job
from variorum.lib import objects
from variorum.repos import git, queries
from variorum.repos.models import LfsObject
from variorum.repos.places import path_of
from variorum_client.cli import main
from variorum_portable import arriving
from variorum_portable.exporting import export_project

pytestmark = pytest.mark.django_db(transaction=True)
Client = Callable[..., APIClient]
Run = Callable[[], int]


def bring(client: APIClient, data: bytes, **fields: str) -> Any:
    return client.post("/api/v1/imports", {"file": SimpleUploadedFile("desk.zip", data), **fields}, format="multipart")


def left_in_the_folders() -> list[str]:
    repos = Path(django_settings.DATA_DIR) / "repos"
    kept = set(Project.objects.values_list("repository__path", flat=True))
    marks = {f"import-{pk}-" for pk in Job.objects.filter(kind=arriving.KIND).values_list("project", flat=True)}
    names = [path.name for path in repos.iterdir() if path.name not in kept]
    return [name for name in names if any(mark in name for mark in marks)]


@pytest.fixture
def exported(full: Project, tmp_path: Path) -> bytes:
    export_project(full, tmp_path / "desk.zip")
    return (tmp_path / "desk.zip").read_bytes()


def test_a_project_arrives_by_a_job(
    run_jobs: Run, full: Project, owner: User, stranger: User, exported: bytes, api: Client, tmp_path: Path
) -> None:
    client = api(owner)
    taken = bring(client, exported)
    assert (taken.status_code, taken.json()["code"]) == (409, "slug_taken")
    bad = bring(client, b"PK")
    assert (bad.status_code, bad.json()["code"]) == (422, "bad_export")
    began = bring(client, exported, slug="desk-2", name="Desk two")
    assert (began.status_code, began.json()["state"], began.json()["slug"]) == (202, "queued", "desk-2")
    address = f"/api/v1/imports/{began.json()['id']}"
    assert "desk-2" not in [item["slug"] for item in client.get("/api/v1/projects").json()["items"]]
    waiting = Job.objects.get(pk=began.json()["id"]).project.slug
    assert client.get(f"/api/v1/projects/{waiting}").status_code == 404
    other = api(stranger)
    answers = [other.get(address), other.post(f"{address}/cancel"), other.delete(address)]
    assert [answer.status_code for answer in answers] == [404, 404, 404]
    assert other.get("/api/v1/imports").json()["items"] == []

    assert run_jobs() == 1
    shown = client.get(address).json()
    assert (shown["state"], shown["code"], shown["done"] <= shown["total"]) == ("succeeded", None, True)
    report = shown["report"]
    assert {name: report[name] for name in ("slug", "name", "refs", "without_account")} == {
        "slug": "desk-2", "name": "Desk two", "refs": len(git.own_refs(path_of(full))), "without_account": [],
    }  # fmt: skip
    assert (report["rows"]["drafts.draft"], report["rows"]["deployments.deployment"]) == (3, 3)
    copy = Project.objects.get(slug="desk-2")
    assert (copy.name, queries.head(copy)) == ("Desk two", queries.head(full))
    assert client.get("/api/v1/projects/desk-2/drafts").json()["items"][0]["title"] == "Shorter"
    assert client.delete(address).json()["code"] == "import_not_ended"
    assert not objects.store().exists(Job.objects.get(pk=shown["id"]).spec["key"])
    export_project(copy, tmp_path / "again.zip")
    first, again = parts_of(tmp_path / "desk.zip"), parts_of(tmp_path / "again.zip")
    assert sorted(name for name in first | again if first.get(name) != again.get(name)) == [
        "manifest.json",
        "project.json",
    ]
    assert {**json.loads(again["project.json"]), "name": full.name} == json.loads(first["project.json"])
    about = [json.loads(parts["manifest.json"]) for parts in (first, again)]
    assert [(found.pop("slug"), found["parts"].pop("project.json") and "") for found in about] == [
        ("support-desk", ""), ("desk-2", ""),
    ]  # fmt: skip
    assert about[0] == about[1]


def test_a_file_that_lies_is_named_with_its_place_and_leaves_nothing(
    run_jobs: Run, owner: User, exported: bytes, api: Client, tmp_path: Path
) -> None:
    (tmp_path / "x.zip").write_bytes(exported)
    parts = parts_of(tmp_path / "x.zip")
    parts["rows/drafts.draft.jsonl"] = parts["rows/drafts.draft.jsonl"].replace(b'"state":"merged"', b'"state":"no"')
    client = api(owner)
    began = bring(client, written(tmp_path / "bad.zip", parts).read_bytes(), slug="copy").json()
    assert run_jobs() == 1
    shown = client.get(f"/api/v1/imports/{began['id']}").json()
    assert (shown["state"], shown["code"], shown["report"]) == ("failed", "bad_export", None)
    assert shown["error"].startswith("drafts.draft, row 1: ")
    assert not Project.objects.filter(slug="copy").exists()
    assert left_in_the_folders() == []
    assert client.delete(f"/api/v1/imports/{began['id']}").status_code == 204
    assert client.get("/api/v1/imports").json()["items"] == []
    assert not Project.objects.filter(slug__startswith="import-").exists()


def test_an_import_is_watched_and_cancelled(
    run_jobs: Run, owner: User, exported: bytes, api: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = api(owner)
    first = bring(client, exported, slug="copy").json()
    assert client.post(f"/api/v1/imports/{first['id']}/cancel").json()["state"] == "cancelled"
    second = bring(client, exported, slug="copy").json()
    address = f"/api/v1/imports/{second['id']}"
    real, seen = arriving.import_project, []

    def onlooker() -> None:
        """Somebody else's process: what it sees is committed."""
        until = time.monotonic() + 60
        while time.monotonic() < until and client.get(address).json()["message"] != "drafts.draft":
            time.sleep(0.02)
        seen.append(client.get(address).json())
        client.post(f"{address}/cancel")
        connection.close()

    def held(path: Path, **given: Any) -> Project:
        def watch(done: int, total: int, part: str) -> None:
            if part != "rows/drafts.draft.jsonl":
                return given["watch"](done, total, part)
            person, until = threading.Thread(target=onlooker), time.monotonic() + 90
            person.start()
            try:
                while time.monotonic() < until:
                    given["watch"](done, total, part)
                    time.sleep(0.02)
            finally:
                person.join()
            return None

        return real(path, **{**given, "watch": watch})

    monkeypatch.setattr(arriving, "import_project", held)
    assert run_jobs() == 1
    assert (seen[0]["state"], seen[0]["message"], 0 < seen[0]["done"] < seen[0]["total"]) == (
        "running", "drafts.draft", True,
    )  # fmt: skip
    assert [item["state"] for item in client.get("/api/v1/imports").json()["items"]] == ["cancelled", "cancelled"]
    assert not Project.objects.filter(slug="copy").exists()
    assert left_in_the_folders() == []
    assert [objects.store().exists(job.spec["key"]) for job in Job.objects.filter(kind=arriving.KIND)] == [False] * 2
    Job.objects.filter(kind=arriving.KIND).update(ended_at=timezone.now() - timedelta(days=8))
    arriving.forget_old_imports()
    assert not Project.objects.filter(slug__startswith="import-").exists()


START = """
import os, resource, signal, sys
import django
django.setup()
from django.db import connections
connections["default"].settings_dict["NAME"] = sys.argv[1]
from pathlib import Path
from variorum.accounts.models import Project, User
from variorum.jobs.runner import run_job
from variorum.repos import git
from variorum_portable import arriving, exporting, importing

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

def die_after(holder, name):
    real = getattr(holder, name)
    def deadly(*args, **given):
        real(*args, **given)
        os.kill(os.getpid(), signal.SIGKILL)
    setattr(holder, name, deadly)
"""


def in_a_process(code: str, *arguments: str) -> tuple[int, str]:
    """Run it as another process on the test's database: (exit code, what it printed)."""
    command = [sys.executable, "-c", START + code, connection.settings_dict["NAME"], *arguments]
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "variorum.settings"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120, check=False)
    return done.returncode, done.stdout or done.stderr[-2000:]


STEPS = {
    "the repository was read": "importing, '_read_repository'",
    "its folder appeared": "git, 'appear'",
    "all is committed": "arriving, 'import_project'",
}


def test_killed_at_any_step_it_comes_whole_and_once(full: Project, owner: User, exported: bytes, api: Client) -> None:
    began = bring(api(owner), exported, slug="copy").json()
    there = []
    for step in STEPS.values():
        assert in_a_process(f"die_after({step})\nrun_job({began['id']})") == (-signal.SIGKILL, "")
        there.append(Project.objects.filter(slug="copy").exists())
        Job.objects.filter(pk=began["id"]).update(lease_until=timezone.now() - timedelta(seconds=1))
    assert there == [False, False, True]
    run_job(began["id"])
    job = Job.objects.get(pk=began["id"])
    assert (job.state, job.attempts, job.result["report"]["slug"]) == ("succeeded", 4, "copy")
    copy = Project.objects.get(slug="copy")
    assert (git.fsck(path_of(copy)), git.own_refs(path_of(copy))) == ([], git.refs(path_of(full)))
    assert left_in_the_folders() == []


def test_a_hundred_megabytes_need_no_memory(
    web: str, full: Project, owner: User, make_key: Callable[..., str], tmp_path: Path, capsys: Any, monkeypatch: Any
) -> None:
    data = safetensors({"base_model.model.w.lora_A.weight": (25_000_000,)}, b"\0")  # 100 MB
    digest, size = objects.store().put_content(data), len(data)
    LfsObject.objects.create(project=full, sha256=digest, size=size)
    code = """
before = peak()
project, owner, file = Project.objects.get(slug="support-desk"), User.objects.get(email=sys.argv[2]), Path(sys.argv[3])
exporting.export_project(project, file)
assert file.stat().st_size > 100_000_000
importing.import_project(file, owner=owner, slug="copy")
print((peak() - before) // 1_000_000)
"""
    status, grown = in_a_process(code, owner.email, str(tmp_path / "desk.zip"))
    assert (status, int(grown) < 40) == (0, True), grown
    assert Project.objects.get(slug="copy").lfs_objects.filter(size=size).exists()
    by_command_line(web, make_key, tmp_path / "desk.zip", capsys, monkeypatch)


def by_command_line(web: str, make_key: Callable[..., str], file: Path, capsys: Any, monkeypatch: Any) -> None:
    monkeypatch.setenv("VARIORUM_URL", web)
    monkeypatch.setenv("VARIORUM_API_KEY", make_key("write"))
    assert main(["import-project", str(file), "--slug", "third"]) == 1
    assert "lacks the scope admin" in capsys.readouterr().err
    monkeypatch.setenv("VARIORUM_API_KEY", make_key("admin"))
    worker = threading.Thread(target=do_the_next)
    worker.start()
    before = peak_of(web)
    assert main(["import-project", str(file), "--slug", "third", "--name", "Third"]) == 0
    worker.join()
    assert capsys.readouterr().out.startswith("Third is here now: /p/third\n")
    assert peak_of(web) - before < 40_000_000
    assert main(["import-project", str(file), "--slug", "third"]) == 1
    assert "'third' is taken here" in capsys.readouterr().err
    assert main(["import-project", str(file.with_name("none.zip"))]) == 1


def do_the_next() -> None:
    """What a worker does, once there is an import to do."""
    until = time.monotonic() + 120
    while time.monotonic() < until:
        job = Job.objects.filter(kind=arriving.KIND, state=Job.State.QUEUED).first()
        if job:
            run_job(job.pk)
            break
        time.sleep(0.05)
    connection.close()


def peak_of(web: str) -> int:
    """The web process's highest resident size until now, in bytes."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            command = (folder / "cmdline").read_bytes().split(b"\0")
            if b"variorum.asgi:application" in command and web.rpartition(":")[2].encode() in command:
                lines = (folder / "status").read_text().splitlines()
                found += [int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM")]
    return max(found)
