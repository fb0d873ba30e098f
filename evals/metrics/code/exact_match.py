"""The output equals the expected text."""

from collections.abc import Mapping
from typing import Any

from evals.metrics.code.normalise import OPTIONS, normalise
from evals.metrics.verdicts import Case, Verdict, not_applicable, short, yes_or_no

NAME = "Exact match"
ABOUT = "Right when the output equals the expected text. For labels, its mean is the accuracy."
BINARY = True
CONFIG: dict[str, Any] = {"type": "object", "properties": OPTIONS, "additionalProperties": False}


def score(case: Case, config: Mapping[str, Any]) -> Verdict:
    """1 or 0; not applicable without an expected value."""
    if case.expected is None:
        return not_applicable("The row has no expected value.")
    given = normalise(case.output, config)
    wanted = normalise(case.expected, {**config, "first_line": False})
    if given == wanted:
        return yes_or_no(True)
    return yes_or_no(False, f"Expected {short(case.expected)!r}, got {short(case.output)!r}.")
