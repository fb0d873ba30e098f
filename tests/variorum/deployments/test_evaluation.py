"""What the server works out for thin clients: per artefact, bounded, one fault spoiling no other."""

import json

import pytest

from variorum.deployments import evaluation, rule_services, services, serving
from variorum.lib.errors import Invalid

FILES = {
    "prompts/triage.prompt": b"---\nmodel: openai/gpt-4o\ninput: {schema: {message: string}}\n---\nSort {{message}}.\n",
    "prompts/bare.prompt": b"Say hello.\n",
    "configs/limits.yaml": b"max_replies: 3\nhuge: 123456789012345678901234567890\n",
}
DOOR = "/api/v1/runtime/dev/evaluate"


@pytest.fixture
def live(db, save, dev, actor):
    """Live: two prompts and a config; pro's get another triage."""
    made = services.deploy(environment=dev, commit=save(files=FILES), actor=actor)
    new = save(files={"prompts/triage.prompt": FILES["prompts/triage.prompt"].replace(b"Sort", b"File")})
    pro = {
        "state": "ENABLED",
        "variants": {"new": new, "old": "live"},
        "defaultVariant": "old",
        "targeting": {"if": [{"==": [{"var": "plan"}, "pro"]}, "new", None]},
        "metadata": {"serves": "commit", "artefact": "prompts/triage"},
    }
    beta = {"state": "ENABLED", "variants": {"on": True, "off": False}, "defaultVariant": "off"}
    rule_services.save(environment=dev, document={"flags": {"pro": pro, "beta": beta}}, actor=actor)
    return made, new


def test_everything_that_a_caller_gets(live, dev, api, make_key):
    made, new = live
    answer = api(key=make_key("runtime")).post(DOOR, {"context": {"plan": "pro"}}, format="json")
    found = answer.json()
    assert (found["commit"], found["etag"]) == (made.commit, serving.delivery(dev).etag)
    assert list(found["prompts"]) == ["bare", "triage"]
    triage = found["prompts"]["triage"]
    assert [triage[name] for name in ("commit", "variant", "reason")] == [new, "pro/new", "TARGETING_MATCH"]
    assert (triage["model"], triage["input_schema"]["required"]) == ("openai/gpt-4o", ["message"])
    assert triage["source"].endswith("File {{message}}.\n")
    limits = {"commit": made.commit, "variant": "", "reason": "STATIC"}
    value = {"max_replies": 3, "huge": 123456789012345678901234567890}
    assert found["configs"] == {"limits": {**limits, "value": value}}
    assert found["flags"] == {"beta": {"value": False, "variant": "off", "reason": "STATIC"}}


def test_one_fault_spoils_no_other(live, api, make_key):
    body = {
        "context": {},
        "variables": {"message": "Where is it?"},
        "prompts": ["triage", "bare", "nothing"],
        "flags": ["beta", "gone"],
    }
    found = api(key=make_key("runtime")).post(DOOR, body, format="json").json()
    assert found["prompts"]["triage"]["messages"] == [{"role": "user", "content": "Sort Where is it?."}]
    assert found["prompts"]["nothing"]["error"]["code"] == "not_found"
    assert found["flags"]["beta"]["variant"] == "off"
    assert found["flags"]["gone"]["error"]["code"] == "flag_not_found"
    assert found["configs"] == {}
    del body["variables"]["message"]
    found = api(key=make_key("runtime")).post(DOOR, {**body, "variables": {}}, format="json").json()
    assert found["prompts"]["triage"]["error"]["code"] == "missing_variable"
    assert found["prompts"]["bare"]["messages"] == [{"role": "user", "content": "Say hello.\n"}]


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({"variables": {}}, "prompts"),
        ({"variables": {}, "prompts": [str(n) for n in range(21)]}, "prompts"),
        ({"variables": []}, "variables"),
        ({"prompts": "some"}, "prompts"),
        ({"configs": [5]}, "configs"),
        ({"flags": ["x"] * 1001}, "flags"),
        ({"surprise": 1}, "surprise"),
        ({"context": {"x": "y" * 20_000}}, "context"),
    ],
)
def test_what_cannot_be_asked_is_named(body, where):
    with pytest.raises(Invalid) as caught:
        evaluation.read(json.dumps(body).encode())
    assert [error["where"] for error in caught.value.errors] == [where]
