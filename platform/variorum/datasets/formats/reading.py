"""What the formats share: how a file is to be read, warnings, errors that name the line."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypedDict

from variorum.lib.errors import Invalid

Record = tuple[int, dict[str, Any]]  # the line on which it begins, its values by column
Records = Iterator[Record]


class FileWarning(TypedDict):
    """Something that is no error but that a person should look at. `line` 0 speaks of the whole file."""

    line: int
    code: str
    detail: str


@dataclass
class Reading:
    """How a file is read: all decided, by the person or by looking at it. `header` and `delimiter` are CSV's."""

    path: Path
    format: str
    encoding: str
    delimiter: str = ""
    header: bool = True
    columns: list[str] = field(default_factory=list)
    native: bool = False
    warnings: list[FileWarning] = field(default_factory=list)

    def warn(self, line: int, code: str, detail: str) -> None:
        """Add a warning, once a code."""
        if all(known["code"] != code for known in self.warnings):
            self.warnings.append(FileWarning(line=line, code=code, detail=detail))


def file_error(detail: str, code: str, line: int = 0) -> Invalid:
    """An error of an imported file; `where` and `line` say where."""
    where = f"line {line}" if line else "file"
    return Invalid(detail, code=code, errors=[{"where": where, "code": code, "detail": detail}], extra={"line": line})
