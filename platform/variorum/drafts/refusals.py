"""Why a push is refused, for the pusher's terminal."""

from collections.abc import Sequence

from variorum.lib.errors import Problem
from variorum.repos import git

OTHER = "another ref of this push was refused"


class Refused(Exception):
    """A push that does not land: one line for the summary, more for the terminal, and the ref it is about."""

    def __init__(self, reason: str, *lines: str, ref: str = "") -> None:
        super().__init__(reason)
        self.reason, self.lines, self.ref = reason, lines, ref

    def by_ref(self, moves: Sequence[git.Move]) -> dict[str, str]:
        """A reason for every ref, since all land or none."""
        return {move.ref: self.reason if self.ref in ("", move.ref) else OTHER for move in moves}

    def said(self) -> list[str]:
        """The lines to show."""
        return ["", self.reason, *(f"  {line}" for line in self.lines), ""]


def lines_of(problem: Problem) -> list[str]:
    """A problem's text and what it lists."""
    listed = [f"{each['where']}: {each['detail']}" if each["where"] else each["detail"] for each in problem.errors]
    return [problem.detail, *listed]
