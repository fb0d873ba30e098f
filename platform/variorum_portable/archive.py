"""The file itself: a ZIP of named parts, each with its size and SHA-256 in `manifest.json`. See docs/export.md.

Nothing in it depends on when or where it was written: the same project gives the same bytes.
"""

import hashlib
import json
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from variorum.lib import objects
from variorum_portable.rows import Damaged, digest_of, line_of

Watch = Callable[[int, int, str], None]  # (done, total, what)
FORMAT, VERSION = "variorum-project", 1
MANIFEST, REPOSITORY, PROJECT = "manifest.json", "repository.bundle", "project.json"
NAME = re.compile(
    r"manifest\.json|project\.json|repository\.bundle|rows/[a-z_]+\.[a-z_]+\.jsonl|(?:objects|bodies)/[0-9a-f]{64}"
)
HALF = re.compile(rb"\\u[dD][89a-fA-F]")  # of a character; JSON can hold it, a database cannot
EPOCH = (1980, 1, 1, 0, 0, 0)
CHUNK = 1024 * 1024
MAX_MANIFEST = 64_000_000  # bytes, unpacked
MAX_ROWS = 2_000_000_000  # bytes of all packed parts, unpacked
MAX_LINE = 100_000_000
MAX_WHOLE = 64_000_000  # bytes of a part that is read at once: the settings, a body
MAX_PARTS = 200_000


class Writer:
    """Writes one part after another, and the manifest at the end. Flat memory."""

    def __init__(self, path: Path) -> None:
        self._zip = zipfile.ZipFile(path, "w", allowZip64=True)
        self.parts: dict[str, dict[str, Any]] = {}

    def __enter__(self) -> "Writer":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._zip.close()

    def add(self, name: str, pieces: Iterable[bytes]) -> None:
        """One part. Rows and JSON are packed; bundles and objects, which are packed already, stored."""
        with self.open(name) as handle:
            for piece in pieces:
                handle.write(piece)

    @contextmanager
    def open(self, name: str) -> Iterator[IO[bytes]]:
        """The same for one who writes to a file."""
        info = zipfile.ZipInfo(name, EPOCH)
        info.compress_type = zipfile.ZIP_STORED if _is_stored(name) else zipfile.ZIP_DEFLATED
        info.external_attr = 0o644 << 16
        with self._zip.open(info, "w", force_zip64=True) as handle:
            counted = _Counted(handle)
            yield counted  # type: ignore[misc]
        if name != MANIFEST:
            self.parts[name] = {"sha256": counted.digest.hexdigest(), "size": counted.size}

    def add_object(self, digest: str) -> None:
        """An object of the store, once. Raises FileNotFoundError."""
        name = f"objects/{digest}"
        if name not in self.parts:
            self.add(name, objects.open_stream(objects.content_key(digest)))

    def add_body(self, body: bytes) -> None:
        """A body, once."""
        name = f"bodies/{digest_of(body)}"
        if name not in self.parts:
            self.add(name, [body])

    def close_with(self, facts: dict[str, Any]) -> None:
        """Write the manifest."""
        manifest = {"format": FORMAT, "version": VERSION, **facts, "parts": self.parts}
        self.add(MANIFEST, [json.dumps(manifest, indent=1, sort_keys=True, ensure_ascii=False).encode() + b"\n"])


class _Counted:
    """A file that is hashed while it is written."""

    def __init__(self, handle: IO[bytes]) -> None:
        self._handle, self.size, self.digest = handle, 0, hashlib.sha256()

    def write(self, data: bytes) -> int:
        """As a file's."""
        self.digest.update(data)
        self.size += len(data)
        return self._handle.write(data)

    def flush(self) -> None:
        """As a file's."""


