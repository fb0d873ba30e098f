"""Big files, by content: a local folder, or S3, GCS or Azure by ``STORAGE_URL``.

An object is written once and never changed; its key is ``sha256/ab/cd/<hex>`` of its content. Two writers of
the same content are harmless, a killed writer leaves nothing that a reader can see.
"""

import hashlib
import os
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import IO, Any
from urllib.parse import parse_qsl, urlsplit

import obstore
from django.conf import settings
from django.db import connection, transaction
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import AzureStore, GCSStore, LocalStore, S3Store

CHUNK = 1024 * 1024
SCRATCH = ".writing-"
LOCK = 0x6F626A73  # the first key of content_lock's advisory lock
Backend = LocalStore | S3Store | GCSStore | AzureStore
# Query parameter of STORAGE_URL -> obstore's own name, by scheme.
OPTIONS = {
    "s3": {
        "endpoint": "endpoint",
        "region": "region",
        "virtual_hosted_style": "virtual_hosted_style_request",
    },
    "gs": {"endpoint": "base_url"},
    "az": {"endpoint": "endpoint", "account": "account_name"},
}


class ObjectStore:
    """One place for objects; ``cache_dir`` holds local copies of remote ones (a local folder needs none)."""

    def __init__(self, url: str, cache_dir: Path) -> None:
        """``url``: a folder or ``s3://``, ``gs://``, ``az://`` with its options (``?endpoint=&region=``)."""
        self.folder = _folder_of(url)
        self.cache_dir = self.folder or cache_dir
        self.cache_dir.mkdir(parents=True, exist_ok=True)
        self.backend: Backend = LocalStore(self.folder) if self.folder else _remote(url)

    def exists(self, key: str) -> bool:
        """Whether the object is there."""
        try:
            obstore.head(self.backend, key)
        except FileNotFoundError:
            return False
        return True

    def size(self, key: str) -> int:
        """Bytes of the object. Raises FileNotFoundError."""
        return int(obstore.head(self.backend, key)["size"])

    def put_bytes(self, key: str, data: bytes) -> None:
        """Create the object; does nothing when the key exists."""
        try:
            obstore.put(self.backend, key, data, mode="create")
        except AlreadyExistsError:
            return
        self._make_durable(key)

    def put_file(self, key: str, path: Path) -> None:
        """Create the object from a file in parts, whatever its size; does nothing when the key exists."""
        if not self.exists(key):
            obstore.put(self.backend, key, path)
            self._make_durable(key)

    def adopt_file(self, key: str, path: Path) -> None:
        """The same with a scratch file of the store's own: where it can be, it becomes the object without a copy."""
        if self.folder is None:
            self.put_file(key, path)
            return
        target = self.folder / key
        target.parent.mkdir(parents=True, exist_ok=True)
        path.chmod(0o644)
        with suppress(FileExistsError):
            target.hardlink_to(path)
        self._make_durable(key)

    def get_bytes(self, key: str) -> bytes:
        """The whole object. Raises FileNotFoundError."""
        return bytes(obstore.get(self.backend, key).bytes())

    def get_range(self, key: str, start: int, end: int) -> bytes:
        """Bytes from `start` up to, not with, `end`. Raises FileNotFoundError."""
        return bytes(obstore.get_range(self.backend, key, start=start, end=end)) if end > start else b""

    def open_stream(self, key: str, chunk: int = CHUNK) -> Iterator[bytes]:
        """The object in pieces of about ``chunk`` bytes. Raises FileNotFoundError now, not while reading."""
        answer = obstore.get(self.backend, key)
        return (bytes(piece) for piece in answer.stream(min_chunk_size=chunk))

    def local_path(self, key: str) -> Path:
        """A real file with the object's content; never write to it. Raises FileNotFoundError."""
        path = self.cache_dir / key
        if path.exists():
            return path
        if self.folder:
            raise FileNotFoundError(f"{key} is not in the object store")
        with _temporary(self.cache_dir) as (handle, name):
            for piece in self.open_stream(key):
                handle.write(piece)
            handle.flush()
            path.parent.mkdir(parents=True, exist_ok=True)
            name.replace(path)
        return path

    def put_content(self, data: bytes) -> str:
        """Store by content; answers the sha256 in hex."""
        digest = hashlib.sha256(data).hexdigest()
        self.put_bytes(content_key(digest), data)
        return digest

    def put_content_file(self, path: Path) -> tuple[str, int]:
        """Store a file by content; answers (sha256 in hex, size)."""
        with path.open("rb") as handle:
            digest = hashlib.file_digest(handle, "sha256").hexdigest()
        self.put_file(content_key(digest), path)
        return digest, path.stat().st_size

    def put_content_stream(self, pieces: Iterable[bytes]) -> tuple[str, int]:
        """Store a stream by content in flat memory; answers (sha256 in hex, size)."""
        with _temporary(self.cache_dir) as (handle, name):
            for piece in pieces:
                handle.write(piece)
            handle.flush()
            return self.put_content_file(name)

    def delete(self, key: str) -> None:
        """Remove the object and the local copy of a remote one; does nothing when it is not there."""
        with suppress(FileNotFoundError):
            obstore.delete(self.backend, key)
        (self.cache_dir / key).unlink(missing_ok=True)

    def incoming(self) -> "AbstractContextManager[Incoming]":
        """A scratch file for content that arrives in pieces; gone at the end of the block unless it was kept."""
        return _incoming(self)

    def sweep(self, seconds: float = 24 * 3600) -> None:
        """Remove scratch files that killed writers left longer than `seconds` ago."""
        for path in self.cache_dir.glob(f"{SCRATCH}*"):
            with suppress(FileNotFoundError):
                if time.time() - path.stat().st_mtime > seconds:
                    path.unlink()

    def check(self) -> None:
        """Raise ValueError in plain words when the store cannot be reached; nothing is written."""
        try:
            self.exists("sha256/probe")
        except BaseError as error:
            reason = str(error).splitlines()[0]
            raise ValueError(f"STORAGE_URL: the object store does not answer: {reason}") from error

    def _make_durable(self, key: str) -> None:
        if not self.folder:
            return
        path = self.folder / key
        _fsync(path)
        while path != self.folder:
            path = path.parent
            _fsync(path)


