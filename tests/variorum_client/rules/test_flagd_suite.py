"""flagd's own evaluator suite (docs/rules.md says how to get it); without its files only the reader is tried."""

import pytest

from tests.variorum_client.rules.flagd_suite import Question, document, folder, question, questions, rows
from variorum_client.rules import HASHES, Decision, Rules

PLACE = folder()
ALL = questions(PLACE) if PLACE else []
WHY = "flagd's suite is not here: FLAGD_TESTBED names its folder (docs/rules.md)"


@pytest.fixture(scope="module")
def compiled() -> dict[str, Rules]:
    """The suite's flags, once for each hash."""
    assert PLACE is not None
    return {name: Rules(document(PLACE, name)) for name in HASHES}


@pytest.mark.skipif(not ALL, reason=WHY)
@pytest.mark.parametrize("asked", [pytest.param(one, id=one.name) for one in ALL])
def test_flagds_suite(asked: Question, compiled: dict[str, Rules]) -> None:
    decision = compiled[asked.hash_name].decide(asked.flag, asked.context)
    assert asked.judge(decision) == {}, (asked, decision)


FEATURE = """
@colours
Feature: Own words
  Background:
    Given an evaluator

  Scenario: Once
    Given a Integer-flag with key "size" and a fallback value "7"
    # a remark
    When the flag was evaluated with details
    Then the resolved details value should be "7"
    And the error-code should be "TYPE_MISMATCH"

  @many
  Scenario Outline: Often
    Given a Object-flag with key "<key>" and a default value "{}"
    And a context containing a nested property with outer key "car" and inner key "paint", with value "<paint>"
    And a context containing a key "doors", with type "Float" and with value "4.0"
    And a context containing a targeting key with value "anna"
    When the flag was evaluated with details
    Then the resolved details value should be "<made>"
    And the reason should be "STATIC"

    @fractional-v1
    Examples: the first
      | key | paint | made          |
      | one | red   | {\\"hue\\": 3} |

    Examples: the second
      | key | paint | made |
      | two |       | {}   |
"""


def test_the_suites_form_is_read() -> None:
    once, first, second = map(question, rows("own", FEATURE))
    assert once == Question("own: Once", "murmur3-cbor", "size", 7, {}, {"value": 7, "code": "TYPE_MISMATCH"})
    assert first.hash_name == "murmur3-percent"
    assert first.context == {"car": {"paint": "red"}, "doors": 4.0, "targetingKey": "anna"}
    assert first.wanted == {"value": {"hue": 3}, "reason": "STATIC"}
    assert (second.name, second.flag, second.context["car"]) == ("own: Often #2", "two", {"paint": ""})
    assert once.judge(Decision("m", "medium", "STATIC")) == {}
    assert once.judge(Decision("m", 7, "STATIC")) == {"code": 'str ""'}
    assert second.judge(Decision("e", {}, "DEFAULT")) == {"reason": 'str "DEFAULT"'}


@pytest.mark.parametrize("line", ["Given a tortoise", "Rule: another form"])
def test_what_cannot_be_read_is_said(line: str) -> None:
    with pytest.raises(ValueError, match=r"tortoise|another form"):
        list(map(question, rows("own", f"Feature: f\nScenario: s\n{line}")))
