"""A rollout in the browser: started in plain words, taken a step on, stopped by its guard, and seen so."""

import uuid
from datetime import UTC, datetime

import httpx
import pytest
from playwright.sync_api import expect

from tests.browser.looks import looks_right

PROMPT = "---\nmodel: local/smollm2-135m\n---\n{}\n"


def _merge(people, text: str) -> None:
    drafts = "/projects/desk/drafts"
    files = {"prompts/triage.prompt": PROMPT.format(text)}
    draft = people["editor"].post(drafts, {"title": text, "files": files})
    head = draft["head_commit"]
    people["owner"].post(f"{drafts}/{draft['number']}/approvals", {"verdict": "approve", "commit": head})
    people["owner"].post(f"{drafts}/{draft['number']}/merge", {"expected_head": head})


@pytest.fixture
def key(people):
    """Production serves a first commit, main has a second one; gives the token of a key that may log."""
    _merge(people, "Answer kindly")
    people["owner"].post("/projects/desk/environments/production/deployments", {"commit": "main"})
    _merge(people, "Answer curtly")
    return people["owner"].post("/projects/desk/keys", {"name": "app", "scopes": ["logs"]})["token"]


def _log(live, key: str, arm: str, count: int, *, failed: int = 0) -> None:
    logs = [
        {
            "id": str(uuid.uuid4()),
            "started_at": datetime.now(tz=UTC).isoformat(),
            "environment": "production",
            "variant": f"rollout-1/{arm}",
            **({"error": "Timeout"} if number < failed else {}),
        }
        for number in range(count)
    ]
    headers = {"Authorization": f"Bearer {key}"}
    assert httpx.post(f"{live.url}/api/v1/logs", json={"logs": logs}, headers=headers, timeout=60).is_success


def test_a_rollout_is_started_advanced_and_rolled_back_by_its_guard(visit, live, key):
    page = visit("/p/desk/deployments")
    page.get_by_role("button", name="Roll out gradually").click()
    dialog = page.get_by_role("dialog", name="Roll out gradually")
    dialog.get_by_label("Environment").select_option("production")
    dialog.get_by_label("Plan", exact=True).select_option("person")
    expect(dialog.get_by_label("Percent of step 1")).to_have_value("5")
    harm = dialog.get_by_label("Harm that guard 1 looks for, in points")
    harm.fill("")
    dialog.get_by_role("button", name="Start in Production").click()
    expect(dialog.get_by_text("Say how much worse, as 5. The least is 0.1.")).to_be_visible()
    looks_right(page)
    harm.fill("5")
    expect(dialog.get_by_label("Prompt that guard 1 watches").get_by_role("option", name="triage")).to_be_attached()
    expect(dialog.get_by_text("It rolls back by itself when it is sure that the error rate is higher.")).to_be_visible()
    dialog.get_by_role("button", name="Start in Production").click()
    expect(page.get_by_role("heading", name="Rollout #1 in Production")).to_be_visible()
    page.get_by_role("button", name="Approve and go on").click()
    steps = page.get_by_role("list", name="Steps of the rollout").get_by_role("listitem")
    expect(steps.nth(1)).to_have_attribute("aria-current", "step")
    _log(live, key, "control", 300, failed=3)
    _log(live, key, "candidate", 100, failed=40)
    expect(page.get_by_text("rolled back", exact=True).first).to_be_visible(timeout=60_000)
    expect(page.get_by_text("100 requests had got the candidate")).to_be_visible()
    expect(page.get_by_role("button", name="Roll back")).to_have_count(0)
    looks_right(page)
    phone = visit("/p/desk/rollouts/1", width=390, theme="dark", person="viewer")
    looks_right(phone)
    expect(phone.get_by_text("stopped here")).to_be_visible()
