"""The output is as long as it should be."""

from collections.abc import Mapping
from typing import Any

from evals.metrics.verdicts import Case, Verdict, yes_or_no

NAME = "Length"
ABOUT = "Right when the output has at least and at most so many characters or words."
BINARY = True
CONFIG: dict[str, Any] = {
    "type": "object",
    "properties": {
        "unit": {"type": "string", "enum": ["characters", "words"], "default": "characters", "title": "Count"},
        "at_least": {"type": "integer", "minimum": 0, "maximum": 1_000_000, "default": 1, "title": "At least"},
        "at_most": {"type": "integer", "minimum": 1, "maximum": 1_000_000, "default": 2000, "title": "At most"},
    },
    "additionalProperties": False,
}


def check(config: Mapping[str, Any]) -> str:
    """What is wrong with the range, or ""."""
    return "" if config["at_least"] <= config["at_most"] else "The range is empty: at least is more than at most."


def score(case: Case, config: Mapping[str, Any]) -> Verdict:
    """1 or 0; the label is the length."""
    unit = config["unit"]
    length = len(case.output.split()) if unit == "words" else len(case.output.strip())
    low, high = config["at_least"], config["at_most"]
    if low <= length <= high:
        return Verdict(1.0, f"{length} {unit}")
    return yes_or_no(False, f"{length} {unit}; {low} to {high} are wanted.")
