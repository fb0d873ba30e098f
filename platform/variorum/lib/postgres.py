"""The embedded database: a small supervisor of one PostgreSQL cluster in a data folder.

    <data>/pg/cluster      PostgreSQL's own files        <data>/pg/server.log    what the server says
    <data>/pg/lock         held while it is initialised, started or stopped
    /tmp/variorum-<uid>-<hash>/   the socket, 0700: there is no TCP port and no password

The server outlives the process that started it. Any number of processes may call `ensure` at once.
It knows no Django. By hand: python -m variorum.data --help
"""

import fcntl
import hashlib
import os
import shutil
import signal
import socket
import struct
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from stat import S_IMODE, S_ISDIR

from variorum.lib.postgres_binaries import (
    NOBODY,
    Binaries,
    Identity,
    PostgresError,
    find_binaries,
    server_identity,
    tool_env,
)

__all__ = ["Cluster", "PostgresError", "cluster", "ensure", "is_alive", "running", "start", "stop", "url_for"]

NAME = "variorum"  # of the role and of the database
SOCKET_ROOT = Path("/tmp")  # noqa: S108 - a socket's path may have 107 bytes only; the folder is 0700 and checked
SOCKET = ".s.PGSQL.5432"
START_SECONDS = 600  # recovery after a crash may have up to max_wal_size to read
STOP_SECONDS = 60
ORPHAN_SECONDS = 5
LOG_BYTES = 10_000_000
TLS_QUESTION = struct.pack("!ii", 8, 80877103)  # the protocol's SSLRequest; without TLS the answer is N


@dataclass(frozen=True)
class Cluster:
    """A running server. `url` suits psycopg and Django's settings alike."""

    url: str
    socket_dir: Path
    pid: int


def url_for(data_dir: Path) -> str:
    """The address of the data folder's database, running or not. Starts nothing."""
    return f"postgresql://{NAME}@/{NAME}?host={_socket_dir(data_dir)}"


def ensure(data_dir: Path) -> str:
    """The address of the data folder's database, started if it was not running."""
    return start(data_dir).url


def start(data_dir: Path) -> Cluster:
    """Initialise if new, start if not running, and wait until it accepts connections.
    Safe in many processes at once; PostgresError with a remedy when it cannot."""
    place = _Place.of(data_dir)
    pid = _ready(place)
    if pid is None:
        with _locked(place):
            pid = _ready(place) or _start(place)
    return Cluster(url_for(place.data), place.socket_dir, pid)


def stop(data_dir: Path) -> None:
    """Shut down cleanly: connections are cut, transactions in flight roll back. Not running is no error."""
    place = _Place.of(data_dir)
    if place.root.is_dir():
        with _locked(place):
            _stop(place)


def running(data_dir: Path) -> Cluster | None:
    """The running server, or None. Starts nothing."""
    place = _Place.of(data_dir)
    pid = _ready(place)
    return None if pid is None else Cluster(url_for(place.data), place.socket_dir, pid)


def is_alive(data_dir: Path) -> bool:
    """Whether the server's process exists: a cheap look that asks it nothing."""
    return _pid(_Place.of(data_dir)) is not None


@contextmanager
def cluster(data_dir: Path) -> Iterator[Cluster]:
    """`start` for the length of a block; a server that ran before is left running."""
    was_running = running(data_dir)
    try:
        yield was_running or start(data_dir)
    finally:
        if not was_running:
            stop(data_dir)


@dataclass(frozen=True)
class _Place:
    """The paths of one data folder's cluster."""

    data: Path
    root: Path
    files: Path
    socket_dir: Path

    @classmethod
    def of(cls, data_dir: Path) -> "_Place":
        data = data_dir.resolve()
        return cls(data, data / "pg", data / "pg" / "cluster", _socket_dir(data))

    @property
    def log(self) -> Path:
        return self.root / "server.log"


def _socket_dir(data_dir: Path) -> Path:
    digest = hashlib.sha256(os.fsencode(data_dir.resolve())).hexdigest()[:12]
    folder = SOCKET_ROOT / f"variorum-{os.geteuid()}-{digest}"
    with suppress(FileNotFoundError):
        _check_private(folder)
    return folder


def _check_private(folder: Path) -> None:
    """Nobody else may have put a folder (and a server of theirs) where we would connect to."""
    found = folder.lstat()
    trusted = {os.geteuid(), NOBODY} if os.geteuid() == 0 else {os.geteuid()}
    if not S_ISDIR(found.st_mode) or found.st_uid not in trusted or S_IMODE(found.st_mode) & 0o077:
        raise PostgresError(f"{folder} is not a private folder of this user. Look who made it, and remove it.")


