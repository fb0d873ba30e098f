"""What a metric looks at and what it says."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

UNPARSEABLE = "unparseable"  # the judge's answer held no score
PROVIDER = "provider"  # the judge's model did not answer
TOO_SLOW = "too_slow"  # a pattern of the metric's own did not end in time
NOT_APPLICABLE = "not_applicable"  # the row lacks what the metric needs, such as an expected value


@dataclass(frozen=True)
class Case:
    """One output with what is known around it. `labels` are the dataset's labels, for metrics that want them."""

    output: str
    expected: str | None = None
    input: Mapping[str, Any] = field(default_factory=dict)
    labels: tuple[str, ...] = ()


@dataclass(frozen=True)
class Verdict:
    """A value from 0 (bad) to 1 (good), or None when there is none: then `problem` says which kind of none.

    A failed score is never a 0. `label` is the value in the metric's own words ("4 of 5", "card_arrival"). Tokens and
    `cost` (US dollars) are a judge's, None when they are not known.
    """

    value: float | None
    label: str = ""
    reason: str = ""
    problem: str = ""
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost: Decimal | None = None

    @property
    def failed(self) -> bool:
        """Whether a score should be there and is not."""
        return self.problem in (UNPARSEABLE, PROVIDER, TOO_SLOW)


def yes_or_no(passed: bool, reason: str = "") -> Verdict:
    """The verdict of a metric that knows only right and wrong."""
    return Verdict(1.0 if passed else 0.0, "pass" if passed else "fail", reason)


def not_applicable(reason: str) -> Verdict:
    """No score, and nothing went wrong: the row lacks what the metric needs."""
    return Verdict(None, "", reason, NOT_APPLICABLE)


def as_text(given: Mapping[str, Any]) -> str:
    """A row's input for a reader: the value itself when there is one column, else a line a column."""
    if len(given) == 1:
        return _text(next(iter(given.values())))
    return "\n".join(f"{name}: {_text(value)}" for name, value in given.items())


def short(text: str, most: int = 200) -> str:
    """A text for a reason, cut."""
    return text if len(text) <= most else text[: most - 1] + "…"


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)
