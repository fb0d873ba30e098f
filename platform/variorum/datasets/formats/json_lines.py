"""JSON lines: one object a line."""

import json

from variorum.datasets.formats.encoding import python_name
from variorum.datasets.formats.json_text import DECODER, as_record, bad_json, check_depth
from variorum.datasets.formats.reading import Reading, Records, file_error
from variorum.datasets.rows import MAX_ROW_BYTES


def read(reading: Reading) -> Records:
    """The records; blank lines are left out. Raises Invalid at the first line that is not an object."""
    with reading.path.open(encoding=python_name(reading.encoding), newline="\n") as handle:
        line = 0
        while text := handle.readline(MAX_ROW_BYTES + 1):
            line += 1
            if len(text) > MAX_ROW_BYTES:
                raise file_error(f"Line {line} is larger than 1 MB.", "too_large", line)
            text = text.strip()
            if not text:
                continue
            check_depth(text, line)
            try:
                value = DECODER.decode(text)
            except json.JSONDecodeError as exc:
                raise bad_json(line, exc, exc.colno) from None
            except (ValueError, RecursionError) as exc:
                raise bad_json(line, exc) from None
            yield line, as_record(value, line)