class Incoming:
    """Content while it arrives: hashed as it is written, kept in flat memory."""

    def __init__(self, owner: ObjectStore, handle: IO[bytes], path: Path) -> None:
        self._owner = owner
        self._handle = handle
        self._hash = hashlib.sha256()
        self.path = path
        self.size = 0

    def write(self, piece: bytes) -> None:
        """Add the next piece."""
        self._handle.write(piece)
        self._hash.update(piece)
        self.size += len(piece)

    def digest(self) -> str:
        """SHA-256 in hex of what was written until now."""
        return self._hash.hexdigest()

    def start(self, size: int) -> bytes:
        """The first `size` bytes."""
        self._handle.flush()
        with self.path.open("rb") as file:
            return file.read(size)

    def keep(self) -> str:
        """Store it by content, unless it is there; answers the sha256 in hex."""
        self._handle.flush()
        digest = self.digest()
        self._owner.adopt_file(content_key(digest), self.path)
        return digest


def content_key(digest: str) -> str:
    """Key of the content with this sha256 (hex)."""
    return f"sha256/{digest[:2]}/{digest[2:4]}/{digest}"


def configure(url: str, cache_dir: Path) -> None:
    """Use this store from now on instead of the one in the settings (tests, scripts)."""
    _chosen.clear()
    _chosen.append(ObjectStore(url, cache_dir))


def store() -> ObjectStore:
    """The store in use: the configured one, else the one that the settings name."""
    return _chosen[0] if _chosen else _from_settings(settings.STORAGE_URL, Path(settings.DATA_DIR))


def put_bytes(key: str, data: bytes) -> None:
    """Create the object; does nothing when the key exists."""
    store().put_bytes(key, data)


def put_file(key: str, path: Path) -> None:
    """Create the object from a file; does nothing when the key exists."""
    store().put_file(key, path)


