"""Backups: what was saved comes back, and nothing is overwritten."""

import io
import tarfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from variorum import data
from variorum.lib import postgres
from variorum.repos import git


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A data folder of its own with its own embedded database."""
    monkeypatch.delenv("DATABASE_URL")
    here = tmp_path / "here"
    monkeypatch.setenv("VARIORUM_DATA", str(here))
    yield here
    for one in (here, tmp_path / "there"):
        postgres.stop(one)


def fill(folder: Path) -> str:
    """A table, a repository with a commit, an object, a secret; the commit's id."""
    with psycopg.connect(postgres.ensure(folder)) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    (folder / "repos").mkdir()
    repository = folder / "repos" / "1-a.git"
    git.create(repository, {"a": b"b"}, message="Start", author=git.Author("Ada", "ada@example.org"))
    weights = folder / "objects" / "sha256" / "ab" / "cd" / "abcd"
    weights.parent.mkdir(parents=True)
    weights.write_bytes(b"weights")
    weights.with_name("abcd#1").write_bytes(b"half an upload")
    (folder / "secrets.env").write_text("VARIORUM_SECRET_KEY=s\n")
    (folder / "secrets.env").chmod(0o600)
    return git.resolve(repository, git.MAIN)


def test_a_backup_brings_everything_back(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commit = fill(folder)
    file = tmp_path / "all.tar"
    assert data.main(["backup", str(file)]) == 0
    assert file.stat().st_mode & 0o777 == 0o600
    there = tmp_path / "there"
    monkeypatch.setenv("VARIORUM_DATA", str(there))
    assert data.main(["restore", str(file)]) == 0
    with psycopg.connect(postgres.url_for(there)) as connection:
        assert connection.execute("SELECT answer FROM kept").fetchall() == [(42,)]
    assert git.read_file(there / "repos" / "1-a.git", commit, "a") == b"b"
    assert git.fsck(there / "repos" / "1-a.git") == []
    objects = there / "objects" / "sha256" / "ab" / "cd"
    assert [path.read_bytes() for path in objects.iterdir()] == [b"weights"]
    assert (there / "secrets.env").stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in there.iterdir()) == ["objects", "pg", "repos", "secrets.env"]


def test_nothing_is_overwritten(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fill(folder)
    file = tmp_path / "db.dump"
    assert data.main(["dump", str(file)]) == 0
    assert data.main(["load", str(file)]) == 1
    assert "The database is not empty" in capsys.readouterr().err
    assert data.main(["restore", str(file)]) == 1
    assert "already has pg, repos, objects, secrets.env" in capsys.readouterr().err


def test_a_foreign_archive_is_refused(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "evil.tar"
    with tarfile.open(file, "w") as tar:
        member = tarfile.TarInfo("../outside")
        member.size = 1
        tar.addfile(member, io.BytesIO(b"x"))
    assert data.main(["restore", str(file)]) == 1
    assert "no backup of Variorum" in capsys.readouterr().err
    assert not (tmp_path / "outside").exists()


def test_the_database_by_hand(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert [data.main([word]) for word in ("status", "start", "status", "url", "stop", "status")] == [0] * 6
    lines = capsys.readouterr().out.splitlines()
    assert [lines[0], lines[1], lines[3], lines[4]] == [
        "not running",
        postgres.url_for(folder),
        postgres.url_for(folder),
        "not running",
    ]
    assert lines[2].startswith("running, process ")
