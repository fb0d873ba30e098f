"""The supervisor of the embedded database, with real servers that are really killed."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest

from variorum.lib import postgres, postgres_binaries
from variorum.lib.postgres import PostgresError

PLATFORM = Path(postgres.__file__).resolve().parents[2]
ROOT_ONLY = pytest.mark.skipif(os.geteuid() != 0, reason="only root can change who it is")


@pytest.fixture
def data() -> Iterator[Path]:
    """A data folder inside a closed one, with a space in its name."""
    closed = Path(tempfile.mkdtemp(prefix="variorum test "))
    folder = closed / "data"
    yield folder
    postgres.stop(folder)
    shutil.rmtree(closed)


def sql(url: str, query: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(query)
        return cursor.fetchall() if cursor.description else []


def setting(url: str, name: str) -> object:
    return sql(url, f"SHOW {name}")[0][0]


def in_another_process(data: Path, *, python: str | None = None, user: int | None = None) -> "subprocess.Popen[str]":
    script = (
        "import sys; from pathlib import Path; from variorum.lib import postgres; "
        "print(postgres.start(Path(sys.argv[1])).pid)"
    )
    programs = str(postgres_binaries.find_binaries().folder)
    return subprocess.Popen(
        [python or sys.executable, "-c", script, str(data)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={"PYTHONPATH": str(PLATFORM), "PATH": os.environ["PATH"], "VARIORUM_PG_BIN": programs},
        user=user,
        group=user,
        extra_groups=None if user is None else [],
    )


def test_starts_once_and_keeps_its_rows(data: Path) -> None:
    assert postgres.running(data) is None
    first = postgres.start(data)
    assert first.url == postgres.url_for(data) == postgres.ensure(data)
    assert postgres.start(data) == postgres.running(data) == first
    sql(first.url, "CREATE TABLE kept AS SELECT 42 AS answer")
    postgres.stop(data)
    assert not postgres.is_alive(data)
    assert not first.socket_dir.exists()
    assert sql(postgres.ensure(data), "SELECT answer FROM kept") == [(42,)]


def test_is_durable_and_reachable_through_a_private_socket_alone(data: Path) -> None:
    cluster = postgres.start(data)
    assert setting(cluster.url, "listen_addresses") == ""
    assert cluster.socket_dir.stat().st_mode & 0o777 == 0o700
    assert (data / "pg" / "cluster").stat().st_mode & 0o777 == 0o700
    for safety in ("fsync", "full_page_writes", "synchronous_commit"):
        assert setting(cluster.url, safety) == "on"
    assert setting(cluster.url, "max_wal_size") == "4GB"
    assert setting(cluster.url, "server_encoding") == "UTF8"
    assert sql(cluster.url, "SELECT DISTINCT datlocprovider FROM pg_database") == [("b",)]


def test_a_block_ends_only_the_server_that_it_started(data: Path) -> None:
    with postgres.cluster(data) as outer:
        with postgres.cluster(data) as inner:
            assert inner == outer
        assert postgres.is_alive(data)
    assert not postgres.is_alive(data)


def test_kill_9_of_the_server_loses_no_commit(data: Path) -> None:
    cluster = postgres.start(data)
    sql(cluster.url, "CREATE TABLE kept (round int)")
    for number in range(5):
        sql(cluster.url, f"INSERT INTO kept VALUES ({number})")
        os.kill(cluster.pid, signal.SIGKILL)
        again = postgres.start(data)
        assert again.pid != cluster.pid
        cluster = again
    assert sql(cluster.url, "SELECT array_agg(round ORDER BY round) FROM kept") == [([0, 1, 2, 3, 4],)]


def test_kill_9_while_a_child_is_busy(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "ORPHAN_SECONDS", 0.3)
    cluster = postgres.start(data)
    busy = psycopg.connect(cluster.url)
    busy.pgconn.send_query(b"SELECT count(*) FROM generate_series(1, 400) a, generate_series(1, 1000000) b")
    os.kill(cluster.pid, signal.SIGKILL)
    assert sql(postgres.ensure(data), "SELECT 1") == [(1,)]
    assert not Path(f"/proc/{busy.info.backend_pid}/exe").exists()
    busy.close()


def test_ten_processes_at_once_make_one_server(data: Path) -> None:
    starters = [in_another_process(data) for _ in range(10)]
    answers = [starter.communicate(timeout=120) for starter in starters]
    assert [starter.returncode for starter in starters] == [0] * 10, answers
    assert {out.strip() for out, _ in answers} == {str(postgres.start(data).pid)}


def test_a_stale_note_that_names_another_program_is_no_server(data: Path) -> None:
    cluster = postgres.start(data)
    note = data / "pg" / "cluster" / "postmaster.pid"
    lines = note.read_text().splitlines()
    postgres.stop(data)
    note.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")
    assert postgres.running(data) is None
    assert postgres.start(data).pid not in {os.getpid(), cluster.pid}


def test_a_deleted_socket_folder_comes_back(data: Path) -> None:
    cluster = postgres.start(data)
    shutil.rmtree(cluster.socket_dir)
    assert sql(postgres.ensure(data), "SELECT 1") == [(1,)]


def test_a_socket_folder_that_others_may_enter_is_refused(data: Path) -> None:
    folder = Path(postgres.url_for(data).partition("host=")[2])
    folder.mkdir()
    folder.chmod(0o755)
    with pytest.raises(PostgresError, match="not a private folder"):
        postgres.start(data)
    folder.rmdir()


def test_an_interrupted_init_leaves_nothing_behind(data: Path) -> None:
    (data / "pg" / "cluster.new-1" / "half").mkdir(parents=True)
    postgres.start(data)
    assert sorted(path.name for path in (data / "pg").iterdir()) == ["cluster", "lock", "server.log"]


def test_another_major_version_is_refused_with_the_way_out(data: Path) -> None:
    postgres.start(data)
    postgres.stop(data)
    version = data / "pg" / "cluster" / "PG_VERSION"
    kept = version.read_text()
    version.write_text("17\n")
    with pytest.raises(PostgresError, match=r"made by PostgreSQL 17.*variorum\.data dump old\.dump"):
        postgres.start(data)
    version.write_text(kept)


def test_a_start_that_fails_says_why(data: Path) -> None:
    postgres.start(data)
    postgres.stop(data)
    conf = data / "pg" / "cluster" / "postgresql.conf"
    kept = conf.read_text()
    conf.write_text(kept + "\nwork_mem = nonsense\n")
    with pytest.raises(PostgresError, match="work_mem"):
        postgres.start(data)
    conf.write_text(kept)


def test_missing_programs_are_named(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VARIORUM_PG_BIN", str(data / "nowhere"))
    with pytest.raises(PostgresError, match="VARIORUM_PG_BIN"):
        postgres.start(data)


@ROOT_ONLY
def test_root_without_user_namespaces_becomes_nobody(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sql(postgres.ensure(data), "CREATE TABLE kept AS SELECT 1 AS one")
    postgres.stop(data)
    with monkeypatch.context() as blocked:
        blocked.setattr(postgres_binaries, "_user_namespace", postgres_binaries._nobody)
        as_nobody = postgres.start(data)
        assert Path(f"/proc/{as_nobody.pid}").stat().st_uid == postgres_binaries.NOBODY
        assert sql(as_nobody.url, "SELECT one FROM kept") == [(1,)]
        postgres.stop(data)
    as_root = postgres.start(data)
    assert {path.lstat().st_uid for path in (data / "pg").rglob("*")} == {0}
    assert sql(as_root.url, "SELECT one FROM kept") == [(1,)]
    assert data.parent.stat().st_mode & 0o777 == 0o700


@ROOT_ONLY
def test_a_normal_user_starts_one_too_and_root_s_is_not_theirs(data: Path) -> None:
    daemon = 1
    python = _python_for_all()
    with tempfile.TemporaryDirectory(prefix="variorum-user-") as home:
        os.chown(home, daemon, daemon)
        theirs = Path(home) / "var"
        started = in_another_process(theirs, python=python, user=daemon)
        out, err = started.communicate(timeout=60)
        assert started.returncode == 0, err
        assert Path(f"/proc/{int(out)}").stat().st_uid == daemon
        os.kill(int(out), signal.SIGINT)
        while Path(f"/proc/{int(out)}/cwd").exists():
            time.sleep(0.05)
        shutil.rmtree(postgres.url_for(theirs).partition("host=")[2].replace(f"-{os.geteuid()}-", f"-{daemon}-"))
    data.parent.chmod(0o755)
    data.mkdir()
    refused = in_another_process(data, python=python, user=daemon)
    assert "may not be written by this user" in refused.communicate(timeout=60)[1]


def _python_for_all() -> str:
    """A Python that a normal user may run; the one of these tests may lie in root's own folder."""
    for python in (sys.executable, "/usr/bin/python3"):
        with suppress(OSError):
            check = [
                python,
                "-c",
                f"import sys; sys.path.append({str(PLATFORM)!r}); import variorum.lib.postgres",
            ]
            if subprocess.run(check, user=1, group=1, extra_groups=[], check=False, env={}).returncode == 0:
                return python
    pytest.skip("no Python >= 3.11 and no copy of this code that a normal user may read")
