"""An environment may ask for approvals before a commit goes live there."""

from typing import Any

import pytest

pytestmark = pytest.mark.django_db
BASE = "/api/v1/projects/support-desk"
HERE = f"{BASE}/environments/production"


def refusal(client: Any, commit: str = "main") -> str:
    answer = client.post(f"{HERE}/deployments", {"commit": commit})
    return "" if answer.status_code == 201 else str(answer.json()["code"])


def test_so_many_people_must_agree(project: Any, owner: Any, member: Any, stranger: Any, api: Any) -> None:
    from variorum.repos.services import ensure_repository

    ensure_repository(project)
    maintainer, editor = member("maintainer"), member("editor")
    assert api(maintainer).patch(HERE, {"required_approvals": 2}).status_code == 403
    assert api(owner).patch(HERE, {"required_approvals": 11}).status_code == 400
    assert api(owner).patch(HERE, {"required_approvals": 2}).json()["required_approvals"] == 2
    assert refusal(api(owner)) == "go_live_approvals_missing"
    assert api(editor).post(f"{HERE}/approvals", {"commit": "main"}).status_code == 403
    assert api(stranger).post(f"{HERE}/approvals", {"commit": "main"}).status_code == 404
    for _ in range(2):
        shown = api(maintainer).post(f"{HERE}/approvals", {"commit": "main"}).json()
        assert [each["code"] for each in shown["obstacles"]] == ["go_live_approvals_missing"]
        assert shown["obstacles"][0]["detail"].startswith("1 more maintainer or owner must approve")
    assert api(owner).post(f"{HERE}/approvals", {"commit": "main"}).json()["obstacles"] == []
    assert refusal(api(maintainer)) == ""
    kinds = [each["kind"] for each in api(owner).get(f"{BASE}/events?kind=deployment.approved").json()["items"]]
    assert kinds == ["deployment.approved"] * 2
