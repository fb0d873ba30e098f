"""The last good bundle on disk: written whole or not at all, believed only if its hash fits."""

import contextlib
import hashlib
import os
import tempfile
import time
from pathlib import Path

from variorum_client.bundle import MAX_BUNDLE_BYTES

STALE_SECONDS = 3600.0


class DiskCache:
    """One file per server, environment and key in a folder that only its owner can read."""

    def __init__(self, folder: str | os.PathLike[str] | None, *identity: str) -> None:
        """`folder` None: VARIORUM_CACHE_DIR, else variorum/ in the user's cache folder."""
        digest = hashlib.sha256("\n".join(identity).encode()).hexdigest()[:32]
        self.path = (Path(folder) if folder is not None else _default_folder()) / f"bundle-{digest}.json"

    def load(self) -> bytes | None:
        """The stored bytes, unchecked; None when there are none or too many. Raises OSError."""
        try:
            with self.path.open("rb") as file:
                body = file.read(MAX_BUNDLE_BYTES + 1)
        except FileNotFoundError:
            return None
        return body if len(body) <= MAX_BUNDLE_BYTES else None

    def store(self, body: bytes) -> None:
        """Replace the stored bytes; a crash at any moment leaves the old or the new ones. Raises OSError."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._sweep()
        handle, name = tempfile.mkstemp(prefix=self.path.name, suffix=".part", dir=self.path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(body)
                file.flush()
                os.fsync(file.fileno())
            os.replace(name, self.path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(name)
            raise
        _sync_folder(self.path.parent)

    def _sweep(self) -> None:
        """Remove what writers that were killed left behind an hour ago or more."""
        for part in self.path.parent.glob(f"{self.path.name}*.part"):
            with contextlib.suppress(OSError):
                if time.time() - part.stat().st_mtime > STALE_SECONDS:
                    part.unlink()


def _sync_folder(folder: Path) -> None:
    """Make the rename itself durable, where folders can be synced."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _default_folder() -> Path:
    chosen = os.environ.get("VARIORUM_CACHE_DIR")
    if chosen:
        return Path(chosen)
    base = os.environ.get("XDG_CACHE_HOME")
    with contextlib.suppress(RuntimeError):
        return Path(base) / "variorum" if base else Path.home() / ".cache" / "variorum"
    return Path(tempfile.mkdtemp(prefix="variorum-"))  # no home folder: private, and gone with the machine
