"""The output is one of the labels."""

from collections.abc import Mapping
from typing import Any

from evals.metrics.code.normalise import OPTIONS, normalise
from evals.metrics.verdicts import Case, Verdict, not_applicable, short, yes_or_no

NAME = "Valid label"
ABOUT = "Right when the output is one of the labels, whichever: those you list, or those of the dataset."
BINARY = True
CONFIG: dict[str, Any] = {
    "type": "object",
    "properties": {
        "labels": {
            "type": "array",
            "items": {"type": "string", "minLength": 1, "maxLength": 200},
            "maxItems": 1000,
            "default": [],
            "title": "Labels (empty: the dataset's)",
        },
        **OPTIONS,
    },
    "additionalProperties": False,
}


def score(case: Case, config: Mapping[str, Any]) -> Verdict:
    """1 or 0; the label says which one it is. Not applicable when no labels are known."""
    labels = config.get("labels") or case.labels
    if not labels:
        return not_applicable("Neither the metric nor the dataset has labels.")
    given = normalise(case.output, config)
    for label in labels:
        if normalise(label, {**config, "first_line": False}) == given:
            return Verdict(1.0, label)
    return yes_or_no(False, f"{short(case.output)!r} is none of the {len(labels)} labels.")
