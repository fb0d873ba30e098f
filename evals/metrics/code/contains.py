"""The output contains a text."""

from collections.abc import Mapping
from typing import Any

from evals.metrics.code.normalise import OPTIONS, normalise
from evals.metrics.verdicts import Case, Verdict, not_applicable, short, yes_or_no

NAME = "Contains"
ABOUT = "Right when the expected text, or a text of your own, occurs in the output."
BINARY = True
CONFIG: dict[str, Any] = {
    "type": "object",
    "properties": {
        "text": {"type": "string", "default": "", "title": "Text to look for (empty: the expected value)"},
        **{name: option for name, option in OPTIONS.items() if name != "first_line"},
    },
    "additionalProperties": False,
}


def score(case: Case, config: Mapping[str, Any]) -> Verdict:
    """1 or 0; not applicable when neither the config nor the row names a text."""
    wanted = config.get("text") or case.expected
    if not wanted:
        return not_applicable("The row has no expected value and the metric no text.")
    found = normalise(wanted, config) in normalise(case.output, config)
    return yes_or_no(found, "" if found else f"{short(wanted)!r} does not occur.")
