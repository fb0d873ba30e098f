"""What can be wrong with an artefact, said once: a place, a code, and what to do about it."""

from dataclasses import asdict, dataclass

from variorum_client.errors import ContentError


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault in one file. Lines and columns count from 1; a fault of the whole file is at 1:1."""

    path: str
    line: int
    column: int
    code: str
    message: str

    def __str__(self) -> str:
        return f"{self.path or '<text>'}:{self.line}:{self.column}: {self.message} [{self.code}]"

    def as_dict(self) -> dict[str, str | int]:
        """The problem as JSON: path, line, column, code, message."""
        return asdict(self)


class FormatError(ContentError):
    """An artefact that cannot be read. `problems` is never empty."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        super().__init__("\n".join(map(str, problems)))


class RenderError(ContentError):
    """A prompt that could not be rendered with these variables.

    `code` is stable (unknown_variable, missing_variable, wrong_variable, unsupported_value, too_large,
    too_deep, too_slow, missing_partial, unknown_role); `variable` names the culprit where there is one.
    """

    def __init__(self, code: str, message: str, variable: str | None = None) -> None:
        self.code = code
        self.message = message
        self.variable = variable
        super().__init__(message)


def refuse(path: str, code: str, message: str, *, line: int = 1, column: int = 1) -> FormatError:
    """A FormatError with one problem, ready to raise."""
    return FormatError([Problem(path, line, column, code, message)])


def place(text: str, offset: int) -> tuple[int, int]:
    """Line and column, both from 1, of a character offset in a text."""
    line_start = text.rfind("\n", 0, offset) + 1
    return text.count("\n", 0, offset) + 1, offset - line_start + 1