class Reader:
    """A file that was found whole: its parts are those of the manifest. Raises Damaged with what is wrong.

    `watch` is told how many bytes were read, of how many, and of which part; what it raises ends the reading.
    """

    def __init__(self, path: Path, watch: Watch = lambda *_: None) -> None:
        try:
            self._zip = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, OSError, ValueError, RuntimeError):
            raise Damaged("This is not an export of a project: it is no ZIP file, or was cut off.") from None
        self._reading: list[IO[bytes]] = []  # parts that somebody stopped reading half-way
        self._watch, self._read = watch, 0
        try:
            self.manifest = self._manifest()
            self.size = sum(part["size"] for part in self.manifest["parts"].values())  # bytes, unpacked
        except Damaged:
            self.close()
            raise

    def close(self) -> None:
        """Let go of the file."""
        for handle in self._reading:
            handle.close()
        self._zip.close()

    @property
    def objects(self) -> list[str]:
        """The sha256 of each object."""
        return sorted(name.removeprefix("objects/") for name in self.manifest["parts"] if name.startswith("objects/"))

    def pieces(self, name: str) -> Iterator[bytes]:
        """A part in pieces. Raises Damaged at its end when it is not what the manifest says."""
        part = self.manifest["parts"].get(name)
        if part is None:
            raise Damaged(f"The file lacks its part {name}.")
        digest, size = hashlib.sha256(), 0
        try:
            with self._zip.open(name) as handle:
                self._reading.append(handle)
                while piece := handle.read(CHUNK):
                    digest.update(piece)
                    size += len(piece)
                    self._tell(name, len(piece))
                    yield piece
                self._reading.remove(handle)
        except (zipfile.BadZipFile, EOFError, OSError, RuntimeError, zipfile.zlib.error):  # type: ignore[attr-defined]
            raise Damaged(f"The part {name} cannot be read: the file is damaged.") from None
        if (digest.hexdigest(), size) != (part["sha256"], part["size"]):
            raise Damaged(f"The part {name} is not what the manifest says: the file was changed or damaged.")

    def body(self, digest: str) -> bytes:
        """A body by its sha256. Raises Damaged."""
        return b"".join(self.pieces(f"bodies/{digest}"))

    def lines(self, name: str) -> Iterator[dict[str, Any]]:
        """The rows of a part; none when the file does not have it."""
        if name not in self.manifest["parts"]:
            return
        rest = b""
        for piece in self.pieces(name):
            *lines, rest = (rest + piece).split(b"\n")
            if len(rest) > MAX_LINE:
                raise Damaged(f"A row of {name} is longer than {MAX_LINE} bytes.")
            yield from (_row(name, line) for line in lines)
        if rest:
            raise Damaged(f"The part {name} ends within a row.")

    def json(self, name: str) -> dict[str, Any]:
        """A part that is one small JSON object."""
        return _row(name, b"".join(self.pieces(name)))

    def _tell(self, name: str, size: int) -> None:
        """A body that several rows share is read for each, so the sum may come out above the whole."""
        self._read = min(self._read + size, self.size)
        self._watch(self._read, self.size, name)

    def _manifest(self) -> dict[str, Any]:
        infos = self._zip.infolist()
        names = [info.filename for info in infos]
        if len(infos) > MAX_PARTS or len(set(names)) != len(names):
            raise Damaged("The file has too many parts, or one of them twice.")
        for info in infos:
            _check(info)
            if info.file_size > MAX_WHOLE and (info.filename == PROJECT or info.filename.startswith("bodies/")):
                raise Damaged(f"The part {info.filename} is larger than any project's.")
        if sum(info.file_size for info in infos if not _is_stored(info.filename)) > MAX_ROWS:
            raise Damaged("What the file packs is larger than any project's rows.")
        manifest = self._read_manifest(names)
        if (manifest.get("format"), type(manifest.get("parts"))) != (FORMAT, dict):
            raise Damaged("This is not an export of a project.")
        if manifest.get("version") != VERSION:
            text = f"The file has version {manifest.get('version')!r}; this server reads version {VERSION}."
            raise Damaged(f"{text} Import it with a newer Variorum.", code="unknown_version")
        _check_parts(manifest["parts"], set(names) - {MANIFEST})
        return manifest

    def _read_manifest(self, names: list[str]) -> dict[str, Any]:
        if MANIFEST not in names or self._zip.getinfo(MANIFEST).file_size > MAX_MANIFEST:
            raise Damaged("This is not an export of a project: it has no manifest.")
        try:
            return _row(MANIFEST, self._zip.read(MANIFEST))
        except (zipfile.BadZipFile, EOFError, OSError, RuntimeError, zipfile.zlib.error):  # type: ignore[attr-defined]
            raise Damaged("The manifest cannot be read: the file is damaged.") from None


def _check(info: zipfile.ZipInfo) -> None:
    """A name of ours, neither encrypted nor packed otherwise than we pack."""
    if not NAME.fullmatch(info.filename):
        raise Damaged(f"The file has a part {info.filename[:80]!r}, which no export has.")
    allowed = {zipfile.ZIP_STORED} if _is_stored(info.filename) else {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
    if info.flag_bits & 0x1 or info.compress_type not in allowed:
        raise Damaged(f"The part {info.filename} is packed in a way that exports do not use.")


def _check_parts(parts: dict[str, Any], there: set[str]) -> None:
    if missing := sorted(set(parts) ^ there):
        raise Damaged(f"The manifest and the file do not name the same parts: {missing[0]}.")
    for name, part in parts.items():
        sound = isinstance(part, dict) and isinstance(part.get("sha256"), str) and isinstance(part.get("size"), int)
        if not sound or (_is_named(name) and part["sha256"] != name.partition("/")[2]):
            raise Damaged(f"The manifest's entry for {name} makes no sense.")


def _row(name: str, line: bytes) -> dict[str, Any]:
    try:
        value = json.loads(line)
        if HALF.search(line):
            json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise Damaged(f"A row of {name} is no JSON.") from None
    if not isinstance(value, dict):
        raise Damaged(f"A row of {name} is no JSON object.")
    return value


def _is_stored(name: str) -> bool:
    return name == REPOSITORY or name.startswith("objects/")


def _is_named(name: str) -> bool:
    return name.startswith(("objects/", "bodies/"))


def rows_part(table: str) -> str:
    """The part with the rows of a table."""
    return f"rows/{table}.jsonl"


__all__ = ["MANIFEST", "PROJECT", "REPOSITORY", "Reader", "Watch", "Writer", "line_of", "rows_part"]
