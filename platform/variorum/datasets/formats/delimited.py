"""CSV and its kin: any one-character delimiter, quotes, quoted line breaks, with or without a header."""

import csv
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from variorum.datasets.formats.encoding import python_name
from variorum.datasets.formats.reading import Reading, Records, file_error
from variorum.datasets.rows import MAX_COLUMNS, MAX_NAME, MAX_ROW_BYTES

DELIMITERS = (",", "\t", ";", "|")
LOOK_AT = 200
csv.field_size_limit(MAX_ROW_BYTES)


def prepare(reading: Reading, *, header: bool | None) -> None:
    """Decide delimiter, header and columns, in place. Raises Invalid for an empty file."""
    reading.delimiter = reading.delimiter or guess_delimiter(reading.path, reading.encoding)
    first = list(islice(_lines(reading), LOOK_AT))
    if not first:
        raise file_error("The file is empty.", "no_rows")
    rows = [values for _, values in first]
    reading.header = _looks_like_header(rows) if header is None else header
    if header is None and not reading.header:
        reading.warn(first[0][0], "no_header", "The first line looks like data, so the columns are numbered.")
    if reading.header:
        reading.columns = _names(reading, rows[0])
    else:
        reading.columns = [f"column {n + 1}" for n in range(len(rows[0]))]
    if len(reading.columns) > MAX_COLUMNS:
        raise file_error(f"The file has {len(reading.columns)} columns; {MAX_COLUMNS} is the most.", "too_many_columns")


def read(reading: Reading) -> Records:
    """The records. Raises Invalid at the first one that does not fit."""
    width = len(reading.columns)
    lines = _lines(reading)
    if reading.header:
        next(lines, None)
    for line, values in lines:
        if len(values) != width:
            raise _ragged(reading, line, len(values))
        yield line, dict(zip(reading.columns, values, strict=True))


def guess_delimiter(path: Path, encoding: str) -> str:
    """The candidate that cuts the first records into the most regular table; a comma when none does."""
    best, delimiter = (0.0, 1), ","
    for candidate in DELIMITERS:
        trial = Reading(path, "csv", encoding, delimiter=candidate)
        widths = Counter(len(values) for _, values in islice(_lines(trial, strict=False), LOOK_AT))
        if not widths:
            continue
        width, count = widths.most_common(1)[0]
        score = (count / widths.total(), width)
        if width > 1 and score > best:
            best, delimiter = score, candidate
    return delimiter


def _lines(reading: Reading, *, strict: bool = True) -> Iterator[tuple[int, list[str]]]:
    """(line on which a record begins, its fields); lines without any value are left out."""
    with reading.path.open(encoding=python_name(reading.encoding), newline="") as handle:
        reader = csv.reader(handle, delimiter=reading.delimiter, strict=strict)
        while True:
            line = reader.line_num + 1
            try:
                values = next(reader)
            except StopIteration:
                return
            except csv.Error as exc:
                if strict:
                    raise _malformed(line, str(exc)) from None
                return
            if any(value.strip() for value in values):
                yield line, values


def _malformed(line: int, said: str) -> Exception:
    if "unexpected end" in said or "field larger" in said:
        return file_error(f"Line {line} opens a quote that is not closed.", "open_quote", line)
    if "expected after" in said:
        text = f'Line {line} has text after a closing quote. Inside a quoted field, write a quote twice: "".'
        return file_error(text, "stray_quote", line)
    return file_error(f"Line {line} is not CSV: {said}.", "invalid_csv", line)


def _ragged(reading: Reading, line: int, found: int) -> Exception:
    wanted = len(reading.columns)
    name = {"\t": "tab", ",": "comma", ";": "semicolon"}.get(reading.delimiter, reading.delimiter)
    origin = "header" if reading.header else "first line"
    hint = f"Is there a {name} in an unquoted text?" if found > wanted else "Is a field missing?"
    fields = "1 field" if found == 1 else f"{found} fields"
    return file_error(f"Line {line} has {fields}, the {origin} has {wanted}. {hint}", "ragged_row", line)


def _names(reading: Reading, cells: list[str]) -> list[str]:
    """Column names of a header: trimmed, none empty, none twice."""
    names: list[str] = []
    for position, cell in enumerate(cells, 1):
        name = " ".join(cell.split())[:MAX_NAME]
        if not name:
            name = f"column {position}"
            reading.warn(1, "unnamed_column", f"Column {position} has no name in the header; it is called {name!r}.")
        if name in names:
            new = next(f"{name} {n}" for n in range(2, MAX_COLUMNS + 2) if f"{name} {n}" not in names)
            reading.warn(1, "duplicate_header", f"Two columns are called {name!r}; the second is called {new!r}.")
            name = new
        names.append(name)
    return names


def _looks_like_header(rows: list[list[str]]) -> bool:
    """Headers are short, not numbers, no sentences, and do not come again in their own column."""
    cells = rows[0]
    for position, cell in enumerate(cells):
        text = cell.strip()
        if not text and len(cells) > 1:
            continue
        if len(text) > 60 or text.endswith((".", "?", "!")) or _is_number(text):
            return False
        if any(len(row) > position and row[position] == cell for row in rows[1:]):
            return False
    return any(cell.strip() for cell in cells)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