def get_bytes(key: str) -> bytes:
    """The whole object. Raises FileNotFoundError."""
    return store().get_bytes(key)


def delete(key: str) -> None:
    """Forget an object; nothing when it is not there."""
    store().delete(key)


def exists(key: str) -> bool:
    """Whether the object is there."""
    return store().exists(key)


def open_stream(key: str, chunk: int = CHUNK) -> Iterator[bytes]:
    """The object in pieces. Raises FileNotFoundError."""
    return store().open_stream(key, chunk)


def local_path(key: str) -> Path:
    """A file with the object's content; never write to it. Raises FileNotFoundError."""
    return store().local_path(key)


def put_content(data: bytes) -> str:
    """Store by content; answers the sha256 in hex."""
    return store().put_content(data)


def put_content_file(path: Path) -> tuple[str, int]:
    """Store a file by content; answers (sha256 in hex, size)."""
    return store().put_content_file(path)


def put_content_stream(pieces: Iterable[bytes]) -> tuple[str, int]:
    """Store a stream by content in flat memory; answers (sha256 in hex, size)."""
    return store().put_content_stream(pieces)


def incoming() -> AbstractContextManager[Incoming]:
    """A scratch file for content that arrives in pieces."""
    return store().incoming()


@contextmanager
def content_lock(digest: str) -> Iterator[None]:
    """Hold what belongs to one content still, in a transaction: nobody removes it while somebody comes to need it."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [LOCK, int(digest[:8], 16) - 2**31])
        yield


def hold(holds: Callable[[str], bool]) -> None:
    """Have a room asked whether it still needs the content of a digest; called in AppConfig.ready()."""
    _holders.append(holds)


def release(digest: str) -> bool:
    """Remove the content that no room needs any more; whether it was removed."""
    with content_lock(digest):
        if any(holds(digest) for holds in _holders):
            return False
        store().delete(content_key(digest))
        return True


_holders: list[Callable[[str], bool]] = []
_chosen: list[ObjectStore] = []


@cache
def _from_settings(url: str, data_dir: Path) -> ObjectStore:
    return ObjectStore(url or str(data_dir / "objects"), data_dir / "cache" / "objects")


def _folder_of(url: str) -> Path | None:
    parts = urlsplit(url)
    if parts.scheme in ("", "file"):
        return Path(parts.path).absolute()
    return None


def _remote(url: str) -> Backend:
    """Keys come from the environment (AWS_*, GOOGLE_*, AZURE_*), never from the address, which is logged."""
    parts = urlsplit(url)
    names = OPTIONS.get(parts.scheme)
    if names is None or not parts.netloc:
        raise ValueError("STORAGE_URL: expected a folder or s3://bucket, gs://bucket or az://container")
    query = dict(parse_qsl(parts.query))
    if unknown := sorted(set(query) - set(names)):
        raise ValueError(f"STORAGE_URL: unknown option {unknown[0]!r}; known: {', '.join(sorted(names))}")
    options: Any = {names[name]: value for name, value in query.items()}
    client: Any = {"allow_http": True} if query.get("endpoint", "").startswith("http://") else {}
    kind: Any = {"s3": S3Store, "gs": GCSStore, "az": AzureStore}[parts.scheme]
    made: Backend = kind(parts.netloc, prefix=parts.path.strip("/") or None, client_options=client, **options)
    return made


def _fsync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _incoming(owner: ObjectStore) -> Iterator[Incoming]:
    with _temporary(owner.cache_dir) as (handle, path):
        yield Incoming(owner, handle, path)


@contextmanager
def _temporary(folder: Path) -> Iterator[tuple[IO[bytes], Path]]:
    """An open scratch file in ``folder`` with its path; gone afterwards unless it was renamed."""
    number, name = tempfile.mkstemp(prefix=SCRATCH, dir=folder)
    try:
        with os.fdopen(number, "wb") as handle:
            yield handle, Path(name)
    finally:
        Path(name).unlink(missing_ok=True)
