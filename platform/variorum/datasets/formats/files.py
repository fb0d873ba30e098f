"""From a file and a person's choices to records, whatever the format."""

from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from variorum.datasets.formats import delimited, json_array, json_lines
from variorum.datasets.formats.encoding import detect_encoding, python_name
from variorum.datasets.formats.reading import Reading, Records, file_error
from variorum.datasets.rows import MAX_COLUMNS, MAX_NAME

FORMATS = ("csv", "tsv", "jsonl", "json")
LOOK_AT = 1000


def open_file(path: Path, filename: str, choices: Mapping[str, Any]) -> Reading:
    """Decide how to read a file. Raises Invalid naming the line.

    `choices` may hold format, encoding, delimiter and header (a bool); what it does not is guessed by looking.
    """
    found, warnings = detect_encoding(path, choices.get("encoding", ""))
    kind = choices.get("format") or guess_format(path, filename, found)
    delimiter = "\t" if kind == "tsv" else choices.get("delimiter", "")
    reading = Reading(path, kind, found, delimiter=delimiter, warnings=warnings)
    if kind in {"csv", "tsv"}:
        delimited.prepare(reading, header=choices.get("header"))
        return reading
    if found == "windows-1252":
        line = warnings[0]["line"]
        raise file_error(f"Line {line} is not UTF-8. JSON is always UTF-8.", "invalid_utf8", line)
    _columns_of_objects(reading)
    return reading


def records(reading: Reading) -> Records:
    """Every record of the file. Raises Invalid at the first bad one."""
    if reading.format in {"csv", "tsv"}:
        return delimited.read(reading)
    return json_lines.read(reading) if reading.format == "jsonl" else json_array.read(reading)


def guess_format(path: Path, filename: str, encoding: str) -> str:
    """By the name's ending, else by the first letter of the content."""
    ending = Path(filename).suffix.lower()
    known = {".csv": "csv", ".tsv": "tsv", ".tab": "tsv", ".jsonl": "jsonl", ".ndjson": "jsonl"}
    if ending in known:
        return known[ending]
    with path.open(encoding=python_name(encoding)) as handle:
        start = handle.read(4096).lstrip()[:1]
    return {"[": "json", "{": "jsonl"}.get(start, "json" if ending == ".json" else "csv")


def _columns_of_objects(reading: Reading) -> None:
    """Columns in the order in which the first rows name them; our own export is told by its three members."""
    first = [record for _, record in islice(records(reading), LOOK_AT)]
    if not first:
        raise file_error("There is not one row in the file.", "no_rows")
    reading.native = all(set(r) <= {"input", "expected", "tags"} and isinstance(r.get("input"), dict) for r in first)
    given = [record["input"] for record in first] if reading.native else first
    reading.columns = list(dict.fromkeys(name for record in given for name in record))
    if not reading.columns or any(not name.strip() or len(name) > MAX_NAME for name in reading.columns):
        raise file_error("A row has no column, or one whose name is empty or too long.", "bad_column")
    if len(reading.columns) > MAX_COLUMNS:
        raise file_error(f"The rows have over {MAX_COLUMNS} different columns.", "too_many_columns")
