"""JSON: one list of objects, read piece by piece so that a large file needs little memory."""

import json
from typing import IO, Any

from variorum.datasets.formats.encoding import python_name
from variorum.datasets.formats.json_text import DECODER, as_record, bad_json, check_depth
from variorum.datasets.formats.reading import Reading, Records, file_error
from variorum.datasets.rows import MAX_ROW_BYTES

CHUNK = 256 * 1024
NEAR_THE_END = 100


def read(reading: Reading) -> Records:
    """The records. Raises Invalid at the first item that is not an object, and for anything but one list."""
    with reading.path.open(encoding=python_name(reading.encoding), newline="") as handle:
        window = _Window(handle)
        window.expect_list()
        while window.next_item():
            line = window.line
            yield line, as_record(window.decode(), line)
        window.expect_end()


class _Window:
    """The part of the file that is being looked at, with its place."""

    def __init__(self, handle: IO[str]) -> None:
        self.handle, self.text, self.at, self.line = handle, "", 0, 1
        self.ended, self._begun = False, False

    def expect_list(self) -> None:
        start = self._peek()
        if start == "{":
            raise file_error(
                'The file holds one object. A table is a list of objects: [{"text": "..."}, ...], or one object a line '
                "in a file named .jsonl.",
                "not_a_list",
                self.line,
            )
        if start != "[":
            raise self._bad("is not JSON: a list of objects must begin with [")
        self._skip(1)

    def next_item(self) -> bool:
        """Move to the next item; False at the end of the list."""
        mark = self._peek()
        if not mark:
            raise self._bad("ends before the list does")
        if mark == "]":
            self._skip(1)
            return False
        if self._begun:
            self._comma(mark)
        self._begun = True
        return True

    def _comma(self, mark: str) -> None:
        if mark != ",":
            raise self._bad("lacks a comma between two rows")
        self._skip(1)
        if self._peek() == "]":
            raise self._bad("has a comma before the end of the list")

    def _bad(self, what: str) -> Exception:
        return file_error(f"Line {self.line} {what}.", "invalid_json", self.line)

    def decode(self) -> Any:
        """The item at this place; reads on while it looks cut off."""
        while True:
            try:
                value, end = DECODER.raw_decode(self.text, self.at)
            except json.JSONDecodeError as exc:
                if self._is_cut_off(exc):
                    self._more(max(CHUNK, len(self.text) - self.at))
                    continue
                raise bad_json(self.line + self.text.count("\n", self.at, exc.pos), exc, exc.colno) from None
            except (ValueError, RecursionError) as exc:
                raise bad_json(self.line, exc) from None
            check_depth(self.text[self.at : end], self.line)
            self._skip(end - self.at)
            return value

    def expect_end(self) -> None:
        if self._peek():
            raise self._bad("goes on after the end of the list")

    def _is_cut_off(self, exc: json.JSONDecodeError) -> bool:
        if self.ended:
            return False
        if len(self.text) - self.at > MAX_ROW_BYTES:
            raise file_error(f"The row on line {self.line} is larger than 1 MB.", "too_large", self.line)
        return exc.msg.startswith("Unterminated string") or exc.pos > len(self.text) - NEAR_THE_END

    def _peek(self) -> str:
        """The next character that is no space; "" at the end of the file."""
        while True:
            while self.at < len(self.text) and self.text[self.at].isspace():
                self._skip(1)
            if self.at < len(self.text):
                return self.text[self.at]
            if not self._more(CHUNK):
                return ""

    def _skip(self, count: int) -> None:
        self.line += self.text.count("\n", self.at, self.at + count)
        self.at += count

    def _more(self, size: int) -> bool:
        piece = self.handle.read(size)
        self.ended = not piece
        self.text, self.at = self.text[self.at :] + piece, 0
        return bool(piece)
