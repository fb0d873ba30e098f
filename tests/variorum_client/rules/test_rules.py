"""Decisions of rules: what each operator gives, what is refused with its place, and that no rule can do harm."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from variorum_client.rules import Rules, check

HASH = {"hash": "murmur3-cbor"}


def document(targeting: Any, *, segments: dict[str, Any] | None = None, **extra: Any) -> dict[str, Any]:
    """A document with one rule `r`, whose variants are yes and no."""
    flag = {"state": "ENABLED", "variants": {"yes": 1, "no": 0}, "defaultVariant": "no", "metadata": HASH, **extra}
    return {"flags": {"r": {**flag, "targeting": targeting}}, "$evaluators": segments or {}}


def holds(condition: Any, **context: Any) -> bool:
    """Whether a condition is met."""
    decision = Rules(document({"if": [condition, "yes", "no"]})).decide("r", context)
    assert decision.reason == "TARGETING_MATCH", decision
    return decision.variant == "yes"


@pytest.mark.parametrize(
    ("condition", "met"),
    [
        ({"==": [{"var": "plan"}, "pro"]}, True),
        ({"==": [{"var": "count"}, "3"]}, True),  # as in JavaScript
        ({"===": [{"var": "count"}, "3"]}, False),
        ({"==": [{"var": "nothing"}, 0]}, False),
        ({"==": [{"var": "nothing"}, None]}, True),
        ({"in": [{"var": "country"}, ["de", "at"]]}, True),
        ({"in": ["ro", {"var": "plan"}]}, True),
        ({"in": [3, {"var": "list"}]}, True),
        ({"<": [1, {"var": "count"}, 5]}, True),
        ({"<=": [{"var": "plan"}, {"var": "nothing"}]}, False),
        ({"and": [{"var": "plan"}, {"!": {"var": "nothing"}}]}, True),
        ({"or": [{"var": "nothing"}, {"var": "empty"}]}, False),
        ({"var": "user.tags.1"}, True),
        ({"var": ["user.age", 7]}, True),
        ({"missing": ["plan", "age"]}, True),
        ({"missing_some": [1, ["plan", "age"]]}, False),
        ({"some": [{"var": "list"}, {">": [{"var": ""}, 2]}]}, True),
        ({"all": [{"var": "empty"}, True]}, False),
        ({"none": [{"var": "list"}, {"==": [{"var": ""}, 9]}]}, True),
        ({"==": [{"reduce": [{"var": "list"}, {"+": [{"var": "current"}, {"var": "accumulator"}]}, 0]}, 6]}, True),
        ({"==": [{"cat": [{"substr": [{"var": "plan"}, -2]}, "-", {"%": [-7, 3]}]}, "ro--1"]}, True),
        ({"starts_with": [{"var": "plan"}, "pr"]}, True),
        ({"ends_with": [{"var": "count"}, "3"]}, False),
        ({"sem_ver": [{"var": "version"}, "^", "2"]}, True),
        ({"sem_ver": [{"var": "version"}, "~", "v2.3"]}, False),
        ({"sem_ver": ["2.0.0-rc.2", "<", "2.0.0-rc.10"]}, True),
        ({"sem_ver": ["2.0.0-rc.1+build", "<", "2.0.0"]}, True),
        ({"sem_ver": ["2.0.0.0", "=", "2.0.0"]}, False),
        ({"==": [{"var": "$flagd.flagKey"}, "r"]}, True),
        ({">": [{"var": "$flagd.timestamp"}, 1_700_000_000]}, True),
    ],
)
def test_conditions(condition: Any, met: bool) -> None:
    context = {"plan": "pro", "count": 3, "country": "de", "list": [1, 2, 3], "empty": [], "version": "2.4.1"}
    assert holds(condition, user={"tags": ["a", "b"]}, **context) is met


def test_segments_are_put_in_where_they_are_named() -> None:
    segments = {"beta": {"in": [{"var": "email"}, {"var": "testers"}]}, "inner": {"and": [{"$ref": "beta"}, True]}}
    rules = Rules(document({"if": [{"$ref": "inner"}, "yes"]}, segments=segments))
    assert rules.decide("r", {"email": "a@b", "testers": ["a@b"]})[:3] == ("yes", 1, "TARGETING_MATCH")
    assert rules.decide("r", {"email": "x@b", "testers": ["a@b"]})[:3] == ("no", 0, "DEFAULT")


def test_reasons() -> None:
    plain = {"state": "ENABLED", "variants": {"a": {"deep": [1.0]}}}
    flags = {
        "static": {**plain, "defaultVariant": "a"},
        "open": plain,
        "off": {**plain, "state": "DISABLED", "defaultVariant": "a"},
        "odd": {**plain, "targeting": {"cat": ["b"]}},
        "broken": {**plain, "targeting": {"nope": []}},
    }
    rules = Rules({"flags": flags})
    assert rules.decide("static") == ("a", {"deep": [1.0]}, "STATIC", "", "")
    assert rules.decide("open") == (None, None, "DEFAULT", "", "")
    assert rules.decide("off") == (None, None, "DISABLED", "", "")
    assert rules.decide("odd")[:4] == (None, None, "ERROR", "GENERAL")
    assert "'b', which is none of its variants" in rules.decide("odd").message
    assert rules.decide("broken")[:4] == (None, None, "ERROR", "PARSE_ERROR")
    assert rules.decide("missing")[:4] == (None, None, "ERROR", "FLAG_NOT_FOUND")
    assert list(rules) == list(flags)


def _deep(levels: int) -> Any:
    made: Any = True
    for _ in range(levels):
        made = {"!": [made]}
    return made


@pytest.mark.parametrize(
    ("rule", "place", "words"),
    [
        (document({"iff": []}), "/flags/r/targeting", "no operator 'iff'; did you mean 'if'?"),
        (document({"if": [{"==": [1, 1], "!=": [1]}, "yes"]}), "/flags/r/targeting/if/0", "this has 2: !=, =="),
        (document({"if": [{"$ref": "beta"}, "yes"]}), "/flags/r/targeting/if/0", "no segment 'beta'"),
        (document({"$ref": "a"}, segments={"a": {"$ref": "a"}}), "/$evaluators/a", "refers to itself"),
        (document({"fractional": [["yes", "half"]]}), "/flags/r/targeting/fractional/0/1", "whole number"),
        (document({"fractional": [{"var": "x"}, "yes"]}), "/flags/r/targeting/fractional/1", "a share is"),
        (document({"fractional": [["yes", 2**31]]}), "/flags/r/targeting/fractional", "more than 2,147,483,647"),
        (document({"fractional": [["yes"]]}, metadata={}), "/flags/r/metadata/hash", "names its hash"),
        (document({"fractional": [["yes"]]}, metadata={"hash": "md5"}), "/flags/r/metadata/hash", "no hash 'md5'"),
        (document({}, defaultVariant="maybe"), "/flags/r/defaultVariant", "none of the variants: yes, no"),
        (document({}, variants={}), "/flags/r/variants", "at least one variant"),
        (document({}, variants={"a~/b": None}, defaultVariant=None), "/flags/r/variants/a~0~1b", "has a value"),
        (document({}, state="ON"), "/flags/r/state", "ENABLED or DISABLED"),
        (document({"if": [{"var": "x"}, "yess", "no"]}), "/flags/r/targeting/if/1", "none of the variants: yes, no"),
        (document({"if": [True, "yes", {"if": [False, "no", "x"]}]}), "/flags/r/targeting/if/2/if/2", "none of the"),
        (document({"fractional": [["yes", 1], ["maybe", 1]]}), "/flags/r/targeting/fractional/1/0", "none of the"),
        (document([]), "/flags/r/targeting", "this is a list"),
        (document(_deep(40)), "/flags/r/targeting" + "/!/0" * 32, "nested deeper than 32"),
        (document({"or": [[1] * 2001]}), None, "more than 2,000 parts"),
        (document({"map": [[], {"map": [[], {"map": [[], 1]}]}]}), None, "nested 2 deep"),
        (document({"map": [[], {"map": [[], {"cat": ["x"] * 20}]}]}), None, "more than 1,000,000 steps"),
        ({"flags": {"r": []}}, "/flags/r", "a rule is an object"),
        ({"flags": []}, "/flags", "an object of rules by key"),
        ({"flags": {str(i): {} for i in range(1001)}}, "/flags", "1,000 are allowed"),
        ([], "/", "an object, this is a list"),
        ({"flags": {"r": float("nan")}}, "/", "not JSON"),
        ({"flags": {"r": "x" * 1_000_001}}, "/", "1,000,000 are allowed"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(rule: Any, place: str | None, words: str) -> None:
    (found,) = check(rule)
    assert words in found.message
    assert place in {None, found.place}


def test_every_fault_of_a_rule_is_named_once() -> None:
    condition = {
        "and": [
            {"guess": [1]},
            {"or": [{"<": [1]}, {"$ref": "nobody"}, {"==": [{"var": "plan"}, "pro"]}]},
            {"$ref": "group"},
            {"fractional": [{"var": "x"}, ["yes", "half"], "no", [{"hm": []}, 5], ["yes", {"ha": 1}]]},
            {"some": [{"var": "list"}, {"all": [[1], {"none": [[1], True]}]}]},
        ]
    }
    flag = {
        "variants": {"yes": 1, "no": None, "off": None},
        "defaultVariant": "maybe",
        "targeting": {"if": [condition]},
    }
    group = {"in": [{"car": "x"}, {"bus": "y"}]}
    told = {"flags": {"a": flag, "b": {**flag, "targeting": {"$ref": "group"}}}, "$evaluators": {"group": group}}
    at = "/flags/a/targeting/if/0/and"
    of_a = ["variants/no", "variants/off", "defaultVariant", "state"]
    assert [fault.place for fault in check(told)] == [
        *(f"/flags/a/{part}" for part in of_a),
        f"{at}/0",
        f"{at}/1/or/0/<",
        f"{at}/1/or/1",
        "/$evaluators/group/in/0",
        "/$evaluators/group/in/1",
        *(f"{at}/3/fractional/{part}" for part in ("1/1", "2", "3/0", "4/1")),
        f"{at}/4/some/1/all/1/none",
        "/flags/a/metadata/hash",
        *(f"/flags/b/{part}" for part in of_a),
    ]


def test_the_faults_that_are_named_are_bounded() -> None:
    wild = {"flags": {f"r{i:03}": {**document({"or": [{"x": 1}] * 30})["flags"]["r"]} for i in range(40)}}
    faults = check(wild)
    assert [fault.place for fault in faults[18:23]] == [
        *(f"/flags/r000/targeting/or/{i}" for i in (18, 19, 20)),
        *(f"/flags/r001/targeting/or/{i}" for i in (0, 1)),
    ]
    assert "more than 20 faults" in faults[20].message
    assert (len(faults), faults[-1].place) == (201, "/flags")
    assert "more than 200 faults" in faults[-1].message


def test_a_sound_document_has_no_faults() -> None:
    assert check(document({"fractional": [["yes", 10], ["no", 90]]})) == []
    named = document({"if": [{"$ref": "a"}, "yes"]}, segments={"a": {"$ref": "b"}, "b": {"var": "x"}}, metadata={})
    assert check(named) == []
    named["$evaluators"]["b"] = {"fractional": [[True, 1], [False, 1]]}
    assert [fault.place for fault in check(named)] == ["/flags/r/metadata/hash"]


@pytest.mark.parametrize(
    "bomb",
    [
        {"cat": [{"reduce": [{"var": "many"}, {"cat": [{"var": "accumulator"}, {"var": "accumulator"}]}, "xx"]}]},
        {"reduce": [{"var": "many"}, {"merge": [{"var": "accumulator"}, {"var": "accumulator"}]}, [1]]},
        {"map": [{"var": "too_many"}, 1]},
    ],
)
def test_a_bomb_is_stopped(bomb: Any) -> None:
    decision = Rules(document(bomb)).decide("r", {"many": list(range(256)), "too_many": list(range(257))})
    assert (decision.reason, decision.code) == ("ERROR", "GENERAL")
    assert "was stopped" in decision.message


def test_numbers_that_grow_end_as_infinity() -> None:
    square = {"*": [{"var": "accumulator"}, {"var": "accumulator"}]}
    assert holds({">": [{"reduce": [{"var": "many"}, square, 7]}, 1e300]}, many=list(range(256)))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)


@st.composite
def expressions(draw: st.DrawFn) -> Any:
    """Expressions of every operator, with arguments of every kind and number."""
    from variorum_client.rules.operators import OPERATORS

    leaf = JSON | st.sampled_from(["a", "b.c", "", "targetingKey"]).map(lambda path: {"var": path})
    node = lambda inner: st.builds(  # noqa: E731
        lambda name, args: {name: args}, st.sampled_from(sorted(OPERATORS)), st.lists(inner, max_size=4)
    )
    return draw(st.recursive(leaf, node, max_leaves=10))


@given(expressions(), st.dictionaries(st.sampled_from(["a", "b", "targetingKey"]), JSON, max_size=3))
def test_no_rule_and_no_context_makes_a_decision_fail(expression: Any, context: dict[str, Any]) -> None:
    try:
        json.dumps(expression, allow_nan=False)
    except ValueError:
        return
    rule = document({"if": [expression, "yes", "no"]})
    decision = Rules(rule).decide("r", context)
    assert decision.reason in {"TARGETING_MATCH", "DEFAULT", "ERROR"}
    assert "failed on this context" not in decision.message
    assert (decision.code == "PARSE_ERROR") == bool(check(rule))
    assert decision.code != "PARSE_ERROR" or decision.message in map(str, check(rule))
