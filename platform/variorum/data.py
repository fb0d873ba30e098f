"""The data folder by hand: its database, and backups of everything in it.

    python -m variorum.data start | stop | status | url       the embedded database
    python -m variorum.data psql [arguments]                  PostgreSQL's own shell on it
    python -m variorum.data dump FILE | load FILE             the database alone (load: into an empty one)
    python -m variorum.data backup FILE | restore FILE        database, repositories, objects and secrets as one tar

Works with DATABASE_URL too. A backup may be taken while Variorum runs; it is restored into an empty data folder.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from variorum.lib import env, postgres
from variorum.lib.objects import SCRATCH
from variorum.lib.postgres_binaries import find_binaries, tool_env
from variorum.processes import data_folder
from variorum.repos import git

DUMP = "database.dump"
IS_EMPTY = "SELECT count(*) = 0 FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace"


class Refused(Exception):
    """It would destroy something, or the input is not what it should be. The text says what to do."""


def database_url() -> str:
    """DATABASE_URL, else the embedded database, started if need be."""
    return env.text("DATABASE_URL") or postgres.ensure(data_folder())


def dump(file: Path) -> None:
    """Write the database into one file in PostgreSQL's own format; the file appears whole or not at all."""
    with _written_whole(file) as fresh:
        _run("pg_dump", "--format=custom", "--no-owner", f"--file={fresh}", f"--dbname={database_url()}")


def load(file: Path) -> None:
    """Fill an empty database from a dump, all or nothing."""
    url = database_url()
    if _run("psql", "--no-psqlrc", "--tuples-only", "--no-align", f"--command={IS_EMPTY}", url).strip() != "t":
        raise Refused("The database is not empty. Stop Variorum and move <data>/pg away (or name a new database).")
    _run("pg_restore", "--no-owner", "--exit-on-error", "--single-transaction", f"--dbname={url}", str(file))


def backup(file: Path) -> None:
    """One tar of everything that cannot be made again. The database comes first, so that whatever it names is in
    the files that are read after it."""
    data = data_folder()
    with _written_whole(file) as fresh, tempfile.TemporaryDirectory(prefix="variorum-") as scratch:
        dump(Path(scratch) / DUMP)
        with tarfile.open(fresh, "w") as tar:
            tar.add(Path(scratch) / DUMP, DUMP)
            for path in _kept_files(data):
                tar.add(path, path.relative_to(data).as_posix(), recursive=False)
    if env.text("STORAGE_URL"):
        _say("The objects behind STORAGE_URL are not in it: back that store up by its own means.")


def _kept_files(data: Path) -> Iterator[Path]:
    """Secrets, repositories (each under its lock: no commit and no gc meanwhile), objects."""
    if (data / "secrets.env").exists():
        yield data / "secrets.env"
    for repository in sorted((data / "repos").glob("*.git")):
        with git.locked(repository):
            yield from (path for path in sorted(repository.rglob("*")) if path.is_dir() or path.is_file())
    # A name with '#', or one of a scratch file, is an upload that is not finished.
    found = (path for path in sorted((data / "objects").rglob("*")) if path.is_file() and "#" not in path.name)
    yield from (path for path in found if not path.name.startswith(SCRATCH))


def restore(file: Path) -> None:
    """Fill an empty data folder (and database) from a backup."""
    data = data_folder()
    filled = [name for name in ("pg", "repos", "objects", "secrets.env") if (data / name).exists()]
    if filled:
        raise Refused(f"{data} already has {', '.join(filled)}. Set VARIORUM_DATA to a new folder, or move them away.")
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tarfile.open(file) as tar:
        for member in tar:
            _unpack(tar, member, data)
    load(data / DUMP)
    (data / DUMP).unlink()


def _unpack(tar: tarfile.TarFile, member: tarfile.TarInfo, data: Path) -> None:
    name = PurePosixPath(member.name)
    if name.is_absolute() or ".." in name.parts or not (member.isfile() or member.isdir()):
        raise Refused(f"This is no backup of Variorum: it holds {member.name!r}.")
    target = data / name
    if member.isdir():
        target.mkdir(parents=True, exist_ok=True)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    content = tar.extractfile(member)
    with target.open("wb") as out:
        if content is not None:
            shutil.copyfileobj(content, out)
    target.chmod(member.mode & 0o777)


@contextmanager
def _written_whole(file: Path) -> Iterator[Path]:
    """A path beside `file` that becomes `file` when the block ends well. Only its owner may read it."""
    file = file.absolute()
    fresh = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        fresh.touch(mode=0o600)
        yield fresh
        fresh.replace(file)
    finally:
        fresh.unlink(missing_ok=True)


def _run(program: str, *arguments: str) -> str:
    done = subprocess.run(
        [find_binaries().path(program), *arguments], capture_output=True, text=True, check=False, env=tool_env()
    )
    if done.returncode != 0:
        raise Refused(f"{program} failed: {done.stderr.strip()[-1500:]}")
    return done.stdout


def _shell(arguments: list[str]) -> None:
    psql = find_binaries().path("psql")
    os.execve(psql, [psql, database_url(), *arguments], tool_env())  # noqa: S606 - no shell is wanted


def _status() -> None:
    cluster = postgres.running(data_folder())
    _say(f"running, process {cluster.pid}, {cluster.url}" if cluster else "not running")


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")


def main(arguments: list[str]) -> int:
    """0 when done, 1 with a plain message when not."""
    plain: dict[str, Callable[[], None]] = {
        "start": lambda: _say(postgres.ensure(data_folder())),
        "stop": lambda: postgres.stop(data_folder()),
        "status": _status,
        "url": lambda: _say(env.text("DATABASE_URL") or postgres.url_for(data_folder())),
    }
    with_file: dict[str, Callable[[Path], None]] = {"dump": dump, "load": load, "backup": backup, "restore": restore}
    parser = argparse.ArgumentParser(prog="python -m variorum.data", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    commands = parser.add_subparsers(dest="command", required=True)
    for name in plain:
        commands.add_parser(name)
    for name in with_file:
        commands.add_parser(name).add_argument("file", type=Path)
    commands.add_parser("psql").add_argument("arguments", nargs=argparse.REMAINDER)
    options = parser.parse_args(arguments)
    try:
        if options.command == "psql":
            _shell(options.arguments)
        elif options.command in plain:
            plain[options.command]()
        else:
            with_file[options.command](options.file)
    except (Refused, postgres.PostgresError, git.GitError, tarfile.TarError, OSError) as exc:
        sys.stderr.write(f"{exc}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
