"""The whole way in a browser: draft, review, merge, deploy, and the dashboard moves."""

import re

import httpx
import pytest
from playwright.sync_api import expect

from tests.browser.looks import looks_right, press, settle
from variorum.lib.ids import uuid7

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PROMPT = """---
model: local/smollm2-135m
input:
  schema:
    message: string, what the customer wrote
---
Sort this message. {{message}}
"""


@pytest.fixture(scope="module")
def prompt(people):
    """prompts/triage.prompt on main."""
    drafts = "/projects/desk/drafts"
    draft = people["editor"].post(drafts, {"title": "Add triage", "files": {"prompts/triage.prompt": PROMPT}})
    head = {"expected_head": draft["head_commit"]}
    people["owner"].post(
        f"{drafts}/{draft['number']}/approvals", {"verdict": "approve", "commit": draft["head_commit"]}
    )
    people["owner"].post(f"{drafts}/{draft['number']}/merge", head)


def _send(live, key, commit, count):
    logs = [
        {
            "id": str(uuid7()), "environment": "production", "prompt": "triage", "commit": commit, "latency_ms": 40,
            "input": {"variables": {"message": f"hello {n}"}}, "output": "other", "cost": 0.01,
        }
        for n in range(count)
    ]  # fmt: skip
    answer = httpx.post(f"{live.url}/api/v1/logs", json={"logs": logs}, headers={"Authorization": f"Bearer {key}"})
    assert answer.json() == {"accepted": count, "duplicates": 0}


def test_from_a_draft_to_a_dashboard_that_moves(visit, live, people, prompt):
    edda = visit("/p/desk/files/prompts/triage.prompt", person="editor")
    press(edda, "e", "Suggest a change")
    edda.get_by_label("What does it change?").fill("Ask for one word")
    box = edda.get_by_role("textbox", name="Text of prompts/triage.prompt")
    box.click()
    edda.keyboard.press("Control+End")
    edda.keyboard.type("One word.")
    edda.get_by_role("button", name="Suggest this change").click()
    expect(edda.get_by_role("heading", name="Ask for one word")).to_be_visible()
    path = re.sub(r"^https?://[^/]+", "", edda.url)

    max_ = visit(path, person="maintainer")
    press(max_, "a", "Approve")
    max_.get_by_role("dialog").get_by_role("button", name="Approve").click()
    max_.get_by_role("button", name="Merge", exact=True).click()
    max_.get_by_role("dialog").get_by_role("button", name="Merge").click()
    expect(max_.get_by_text("Merged by Max Roth")).to_be_visible()
    commit = people["owner"].get("/projects/desk/drafts?state=merged")["items"][0]["merged_commit"]

    max_.goto(f"/p/desk/deployments?deploy=production&commit={commit}")
    settle(max_)
    dialog = max_.get_by_role("dialog", name="Deploy")
    dialog.get_by_role("button", name=re.compile("^Deploy")).click()
    expect(dialog).to_have_count(0)
    live.wait(
        lambda: people["owner"].get("/projects/desk/live")["items"] and _live(people, commit), 60, "the deployment"
    )

    key = people["owner"].post("/projects/desk/keys", {"name": "app", "scopes": ["logs"]})["token"]
    _send(live, key, commit, 7)
    max_.goto("/p/desk/quality?range=24h")
    settle(max_)
    figures = max_.get_by_role("table", name="Figures of the whole range")
    expect(figures).to_contain_text("7")
    _send(live, key, commit, 5)
    max_.reload()
    settle(max_)
    expect(max_.get_by_role("table", name="Figures of the whole range")).to_contain_text("12")
    looks_right(max_)
    max_.goto("/p/desk/logs")
    settle(max_)
    expect(max_.get_by_role("table", name="Logs")).to_contain_text("hello 6")
    looks_right(max_)


def _live(people, commit):
    found = people["owner"].get("/projects/desk/live")["items"]
    return any(commit in str(item) and item["environment"] == "production" for item in found)