@contextmanager
def _locked(place: _Place) -> Iterator[None]:
    try:
        place.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = (place.root / "lock").open("w")
    except PermissionError as exc:
        raise PostgresError(
            f"{exc.filename} may not be written by this user (uid {os.geteuid()}). "
            "Start Variorum as the user who owns that folder, or set VARIORUM_DATA to a folder of your own."
        ) from None
    with file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _start(place: _Place) -> int:
    binaries = find_binaries()
    identity = server_identity(binaries, place.root)
    if not place.files.exists():
        _initialise(place, binaries, identity)
    _check_version(place, binaries)
    if _pid(place) is not None:
        _settle(place)
    if _pid(place) is None:
        _end_orphans(place)
        _write_settings(place, binaries)
        _prepare_folders(place, identity)
        _launch(place, binaries, identity)
    pid = _ready(place)
    if pid is None:
        raise PostgresError(_did_not_start(place))
    return pid


def _did_not_start(place: _Place) -> str:
    said = ""
    with suppress(OSError):
        said = "\n".join(place.log.read_text(errors="replace").splitlines()[-8:])
    return f"PostgreSQL did not start. The end of {place.log}:\n{said}"


def _settle(place: _Place) -> None:
    """A server runs but was not ready just now. It is starting or dying (wait which), or it is stopping or
    the folder of its socket was deleted (end it)."""
    socket_gone = _status(place) == "ready" and not (place.socket_dir / SOCKET).exists()
    if socket_gone or _status(place) == "stopping":
        _stop(place)
    else:
        _wait(lambda: _pid(place) is None or _answers(place), START_SECONDS)


def _initialise(place: _Place, binaries: Binaries, identity: Identity) -> None:
    """initdb into a temporary folder and rename it: a cluster is there whole or not at all."""
    for left_over in place.root.glob("cluster.new-*"):
        shutil.rmtree(left_over)
    fresh = place.root / f"cluster.new-{os.getpid()}"
    fresh.mkdir(mode=0o700)
    _give(fresh, identity.owner)
    builtin = ["--locale-provider=builtin"] if binaries.major >= 17 else []
    auth = ["--auth-local=trust", "--auth-host=reject"]
    locale = ["--encoding=UTF8", *builtin, "--locale=C.UTF-8"]
    initdb: list[str | Path] = [binaries.path("initdb"), "-D", fresh, "-U", NAME, *auth, *locale]
    _tool([*identity.prefix, *initdb], "initdb")
    with (fresh / "postgresql.conf").open("a") as conf:
        conf.write("\ninclude 'variorum.conf'  # written anew at each start; lines after this one win\n")
    _write_settings(place, binaries, fresh)
    _give(fresh, identity.owner)
    single: list[str | Path] = [binaries.path("postgres"), "--single", "-D", fresh, "postgres"]
    _tool([*identity.prefix, *single], "postgres --single", text=f"CREATE DATABASE {NAME};\n")
    fresh.rename(place.files)


def _write_settings(place: _Place, binaries: Binaries, folder: Path | None = None) -> None:
    ram_mb = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2**20
    settings = {
        "listen_addresses": "''",
        "unix_socket_directories": f"'{place.socket_dir}'",
        "unix_socket_permissions": "0700",
        "max_connections": "200",
        "shared_buffers": f"{min(max(ram_mb // 32, 32), 512)}MB",
        "max_wal_size": "4GB",
        "timezone": "'UTC'",
        "log_timezone": "'UTC'",
        "log_checkpoints": "off",
    }
    lines = [f"{name} = {value}\n" for name, value in settings.items()]
    (folder or place.files).joinpath("variorum.conf").write_text("".join(lines))


def _check_version(place: _Place, binaries: Binaries) -> None:
    found = (place.files / "PG_VERSION").read_text().strip()
    if found.split(".")[0] == str(binaries.major):
        return
    raise PostgresError(
        f"The database in {place.files} was made by PostgreSQL {found}; these programs are {binaries.major}. "
        f"Save it with the old programs (VARIORUM_PG_BIN=<bin folder of PostgreSQL {found}> "
        "python -m variorum.data dump old.dump), move that folder away, then fill a new one: "
        "python -m variorum.data load old.dump. docs/operations.md has the steps."
    )


