"""What an environment serves: frozen bytes without rules, the same with rules and the commits they give."""

import json

from variorum.deployments import services, serving
from variorum.deployments.models import RuleSet
from variorum_client.delivery import load_delivery


def _rules(environment, commit, number=1):
    flag = {
        "state": "ENABLED",
        "variants": {"new": commit, "old": "live"},
        "defaultVariant": "old",
        "targeting": {"if": [{"==": [{"var": "plan"}, "pro"]}, "new", None]},
        "metadata": {"serves": "commit"},
    }
    document = {"flags": {"pro": flag}}
    RuleSet.objects.create(environment=environment, number=number, document=document, actor_name="x")
    return document


def test_without_rules_the_frozen_bytes_are_served(db, save, dev, actor):
    assert serving.ready(dev.project_id, "dev") is None
    assert serving.delivery(dev) is None
    live = services.deploy(environment=dev, commit=save("1"), actor=actor)
    found = serving.ready(dev.project_id, "dev")
    assert (found.etag.decode(), found.body) == (f'"{live.bundle.hash}"', bytes(live.bundle.body))
    assert serving.ready(dev.project_id, "dev", found) is found
    assert serving.delivery(dev) is serving.delivery(dev)


def test_with_rules_the_commits_that_they_give_come_along(db, save, dev, actor):
    services.deploy(environment=dev, commit=save("1"), actor=actor)
    new = save("2")
    services.freeze(environment=dev, commit=new)
    plain = serving.ready(dev.project_id, "dev")
    document = _rules(dev, new)
    found = serving.ready(dev.project_id, "dev", plain)
    assert found.etag != plain.etag
    assert serving.ready(dev.project_id, "dev", found) is found
    delivery = load_delivery(found.body)
    assert delivery.document == document == serving.rules_in_force(dev)
    assert delivery.choose("prompts", "triage", {"plan": "pro"}).commit == new
    assert delivery.etag == found.etag.decode()
    assert serving.delivery(dev).choose("prompts", "triage", {}).commit == json.loads(found.body)["commit"]
    RuleSet.objects.create(environment=dev, number=2, document={"flags": {}}, actor_name="x")
    assert serving.ready(dev.project_id, "dev") == plain
