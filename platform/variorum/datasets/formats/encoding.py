"""Which encoding a text file is in; what cannot be read is named by line."""

import codecs
from pathlib import Path

from variorum.datasets.formats.reading import FileWarning, file_error

CHUNK = 1024 * 1024
BOMS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
NAMES = {"utf-8": "utf-8", "utf-8-sig": "utf-8-sig", "utf-16": "utf-16", "windows-1252": "cp1252", "latin-1": "latin-1"}
NOT_TEXT = {
    b"PK\x03\x04": "a spreadsheet or zip file",
    b"\x1f\x8b": "a gzip file",
    b"%PDF": "a PDF",
    b"\xd0\xcf\x11\xe0": "an Excel file",
}


def detect_encoding(path: Path, wanted: str = "") -> tuple[str, list[FileWarning]]:
    """(one of NAMES, warnings). The whole file is looked at. Raises Invalid for no text, NUL and broken UTF-8.

    A file that is not UTF-8 is taken for Windows-1252 unless it holds good UTF-8 letters too: then it is damaged UTF-8.
    """
    with path.open("rb") as handle:
        head = handle.read(4)
    for magic, kind in NOT_TEXT.items():
        if head.startswith(magic):
            raise file_error(f"This is {kind}. Save the table as CSV, TSV, JSON or JSON lines first.", "not_text")
    marked = next((name for bom, name in BOMS.items() if head.startswith(bom)), "")
    if (wanted or marked) == "utf-16":
        _check(path, "utf-16", "utf-16")
        return "utf-16", []
    _refuse_nul(path)
    if wanted:
        _check(path, NAMES[wanted], wanted)
        return wanted, []
    if marked:
        _check(path, "utf-8", "utf-8")
        return marked, []
    return _guess(path)


def python_name(encoding: str) -> str:
    """The codec that Python's open() wants."""
    return NAMES[encoding]


def _guess(path: Path) -> tuple[str, list[FileWarning]]:
    line = _first_bad_line(path, "utf-8")
    if line is None:
        return "utf-8", []
    if _holds_utf8_letters(path):
        raise file_error(
            f"Line {line} holds bytes that are not UTF-8, while other letters of the file are. Repair that line, or "
            "choose the file's encoding.",
            "invalid_utf8",
            line,
        )
    if (bad := _first_bad_line(path, "cp1252")) is not None:
        raise file_error(f"Line {bad} is neither UTF-8 nor Windows-1252. Save the file as UTF-8.", "invalid_utf8", bad)
    text = f"Line {line} is not UTF-8; the file is read as Windows-1252 (Latin-1). Look whether its letters are right."
    return "windows-1252", [FileWarning(line=line, code="not_utf8", detail=text)]


def _check(path: Path, codec: str, name: str) -> None:
    line = _first_bad_line(path, codec)
    if line is not None:
        raise file_error(f"Line {line} cannot be read as {name}.", "invalid_utf8", line)


def _first_bad_line(path: Path, codec: str) -> int | None:
    decoder = codecs.getincrementaldecoder(codec)()
    line = 1
    with path.open("rb") as handle:
        while piece := handle.read(CHUNK):
            try:
                line += decoder.decode(piece).count("\n")
            except UnicodeDecodeError as exc:
                return line + exc.object[: exc.start].count(b"\n")
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return line
    return None


def _holds_utf8_letters(path: Path) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")(errors="surrogateescape")
    with path.open("rb") as handle:
        while piece := handle.read(CHUNK):
            text = decoder.decode(piece)
            if not text.isascii() and any(ch > "\x7f" and not "\udc80" <= ch <= "\udcff" for ch in text):
                return True
    return False


def _refuse_nul(path: Path) -> None:
    line = 1
    with path.open("rb") as handle:
        while piece := handle.read(CHUNK):
            at = piece.find(b"\x00")
            if at >= 0:
                line += piece[:at].count(b"\n")
                raise file_error(f"Line {line} holds a NUL byte, so this is no text file.", "nul", line)
            line += piece.count(b"\n")