def _prepare_folders(place: _Place, identity: Identity) -> None:
    place.socket_dir.mkdir(mode=0o700, exist_ok=True)
    _check_private(place.socket_dir)
    os.chown(place.socket_dir, identity.owner, -1)
    _give(place.files, identity.owner)
    with suppress(FileNotFoundError):
        if place.log.stat().st_size > LOG_BYTES:
            place.log.replace(place.log.with_suffix(".log.1"))
    place.log.touch(mode=0o600)
    _give(place.log, identity.owner)


def _give(path: Path, owner: int) -> None:
    """Make everything under `path` belong to the server's uid. Only root has anything to do here: it may
    start the same cluster in another way than last time."""
    if os.geteuid() != 0:
        return
    for one in (path, *(path.rglob("*") if path.is_dir() else ())):
        if one.lstat().st_uid != owner:
            os.chown(one, owner, owner, follow_symlinks=False)


def _launch(place: _Place, binaries: Binaries, identity: Identity) -> None:
    """Start it and wait until it accepts connections, recovery after a crash included."""
    options: list[str | Path] = ["-D", place.files, "-l", place.log, "-w", "-t", str(START_SECONDS), "-s"]
    try:
        _tool([*identity.prefix, binaries.path("pg_ctl"), "start", *options], "pg_ctl start")
    except PostgresError:
        raise PostgresError(_did_not_start(place)) from None


def _tool(command: Sequence[str | Path], name: str, *, text: str = "") -> None:
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False, env=tool_env(), cwd="/")
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip()[-1500:]
        raise PostgresError(f"{name} failed with exit code {done.returncode}: {said}")


def _stop(place: _Place) -> None:
    """Fast shutdown, then the immediate one (its recovery is the same as after a power cut)."""
    for how in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
        pid = _pid(place)
        if pid is None:
            break
        with suppress(ProcessLookupError):
            os.kill(pid, how)
        if _wait(lambda: _pid(place) is None, STOP_SECONDS):
            break
    _end_orphans(place)
    with suppress(OSError):
        place.socket_dir.rmdir()


def _wait(condition: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def _end_orphans(place: _Place) -> None:
    """After a kill -9 of the server its children may live on for a while, with the shared memory: no new
    server may start beside them. They get some seconds, then SIGQUIT (no goodbyes), then SIGKILL."""
    for how in (None, signal.SIGQUIT, signal.SIGKILL):
        for pid in _processes(place):
            if how is not None:
                with suppress(ProcessLookupError):
                    os.kill(pid, how)
        if _wait(lambda: not _processes(place), ORPHAN_SECONDS):
            break
    # Nobody lives here, so these notes are stale. PostgreSQL would trust them as long as the number in them
    # exists: as a zombie, or as another program.
    socket_ = place.socket_dir / SOCKET
    for stale in (place.files / "postmaster.pid", socket_.with_name(f"{SOCKET}.lock"), socket_):
        stale.unlink(missing_ok=True)


def _processes(place: _Place) -> list[int]:
    """The PostgreSQL processes whose working folder is this cluster."""
    entries = (entry for entry in Path("/proc").iterdir() if entry.name.isdecimal())
    return [int(entry.name) for entry in entries if _is_ours(entry, place)]


def _is_ours(process: Path, place: _Place) -> bool:
    try:
        here = (process / "cwd").readlink() == place.files
        return here and (process / "exe").readlink().name.startswith("postgres")
    except OSError:
        return False


def _note(place: _Place) -> list[str]:
    """The lines of postmaster.pid: pid, folder, start, port, socket folder, host, shared memory, status."""
    try:
        return (place.files / "postmaster.pid").read_text().splitlines()
    except OSError:
        return []


def _pid(place: _Place) -> int | None:
    """The pid of this cluster's living server. A number that now is another program's does not count."""
    note = _note(place)
    if not note or not note[0].strip().isdecimal():
        return None
    return int(note[0]) if _is_ours(Path("/proc") / note[0].strip(), place) else None


def _status(place: _Place) -> str:
    note = _note(place)
    return note[7].strip() if len(note) > 7 else "starting"


def _ready(place: _Place) -> int | None:
    pid = _pid(place)
    return pid if pid is not None and _status(place) == "ready" and _answers(place) else None


def _answers(place: _Place) -> bool:
    """Ask the server one byte. One that was just killed still has its entry in /proc, but says nothing."""
    with suppress(OSError), socket.socket(socket.AF_UNIX) as line:
        line.settimeout(5)
        line.connect(str(place.socket_dir / SOCKET))
        line.sendall(TLS_QUESTION)
        return line.recv(1) == b"N"
    return False
