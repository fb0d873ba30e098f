"""How many words output and expected text share."""

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

from evals.metrics.verdicts import Case, Verdict, not_applicable

NAME = "Token F1"
ABOUT = "The F1 of the words that output and expected text share, as in SQuAD (Rajpurkar et al., 2016): 0 to 1."
BINARY = False
CONFIG: dict[str, Any] = {
    "type": "object",
    "properties": {
        "ignore_articles": {"type": "boolean", "default": True, "title": "Ignore a, an and the"},
    },
    "additionalProperties": False,
}
_WORD = re.compile(r"\w+")
_ARTICLES = {"a", "an", "the"}


def score(case: Case, config: Mapping[str, Any]) -> Verdict:
    """From 0 to 1; not applicable without an expected value."""
    if case.expected is None:
        return not_applicable("The row has no expected value.")
    given, wanted = (_words(text, config) for text in (case.output, case.expected))
    if not given or not wanted:
        return Verdict(float(given == wanted), f"{float(given == wanted):.2f}")
    shared = (given & wanted).total()
    value = 2 * shared / (given.total() + wanted.total())
    return Verdict(value, f"{value:.2f}", f"{shared} of {given.total()} words given and {wanted.total()} wanted.")


def _words(text: str, config: Mapping[str, Any]) -> Counter[str]:
    words = Counter(_WORD.findall(text.casefold()))
    if config.get("ignore_articles", True):
        for article in _ARTICLES:
            words.pop(article, None)
    return words
