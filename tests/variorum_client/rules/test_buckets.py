"""Who falls where: shares, stickiness, ramps, independence, and the same answer as flagd's own evaluator."""

import itertools
import math
from collections import Counter
from typing import Any

import cbor2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openfeature.contrib.tools.flagd.core import FlagdCore
from openfeature.evaluation_context import EvaluationContext

from variorum_client.rules import HASHES, Rules, ramp
from variorum_client.rules.buckets import cbor

PEOPLE = [f"person-{i}" for i in range(20_000)]
ARMS = {"a": 50, "b": 30, "c": 20}


def ramped(percent: float, *, seed: str = "s1", hash_name: str = "murmur3-cbor", **extra: Any) -> Rules:
    """One rule `r` that ramps three arms against the control."""
    parts = ramp(arms=ARMS, control="old", percent=percent, seed=seed, hash_name=hash_name, **extra)
    variants = {name: name for name in [*ARMS, "old"]}
    return Rules({"flags": {"r": {"state": "ENABLED", "variants": variants, "defaultVariant": "old", **parts}}})


def given_to(rules: Rules, people: list[str] = PEOPLE) -> list[str | None]:
    """Each person's variant."""
    return [rules.decide("r", {"targetingKey": one}).variant for one in people]


def within(count: int, total: int, share: float) -> bool:
    """Whether a count lies within 4.5 standard deviations of the binomial's mean (false alarm: 7 in a million)."""
    return abs(count - total * share) <= 4.5 * math.sqrt(total * share * (1 - share))


@pytest.mark.parametrize("hash_name", HASHES)
def test_shares_are_those_that_were_asked_for(hash_name: str) -> None:
    counts = Counter(given_to(ramped(40, hash_name=hash_name)))
    for name, share in {"a": 0.2, "b": 0.12, "c": 0.08, "old": 0.6}.items():
        assert within(counts[name], len(PEOPLE), share), (name, counts)


def test_a_ramp_moves_nobody_between_arms_and_nobody_out() -> None:
    steps = [given_to(ramped(percent)) for percent in (0, 1, 10, 40, 99.9, 100)]
    for before, after in itertools.pairwise(steps):
        assert all(was in {"old", now} for was, now in zip(before, after, strict=True))
    assert set(steps[0]) == {"old"}
    assert "old" not in steps[-1]
    assert steps[2] == given_to(ramped(10))


def test_two_rules_choose_independently() -> None:
    pairs = Counter(zip(given_to(ramped(50)), given_to(ramped(50, seed="s2")), strict=True))
    both = sum(count for (one, other), count in pairs.items() if "old" not in (one, other))
    assert within(both, len(PEOPLE), 0.25)
    assert within(pairs["a", "a"], len(PEOPLE), 0.0625)


@pytest.mark.parametrize("odd", ["", None, 0, 7, -1, 2.5, "7", "é" * 40, "x" * 5000, "\ud800", True, [], {"id": 1}])
def test_odd_ids_get_one_steady_answer(odd: Any) -> None:
    rules = ramped(100)
    first = rules.decide("r", {"targetingKey": odd})
    assert first == rules.decide("r", {"targetingKey": odd})
    unknown = odd in ("", None, "\ud800")  # nobody to be sticky to: the control
    assert first.variant in ({"old"} if unknown else set(ARMS))


def test_only_those_who_meet_the_condition_are_exposed() -> None:
    rules = ramped(100, only={"==": [{"var": "plan"}, "pro"]})
    assert rules.decide("r", {"targetingKey": "p", "plan": "free"}).variant == "old"
    assert rules.decide("r", {"targetingKey": "p", "plan": "pro"}).variant != "old"


@pytest.mark.parametrize(
    "bad", [{"percent": -1}, {"percent": 101}, {"percent": math.nan}, {"arms": {}}, {"arms": {"a": 0}}]
)
def test_a_ramp_that_is_none_is_refused(bad: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"percent is|at least one arm"):
        ramp(**{"arms": ARMS, "control": "old", "percent": 10, "seed": "s", **bad})


KEYS = st.text(max_size=40) | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | st.booleans()
JSON = st.recursive(KEYS | st.none(), lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS.map(str), inner))


@given(JSON)
def test_the_encoding_is_canonical(value: Any) -> None:
    plain = _whole_numbers(value)
    assert cbor(value) == cbor2.dumps(plain, canonical=True)


def _whole_numbers(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer() and -(2.0**63) <= value < 2.0**64:
        return int(value)
    if isinstance(value, list):
        return [_whole_numbers(one) for one in value]
    return {key: _whole_numbers(one) for key, one in value.items()} if isinstance(value, dict) else value


SHARES = st.lists(st.integers(-1, 1000), min_size=1, max_size=4)
FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "plan": st.sampled_from(["pro", "free"]),
        "version": st.sampled_from(["1.0.0", "v2", "2.1", "2.0.0-rc.1", "2.0.0+b", "3.0.0.0", "x", "10.0.0"]),
    },
)


@settings(max_examples=200)
@given(SHARES, st.text(max_size=30), FIELDS, st.sampled_from(["=", "!=", "<", "<=", ">", ">=", "^", "~", "?"]))
def test_flagds_own_evaluator_decides_the_same(shares: list[int], person: str, fields: Any, operator: str) -> None:
    names = [f"v{i}" for i in range(len(shares))]
    split = [[name, weight] for name, weight in zip(names, shares, strict=True)]
    targeting = {
        "if": [
            {"sem_ver": [{"var": "version"}, operator, "2"]},
            {"fractional": split},
            {"$ref": "pro"},
            {"fractional": [{"cat": ["seed", {"var": "targetingKey"}]}, *split]},
            {"starts_with": [{"var": "targetingKey"}, "a"]},
            "v0",
        ]
    }
    flag = {"state": "ENABLED", "variants": {name: name for name in [*names, "rest"]}, "defaultVariant": "rest"}
    document = {
        "flags": {"r": {**flag, "targeting": targeting}},
        "$evaluators": {"pro": {"==": [{"var": "plan"}, "pro"]}},
    }
    theirs = FlagdCore()
    theirs.set_flags(document | {"flags": {"r": dict(document["flags"]["r"])}})
    answer = theirs.resolve_string_value("r", "none", EvaluationContext(person, fields))
    mine = Rules(document).decide("r", {**fields, "targetingKey": person})
    assert (mine.variant, mine.value, mine.reason) == (answer.variant, answer.value, str(answer.reason))
