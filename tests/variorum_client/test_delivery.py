"""Who gets which commit: rules of an artefact, rules of all, the rollout, what is live."""

import json
from typing import Any

import pytest

from variorum_client.bundle import BundleError, build_bundle, bundle_hash, canonical_bytes, load_bundle, with_rules
from variorum_client.delivery import Choice, Delivery, commits_named, load_delivery
from variorum_client.rules import DEFAULT_HASH

LIVE, NEW, OTHER = "a" * 40, "b" * 40, "c" * 40
FILES = {"prompts/triage.prompt": b"Live {{x}}", "prompts/reply.prompt": b"Dear", "configs/limits.yaml": b"rate: 5\n"}


def bundle(commit: str, files: dict[str, bytes] | None = None) -> dict[str, Any]:
    return build_bundle(project="desk", environment="production", commit=commit, files=files or FILES)


def rule(variants: dict[str, Any], targeting: Any = None, *, default: str | None = None, **metadata: Any) -> Any:
    return {
        "state": "ENABLED",
        "variants": variants,
        "defaultVariant": default,
        "targeting": targeting or {},
        "metadata": {"serves": "commit", "hash": DEFAULT_HASH, **metadata},
    }


def delivery(flags: dict[str, Any], *, previous: Delivery | None = None) -> Delivery:
    others = {
        NEW: bundle(NEW, {**FILES, "prompts/triage.prompt": b"New {{x}}"}),
        OTHER: bundle(OTHER, {"prompts/triage.prompt": b"Other {{x}}", "configs/limits.yaml": b"rate: 9\n"}),
    }
    return load_delivery(canonical_bytes(with_rules(bundle(LIVE), {"flags": flags}, others)), previous=previous)


PRO = {"==": [{"var": "plan"}, "pro"]}


def test_without_rules_everybody_gets_what_is_live() -> None:
    found = load_delivery(canonical_bytes(bundle(LIVE)))
    assert found.choose("prompts", "triage", {"targetingKey": "u"}) == Choice(LIVE, "", "STATIC")
    assert found.etag == f'"{bundle(LIVE)["hash"]}"'


def test_a_rule_of_the_artefact_is_asked_before_those_of_all_and_the_rollout_last() -> None:
    flags = {
        "rollout-1": rule({"candidate": OTHER}, default="candidate", rollout=1),
        "all": rule({"new": NEW}, {"if": [PRO, "new", None]}),
        "mine": rule(
            {"other": OTHER}, {"if": [{"==": [{"var": "user"}, "me"]}, "other", None]}, artefact="prompts/triage"
        ),
    }
    found = delivery(flags)
    me, pro = {"user": "me", "plan": "pro"}, {"plan": "pro"}
    assert found.choose("prompts", "triage", me) == Choice(OTHER, "mine/other", "TARGETING_MATCH")
    assert found.choose("configs", "limits", me) == Choice(NEW, "all/new", "TARGETING_MATCH")
    assert found.choose("prompts", "triage", pro) == Choice(NEW, "all/new", "TARGETING_MATCH")
    assert found.choose("prompts", "triage", {}) == Choice(OTHER, "rollout-1/candidate", "STATIC")
    assert found.bundle(OTHER).prompts["triage"].messages({"x": "1"}) == [{"role": "user", "content": "Other 1"}]
    assert commits_named(found.document) == [NEW, OTHER]


def test_rules_are_asked_by_their_order_whatever_their_place() -> None:
    new, other = rule({"n": NEW}, default="n", order=2), rule({"o": OTHER}, default="o", order=1)
    assert delivery({"a": new, "b": other}).choose("prompts", "triage").variant == "b/o"


def test_a_match_decides_even_for_what_is_live_and_a_default_passes_on() -> None:
    keep = rule({"keep": "live", "rest": "live"}, {"if": [PRO, "keep", None]}, default="rest", order=1)
    found = delivery({"keep": keep, "rollout-7": rule({"candidate": NEW}, default="candidate", rollout=7)})
    assert found.choose("prompts", "triage", {"plan": "pro"}) == Choice(LIVE, "keep/keep", "TARGETING_MATCH")
    assert found.choose("prompts", "triage", {}) == Choice(NEW, "rollout-7/candidate", "STATIC")


def test_the_control_of_a_rollout_is_told_and_those_outside_are_not() -> None:
    flag = rule(
        {"candidate": NEW, "control": "live", "outside": "live"},
        {"if": [PRO, "control", "outside"]},
        default="outside",
        rollout=7,
    )
    found = delivery({"rollout-7": flag})
    assert found.choose("prompts", "triage", {"plan": "pro"}) == Choice(LIVE, "rollout-7/control", "TARGETING_MATCH")
    assert found.choose("prompts", "triage", {}) == Choice(LIVE, "", "STATIC")


@pytest.mark.parametrize(
    "flag",
    [
        rule({"gone": "d" * 40}, default="gone"),  # a commit that did not come along
        rule({"x": 3}, default="x"),
        {**rule({"n": NEW}, {"no_such_operator": []}), "defaultVariant": "n"},
        {"metadata": {"serves": "commit"}},
        {"metadata": {"serves": "commit"}, "variants": {}},
    ],
)
def test_a_rule_that_cannot_be_served_leaves_what_is_live(flag: Any) -> None:
    assert delivery({"odd": flag}).choose("prompts", "triage", {}) == Choice(LIVE, "", "STATIC")


def test_a_commit_without_the_artefact_leaves_what_is_live() -> None:
    found = delivery({"all": rule({"o": OTHER}, default="o")})
    assert found.choose("prompts", "reply") == Choice(LIVE, "", "STATIC")
    assert found.choose("prompts", "triage").commit == OTHER
    assert found.choose("prompts", "no-such") == Choice(LIVE, "", "STATIC")


def test_flags_are_the_rules_that_give_no_commits() -> None:
    flag = {"state": "ENABLED", "variants": {"on": True, "off": False}, "defaultVariant": "on"}
    found = delivery({"banner": flag, "all": rule({"n": NEW}, default="n")})
    assert list(found.flags()) == ["banner"]
    assert found.flag("banner").value is True
    assert found.flag("all").code == found.flag("none").code == "FLAG_NOT_FOUND"


def test_what_did_not_change_is_not_compiled_again() -> None:
    first = delivery({"all": rule({"n": NEW}, default="n")})
    second = delivery({"all": rule({"n": NEW}, default="n")}, previous=first)
    assert second.bundle(NEW).prompts["triage"] is first.bundle(NEW).prompts["triage"]
    assert second.live.prompts["reply"] is first.live.prompts["reply"]
    assert second.rules is first.rules


def test_a_document_with_rules_also_reads_as_the_bundle_that_is_live() -> None:
    body = canonical_bytes(with_rules(bundle(LIVE), {"flags": {"f": rule({"n": NEW})}}, {NEW: bundle(NEW)}))
    assert load_bundle(body).commit == LIVE
    assert json.loads(body)["format"] == 2
    with pytest.raises(BundleError, match="altered"):
        load_delivery(body.replace(b'"rate":5', b'"rate":6'))


@pytest.mark.parametrize(
    "change", [{"commits": []}, {"commits": {NEW: 3}}, {"commits": {NEW: {}}, "prompts": 1}, {"rules": 3}]
)
def test_a_document_of_another_shape_is_refused(change: dict[str, Any]) -> None:
    document = {**with_rules(bundle(LIVE), {"flags": {}}, {}), **change}
    document["hash"] = bundle_hash(canonical_bytes(document))
    with pytest.raises(BundleError):
        load_delivery(canonical_bytes(document))
