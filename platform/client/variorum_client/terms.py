"""Colours for people: on a terminal only, and never where NO_COLOR is set (no-color.org)."""

import os
import re
from typing import TextIO

_CODES = {"red": "31", "green": "32", "yellow": "33", "blue": "34", "bold": "1", "dim": "2"}


def painter(out: TextIO) -> "Painter":
    """Paints for this output."""
    plain = bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb" or not out.isatty()
    return Painter(not plain)


class Painter:
    """paint("text", "red") is the text, coloured where that can be seen."""

    def __init__(self, colours: bool) -> None:
        self.colours = colours

    def __call__(self, text: str, colour: str) -> str:
        return f"\x1b[{_CODES[colour]}m{text}\x1b[0m" if self.colours and text else text

    def diff(self, text: str) -> str:
        """A difference by lines: removed red, added green, places blue."""
        return "".join(map(self._line, text.splitlines(keepends=True))) if self.colours else text

    def words(self, text: str) -> str:
        """A comparison: [-removed-] red, {+added+} green, and lines that warn in colour too."""
        if not self.colours:
            return text
        text = re.sub(r"\[-.*?-\]", lambda match: self(match.group(), "red"), text, flags=re.DOTALL)
        text = re.sub(r"\{\+.*?\+\}", lambda match: self(match.group(), "green"), text, flags=re.DOTALL)
        return re.sub(r"^(?:!!| !) .*$", lambda match: self(match.group(), "yellow"), text, flags=re.MULTILINE)

    def _line(self, line: str) -> str:
        heads = {"+++": "bold", "---": "bold", "@@": "blue", "+": "green", "-": "red"}
        colour = next((colour for head, colour in heads.items() if line.startswith(head)), None)
        body = line.rstrip("\n")
        return (self(body, colour) if colour else body) + line[len(body) :]


def count(number: int, noun: str) -> str:
    """1 file, 2 files."""
    return f"{number} {noun}{'' if number == 1 else 's'}"
