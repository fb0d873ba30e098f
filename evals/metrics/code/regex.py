"""The output matches a pattern."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import regex

from evals.metrics.verdicts import TOO_SLOW, Case, Verdict, yes_or_no

NAME = "Pattern"
ABOUT = "Right when a regular expression of yours is found in the output."
BINARY = True
CONFIG: dict[str, Any] = {
    "type": "object",
    "properties": {
        "pattern": {"type": "string", "minLength": 1, "maxLength": 500, "format": "regex", "title": "Pattern"},
        "ignore_case": {"type": "boolean", "default": False, "title": "Ignore upper and lower case"},
        "whole": {"type": "boolean", "default": False, "title": "The whole output must match"},
        "negate": {"type": "boolean", "default": False, "title": "Right when it is not found"},
    },
    "required": ["pattern"],
    "additionalProperties": False,
}
SECONDS = 1.0  # a pattern that backtracks for ever must not hold up a worker; Python's own re knows no limit


def check(config: Mapping[str, Any]) -> str:
    """What is wrong with the pattern, or ""."""
    try:
        regex.compile(config["pattern"])
    except (regex.error, RecursionError, OverflowError, ValueError) as exc:
        return f"This is no regular expression: {exc}."
    return ""


def score(case: Case, config: Mapping[str, Any]) -> Verdict:
    """1 or 0; failed when the pattern takes longer than a second."""
    pattern = _compiled(config["pattern"], bool(config.get("ignore_case")))
    search = pattern.fullmatch if config.get("whole") else pattern.search
    try:
        found = search(case.output, timeout=SECONDS, concurrent=True) is not None
    except TimeoutError:
        return Verdict(None, reason=f"The pattern took longer than {SECONDS:.0f} second.", problem=TOO_SLOW)
    negate = bool(config.get("negate"))
    if found != negate:
        return yes_or_no(True)
    return yes_or_no(False, "The pattern was found." if negate else "The pattern was not found.")


@lru_cache(maxsize=256)
def _compiled(pattern: str, ignore_case: bool) -> "regex.Pattern[str]":
    return regex.compile(pattern, regex.IGNORECASE if ignore_case else 0)
