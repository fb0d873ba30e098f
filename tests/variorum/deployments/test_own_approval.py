"""Nobody's own word brings their commit to production, by no road; a bound key ends nothing elsewhere."""

from datetime import timedelta

import pytest
from django.utils import timezone

from variorum.deployments import schedules, services

BASE = "/api/v1/projects/support-desk"
HERE = f"{BASE}/environments/production"


@pytest.fixture
def second(db, save, owner, api, production, actor):
    """A commit that waits for one approval of somebody else."""
    services.deploy(environment=production, commit=save("1"), actor=actor)
    rules = {"required_approvals": 1, "approver_role": "maintainer", "own_approval_counts": False}
    assert api(owner).patch(HERE, rules, format="json").status_code == 200
    return save("2")


def test_who_starts_a_rollout_or_saves_rules_does_not_count(second, api, member, owner):
    maintainer = api(member("maintainer"))
    assert maintainer.post(f"{HERE}/approvals", {"commit": second}).status_code == 201
    rollout = {"commit": second, "plan": [{"percent": 100, "hold": {"seconds": 0}}]}
    refused = maintainer.post(f"{HERE}/rollouts", rollout, format="json")
    assert (refused.status_code, refused.json()["code"]) == (409, "go_live_approvals_missing")
    flag = {"state": "ENABLED", "variants": {"new": second}, "defaultVariant": "new", "metadata": {"serves": "commit"}}
    rules = {"document": {"flags": {"all": flag}}}
    for address in (f"{HERE}/rules", f"{HERE}/rules/check"):
        assert "go_live_approvals_missing" in maintainer.post(address, rules, format="json").content.decode()
    assert maintainer.post(f"{HERE}/rules", rules, format="json").status_code == 422
    assert api(owner).post(f"{HERE}/approvals", {"commit": second}).status_code == 201
    assert maintainer.post(f"{HERE}/rules", rules, format="json").status_code == 201
    assert maintainer.post(f"{HERE}/rollouts", rollout, format="json").status_code == 201


def test_a_bound_key_cancels_nothing_elsewhere(db, save, production, actor, make_key, client):
    at = timezone.now() + timedelta(hours=1)
    made = schedules.add(environment=production, commit=save("1"), at=at, zone="UTC", actor=actor)
    given = {"HTTP_AUTHORIZATION": f"Bearer {make_key('admin', environments=['dev'])}"}
    refused = client.delete(f"{BASE}/scheduled-deploys/{made.pk}", **given)
    assert (refused.status_code, refused.json()["code"]) == (403, "wrong_environment")
