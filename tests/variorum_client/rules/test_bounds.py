"""No document of rules is slow to compile and no decision slow to make, counted in steps rather than seconds."""

from typing import Any

import pytest

from variorum_client.rules import Rules, check, meter
from variorum_client.rules.faults import MAX_ALL_FAULTS, MAX_DOCUMENT_STEPS, MAX_STEPS

MANY = [f"k{i}" for i in range(250)]


def rule(condition: Any) -> dict[str, Any]:
    """A rule whose variants are yes and no."""
    variants = {"yes": True, "no": False}
    targeting = {"if": [condition, "yes", "no"]}
    metadata = {"hash": "murmur3-utf8"}
    return {
        "state": "ENABLED",
        "variants": variants,
        "defaultVariant": "no",
        "targeting": targeting,
        "metadata": metadata,
    }


def test_all_rules_share_one_budget() -> None:
    segment = {"and": [{"==": [{"var": "a"}, i]} for i in range(490)]}
    document = {"flags": {f"a{i:04}": rule({"$ref": "s"}) for i in range(1000)}, "$evaluators": {"s": segment}}
    faults = check(document)
    each = 490 * 4 + 5  # the parts of a rule: `if`, the segment named and put in, two variants
    assert len(faults) == MAX_ALL_FAULTS + 1
    assert faults[0].place.startswith("/$evaluators/s/and/")
    assert "more than 50,000 parts together" in faults[0].message
    assert faults[1].place == f"/flags/a{MAX_DOCUMENT_STEPS // each + 1:04}/targeting"
    rules = Rules(document)
    codes = [rules.decide(key, {"a": 1}).code for key in rules]
    assert codes.count("") == (MAX_DOCUMENT_STEPS + MAX_STEPS) // each
    assert set(codes) == {"", "PARSE_ERROR"}


def carried(work: Any) -> Any:
    """A fold over a list that carries a list and looks at all of it each time."""
    step = {"if": [{"some": [{"var": "accumulator"}, work]}, [], {"var": "accumulator"}]}
    return {"reduce": [MANY, step, [f"z{i}" for i in range(250)]]}


LONG = {"cat": ["y" * 9990, {"var": ""}]}
DOUBLED = {"reduce": [MANY, [{"var": "accumulator"}, {"var": "accumulator"}], 1]}


@pytest.mark.parametrize(
    "condition",
    [
        carried({"===": [1, {"sem_ver": [{"cat": ["1.0.0-" + "1." * 90 + "1"]}, "=", "1.0.0"]}]}),
        carried({"in": ["q", LONG]}),
        carried({"===": [1, {"fractional": [LONG, ["on", 1], ["off", 1]]}]}),
        {"cat": [DOUBLED]},
        {"fractional": [DOUBLED, [True, 1]]},
        {"or": [{"var": "a." * 5000}] * 30},
        {"or": [{"===": [1, {"var": "long"}]}, *[{"<": [{"var": "long"}, 1]}] * 30]},
    ],
)
def test_a_decision_that_takes_too_much_is_stopped(condition: Any) -> None:
    decision = Rules({"flags": {"r": rule(condition)}}).decide("r", {"targetingKey": "x", "long": "9" * 9000})
    assert (decision.reason, decision.code) == ("ERROR", "GENERAL")
    assert "a decision may take 100,000 steps" in decision.message


def test_a_list_that_doubles_names_no_variant() -> None:
    flag = rule(True) | {"targeting": DOUBLED}
    decision = Rules({"flags": {"r": flag}}).decide("r", {})
    assert decision.message == "The rule 'r' chose a list, which is none of its variants."


def test_loops_are_paid_for_by_their_parts() -> None:
    rules = Rules({"flags": {"r": rule({"some": [MANY, {"==": [{"var": ""}, "k0"]}]})}})
    for _ in range(2):  # each decision begins anew
        assert rules.decide("r", {}).variant == "yes"
        assert meter.left() == meter.MAX_SPENT - 250 * 4
