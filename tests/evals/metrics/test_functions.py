"""What each code metric says."""

import time

import pytest

from evals.metrics import functions
from evals.metrics.verdicts import Case
from variorum.lib.errors import Invalid


def say(name, output, expected=None, **config):
    full = functions.complete_config(name, config)
    verdict = functions.find(name).score(Case(output, expected), full)
    assert (verdict.value is None) == bool(verdict.problem)
    return verdict.value


@pytest.mark.parametrize(("output", "expected", "config", "value"), [
    ("card_arrival", "card_arrival", {}, 1), (" Card_Arrival\n", "card_arrival", {}, 1), ("a  b", "a b", {}, 1),
    ("card arrival", "card_arrival", {}, 0), ("Yes.", "yes", {}, 0), ("Yes.", "yes", {"ignore_punctuation": True}, 1),
    ("A", "a", {"ignore_case": False}, 0), ("a ", "a", {"ignore_space": False}, 0), ("", "", {}, 1),
    ("a\nbecause", "a", {"first_line": True}, 1), ("\n\n a\nb", "a", {"first_line": True}, 1),
    ("Straße", "STRASSE", {}, 1), ("e\u0301", "\u00e9", {}, 1), ("a", None, {}, None),
])  # fmt: skip
def test_exact_match(output, expected, config, value):
    assert say("exact_match", output, expected, **config) == value


@pytest.mark.parametrize(("output", "expected", "config", "value"), [
    ("Your CARD is here", "card", {}, 1), ("nothing", "card", {}, 0), ("please hold", None, {"text": "Hold"}, 1),
    ("x", None, {}, None), ("x", "", {}, None), ("a-b", "a b", {"ignore_punctuation": True}, 1),
])  # fmt: skip
def test_contains(output, expected, config, value):
    assert say("contains", output, expected, **config) == value


@pytest.mark.parametrize(("output", "config", "value"), [
    ("ref #123", {"pattern": r"#\d+"}, 1), ("ref", {"pattern": r"#\d+"}, 0),
    ("REF", {"pattern": "ref", "ignore_case": True}, 1),
    ("a1", {"pattern": r"\w", "whole": True}, 0), ("ok", {"pattern": "sorry", "negate": True}, 1),
    ("so sorry", {"pattern": "sorry", "negate": True}, 0),
])  # fmt: skip
def test_regex(output, config, value):
    assert say("regex", output, **config) == value


def test_a_pattern_that_never_ends_fails_in_time():
    started = time.monotonic()
    assert say("regex", "a" * 60 + "!", pattern=r"^(a+a+)+(b|c)\1$") is not None or time.monotonic() - started < 3
    assert time.monotonic() - started < 3


@pytest.mark.parametrize(("output", "config", "value"), [
    ('{"a": 1}', {}, 1), ("[1, 2", {}, 0), ("NaN", {}, 0), ("", {}, 0), ('```json\n{"a": 1}\n```', {}, 1),
    ('```json\n{"a": 1}\n```', {"allow_fence": False}, 0), ("[" * 100_000, {}, 0),
    ('{"a": 1}', {"schema": {"required": ["b"]}}, 0), ('{"a": 1}', {"schema": {"required": ["a"]}}, 1), ('"x"', {}, 1),
])  # fmt: skip
def test_json_valid(output, config, value):
    assert say("json_valid", output, **config) == value


@pytest.mark.parametrize(("output", "labels", "config", "value"), [
    ("Card", ("card", "cash"), {}, 1), ("cards", ("card",), {}, 0), ("x", (), {}, None),
    ("x", ("card",), {"labels": ["x"]}, 1),
])  # fmt: skip
def test_label_valid(output, labels, config, value):
    verdict = functions.find("label_valid").score(
        Case(output, None, {}, labels), functions.complete_config("label_valid", config)
    )
    assert verdict.value == value


@pytest.mark.parametrize(("output", "expected", "value"), [
    ("the cat sat", "cat sat", 1), ("a dog", "cat", 0), ("cat cat", "cat", 2 / 3), ("", "", 1), ("", "cat", 0),
    ("cat", None, None),
])  # fmt: skip
def test_token_f1(output, expected, value):
    assert say("token_f1", output, expected) == pytest.approx(value)


@pytest.mark.parametrize(("output", "config", "value"), [
    ("abc", {"at_most": 3}, 1), ("abcd", {"at_most": 3}, 0), ("", {}, 0),
    ("one two", {"unit": "words", "at_least": 2}, 1),
])  # fmt: skip
def test_length_range(output, config, value):
    assert say("length_range", output, **config) == value


@pytest.mark.parametrize(("name", "config", "where"), [
    ("nope", {}, "function"), ("exact_match", {"ignore": 1}, "config"),
    ("exact_match", {"ignore_case": "yes"}, "config.ignore_case"),
    ("regex", {}, "config"), ("regex", {"pattern": "("}, "config"),
    ("length_range", {"at_least": 9, "at_most": 3}, "config"),
    ("json_valid", {"schema": {"type": "nope"}}, "config"), ("label_valid", {"labels": [""]}, "config.labels.0"),
])  # fmt: skip
def test_bad_configs_are_named(name, config, where):
    with pytest.raises(Invalid) as caught:
        functions.complete_config(name, config)
    assert caught.value.errors[0]["where"] == where
