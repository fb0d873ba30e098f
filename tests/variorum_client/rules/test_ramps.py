"""A rollout's rule: nobody who got the candidate loses it, and the two arms that are compared are divided by chance."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from variorum_client.rules import Rules, Share, check, gradual

INTERNAL = {"ends_with": [{"var": "email"}, "@example.org"]}
BETA = {"==": [{"var": "plan"}, "beta"]}
PEOPLE = [
    {"targetingKey": f"u{n}", "email": f"u{n}@{'example.org' if n % 5 == 0 else 'x'}", "plan": "beta" if n % 3 else ""}
    for n in range(400)
]


def given_to(steps: list[Share], person: dict[str, Any], seed: str = "s") -> str:
    rule = {"state": "ENABLED", **gradual(candidate="abc", steps=steps, seed=seed)}
    assert check({"flags": {"r": rule}}) == []
    variant = Rules({"flags": {"r": rule}}).decide("r", person).variant
    assert variant is not None
    return variant


def rules(steps: list[Share]) -> Rules:
    return Rules({"flags": {"r": {"state": "ENABLED", **gradual(candidate="abc", steps=steps, seed="s")}}})


@given(
    st.lists(st.tuples(st.sampled_from([None, INTERNAL, BETA]), st.sampled_from([1, 5, 25, 50, 99.9, 100])), max_size=6)
)
def test_nobody_loses_the_candidate(drawn):
    order = [INTERNAL, BETA, None]
    plan = [Share(percent, who) for who, percent in sorted(drawn, key=lambda one: (order.index(one[0]), one[1]))]
    had: set[str] = set()
    for upto in range(1, len(plan) + 1):
        compiled = rules(plan[:upto])
        now = {p["targetingKey"] for p in PEOPLE[:80] if compiled.decide("r", p).value == "abc"}
        assert had <= now
        had = now


def test_the_arms_are_divided_by_chance_and_the_early_are_apart():
    plan = [Share(100, INTERNAL), Share(25)]
    variants = {p["targetingKey"]: rules(plan).decide("r", p).variant for p in PEOPLE}
    assert {variants[p["targetingKey"]] for p in PEOPLE if p["email"].endswith("example.org")} == {"early"}
    others = [variants[p["targetingKey"]] for p in PEOPLE if p["email"].endswith("@x")]
    assert set(others) == {"candidate", "control"}
    assert 0.15 < others.count("candidate") / len(others) < 0.35


def test_who_is_outside():
    somebody = {"targetingKey": "u5"}
    assert given_to([Share(100, BETA)], somebody) == "outside"
    assert given_to([Share(99)], {}) == "outside"
    assert given_to([Share(100)], {}) == "candidate"
    assert given_to([Share(0)], somebody) == "control"
    assert given_to([Share(50, BETA)], {"targetingKey": "u5", "plan": "beta"}) in ("candidate", "control")
