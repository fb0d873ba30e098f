"""Environments are made, changed, ordered and removed by owners; what each asks for holds."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from variorum.deployments import services
from variorum.deployments.models import Deployment
from variorum.drafts.models import Check
from variorum.drafts.services import require_check

BASE = "/api/v1/projects/support-desk"
HERE = f"{BASE}/environments/production"
NEW = {"slug": "canary", "name": "Canary"}


@pytest.fixture
def mine(owner, api):
    return api(owner)


def slugs(client: Any) -> list[str]:
    return [each["slug"] for each in client.get(f"{BASE}/environments").json()["items"]]


def codes(client: Any, commit: str = "main", where: str = HERE) -> list[str]:
    return [each["code"] for each in client.get(f"{where}/preview", {"commit": commit}).json()["obstacles"]]


def test_owners_add_rename_order_and_remove(mine, member, stranger, api, production):
    for other, status in ((api(member("maintainer")), 403), (api(stranger), 404)):
        assert other.post(f"{BASE}/environments", NEW).status_code == status
        assert other.patch(HERE, {"name": "Live"}).status_code == status
        assert other.delete(HERE).status_code == status
        assert other.put(f"{BASE}/environment-order", {"order": []}).status_code == status
    made = mine.post(f"{BASE}/environments", NEW)
    assert (made.status_code, made.json()["guarded"], made.json()["position"]) == (201, False, 3)
    assert mine.post(f"{BASE}/environments", NEW).json()["code"] == "slug_taken"
    assert mine.post(f"{BASE}/environments", {"slug": "A b", "name": "x"}).status_code == 400
    order = ["dev", "canary", "staging", "production"]
    assert mine.put(f"{BASE}/environment-order", {"order": order}, format="json").json() == {"order": order}
    assert mine.put(f"{BASE}/environment-order", {"order": order[:3]}, format="json").status_code == 400
    assert slugs(mine) == order
    changed = mine.patch(f"{BASE}/environments/canary", {"name": "Early", "guarded": True}, format="json").json()
    assert (changed["name"], changed["guarded"], changed["slug"]) == ("Early", True, "canary")
    assert mine.delete(f"{BASE}/environments/canary").status_code == 204
    assert slugs(mine) == ["dev", "staging", "production"]
    told = mine.get(f"{BASE}/events?kind=environment.").json()["items"]
    assert [each["kind"].split(".")[1] for each in told] == ["removed", "updated", "ordered", "added"]
    assert told[1]["data"] == {
        "before": {"name": "Canary", "guarded": False},
        "after": {"name": "Early", "guarded": True},
    }


def test_what_serves_apps_is_removed_by_its_name_only_and_its_numbers_never_come_again(save, actor, mine, dev):
    services.deploy(environment=dev, commit=save("1"), actor=actor)
    refused = mine.delete(f"{BASE}/environments/dev")
    assert (refused.status_code, refused.json()["code"]) == (409, "still_live")
    shown = mine.get(f"{BASE}/environments/dev").json()["takes"]
    assert shown == refused.json()["takes"]
    assert shown == ["what is live now: “Change 1” (#1); apps that ask for it get 404", "1 deployment"]
    assert mine.delete(f"{BASE}/environments/dev?confirm=production").status_code == 409
    assert mine.delete(f"{BASE}/environments/dev?confirm=dev").status_code == 204
    assert mine.delete(f"{BASE}/environments/staging").status_code == 204
    assert mine.delete(HERE).json()["code"] == "last_environment"
    made = mine.post(f"{HERE}/deployments", {"commit": "main"})
    assert (made.status_code, made.json()["number"]) == (201, 2)


def test_checks_of_one_environment_hold_there_only(project, save, actor, mine, member, api, production):
    sha = save("1")
    assert api(member("maintainer")).post(f"{HERE}/checks", {"name": "tone"}).status_code == 403
    made = mine.post(f"{HERE}/checks", {"name": "tone", "path": "prompts"}).json()
    require_check(project=project, actor=actor, name="triage", path="")
    assert mine.get(f"{HERE}").json()["checks"] == [made]
    obstacle = mine.get(f"{HERE}/preview", {"commit": sha}).json()["obstacles"]
    assert [each["detail"] for each in obstacle] == [
        "The required check “tone” has not run on these files. The required check “triage” has not run on these files."
    ]
    mine.patch(HERE, {"guarded": False}, format="json")
    Check.objects.create(project=project, commit=sha, name="tone", state="fail")
    assert mine.post(f"{HERE}/deployments", {"commit": sha}).json()["checks"] == ["The required check “tone” fails."]
    assert codes(mine, sha, f"{BASE}/environments/staging") == []
    Check.objects.filter(project=project).update(state="pass")
    assert codes(mine, sha) == []
    assert mine.delete(f"{HERE}/checks/{made['id']}").status_code == 204
    assert mine.delete(f"{HERE}/checks/{made['id']}").status_code == 404


def test_approvers_are_a_role_and_named_people_and_not_who_deploys(save, owner, mine, member, stranger, api):
    save("1")
    editor, maintainer = member("editor"), member("maintainer")
    rules = {"required_approvals": 1, "approver_role": "owner", "own_approval_counts": False, "approvers": [editor.pk]}
    shown = mine.patch(HERE, rules, format="json").json()
    assert shown["approvers"] == [{"id": editor.pk, "name": editor.name}]
    assert mine.patch(HERE, {"approvers": [stranger.pk]}, format="json").status_code == 400
    refused = api(maintainer).post(f"{HERE}/approvals", {"commit": "main"})
    assert (refused.status_code, refused.json()["code"]) == (403, "not_an_approver")
    assert mine.post(f"{HERE}/approvals", {"commit": "main"}).status_code == 201
    assert codes(mine) == ["go_live_approvals_missing"]
    detail = mine.post(f"{HERE}/deployments", {"commit": "main"}).json()["detail"]
    assert detail == (
        "1 more approval of Editor-Person, any owner needed before this goes live in Production."
        " Who deploys does not count."
    )
    assert codes(api(maintainer)) == []
    assert api(editor).post(f"{HERE}/approvals", {"commit": "main"}).status_code == 201
    assert mine.post(f"{HERE}/deployments", {"commit": "main"}).status_code == 201


def test_what_is_live_before_is_promoted_once_it_was_there_long_enough(save, actor, mine, member, stranger, api):
    viewer, maintainer = api(member("viewer")), api(member("maintainer"))
    promote = f"{HERE}/promotion"
    save("1")
    assert maintainer.post(promote, {}).json()["code"] == "nothing_deployed"
    assert mine.get(f"{BASE}/environments/dev/promotion").json()["code"] == "nothing_before"
    first = maintainer.post(f"{BASE}/environments/staging/deployments", {"commit": "main"}).json()
    save("2")
    mine.patch(HERE, {"soak_hours": 2}, format="json")
    shown = viewer.get(promote).json()
    assert (shown["origin"], shown["deployment"]["number"], shown["commit"]) == ("staging", 1, first["commit"])
    assert [each["code"] for each in shown["obstacles"]] == ["not_soaked"]
    assert codes(viewer, "main") == ["not_soaked"]
    Deployment.objects.filter(number=1).update(created_at=timezone.now() - timedelta(hours=2))
    assert viewer.post(promote, {}).status_code == 403
    assert api(stranger).post(promote, {}).status_code == 404
    assert maintainer.post(promote, {"commit": "0" * 40}).json()["code"] == "stale_deployment"
    assert maintainer.post(promote, {"origin": "moon"}).status_code == 400
    made = maintainer.post(promote, {"commit": first["commit"], "note": "Looks good"}).json()
    assert (made["commit"], made["note"]) == (first["commit"], "Promoted from Staging (#1). Looks good")
    assert maintainer.post(promote, {}).json()["code"] == "already_live"
