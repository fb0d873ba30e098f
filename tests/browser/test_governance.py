"""What may go live, when, in spite of what; a commit that goes live by itself, from place to place; a shadow."""

import re
import uuid
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from playwright.sync_api import expect

from tests.browser.looks import looks_right, settle

pytestmark = [pytest.mark.browser, pytest.mark.slow]
LONG = 90_000  # ms; for what a worker does by its clock
PROMPT = """---
model: {}
input:
  schema:
    question: string
---
{} {{{{question}}}}
"""
FLAG = {
    "dark-mode": {
        "state": "ENABLED",
        "variants": {"on": True, "off": False},
        "defaultVariant": "off",
        "targeting": {"if": [{"==": [{"var": "plan"}, "pro"]}, "on", None]},
    }
}


class Desk:
    """A project of the owner's own, for each test its own: no other test's deployments stand in it."""

    def __init__(self, people, model: str = "local/smollm2-135m") -> None:
        self.owner, self.model = people["owner"], model
        self.slug = f"desk-{uuid.uuid4().hex[:8]}"
        self.base = f"/projects/{self.slug}"
        self.owner.post("/projects", {"name": "Desk", "slug": self.slug})
        self.owner.patch(self.base, {"required_approvals": 0})

    def merge(self, text: str) -> str:
        """Another text of the prompt triage on main; the title of its draft."""
        files = {"prompts/triage.prompt": PROMPT.format(self.model, text)}
        draft = self.owner.post(f"{self.base}/drafts", {"title": text, "files": files})
        address = f"{self.base}/drafts/{draft['number']}/merge"
        self.owner.post(address, {"expected_head": draft["head_commit"]})
        return text

    def deploy(self, environment: str) -> str:
        """Make the newest commit of main live; its id."""
        address = f"{self.base}/environments/{environment}/deployments"
        return self.owner.post(address, {"commit": "main"})["commit"]


def test_a_freeze_holds_a_deploy_back_until_an_owner_goes_ahead_once(visit, people):
    desk = Desk(people)
    desk.merge("Answer kindly")
    page = visit(f"/p/{desk.slug}/settings/environments")
    page.get_by_role("button", name="Add an environment").click()
    dialog = page.get_by_role("dialog", name="Add an environment")
    dialog.get_by_label("Name", exact=True).fill("Shop")
    expect(dialog.get_by_label("Short name")).to_have_value("shop")
    looks_right(page)
    dialog.get_by_role("button", name="Add it").click()
    page.get_by_role("button", name="Require a check in Shop").click()
    dialog = page.get_by_role("dialog", name="Require a check in Shop")
    dialog.get_by_label("Check", exact=True).fill("safety")
    dialog.get_by_role("button", name="Require it").click()
    expect(page.get_by_text("The check safety must have passed.")).to_be_visible()

    page.get_by_role("button", name="Add a freeze").click()
    dialog = page.get_by_role("dialog", name="Add a freeze")
    dialog.get_by_label("Why").fill("Yearly audit")
    dialog.get_by_label("Where").select_option("shop")
    dialog.get_by_label("How often").select_option("once")
    now = datetime.now(tz=UTC)
    dialog.get_by_label("From", exact=True).fill(f"{now - timedelta(days=1):%Y-%m-%dT%H:%M}")
    dialog.get_by_label("To", exact=True).fill(f"{now + timedelta(days=2):%Y-%m-%dT%H:%M}")
    dialog.get_by_label("By the clock of").select_option("UTC")
    looks_right(page)
    dialog.get_by_role("button", name="Add the freeze").click()
    expect(page.get_by_text("holds now, ends")).to_be_visible()

    page.goto(f"/p/{desk.slug}/deployments?deploy=shop")
    dialog = page.get_by_role("dialog", name="Deploy")
    act = dialog.get_by_role("button", name="Deploy to Shop")
    expect(dialog.get_by_text("Shop is frozen until")).to_contain_text("Yearly audit")
    expect(dialog.get_by_text("safety", exact=False).first).to_be_visible()
    expect(act).to_be_disabled()
    dialog.get_by_label("Go ahead once in spite of the freeze and the missing check, because").fill("The till is down")
    looks_right(page)
    dialog.get_by_role("button", name="Go ahead once").click()
    expect(dialog.get_by_text("You may go ahead once with this commit")).to_be_visible()
    act.click()
    expect(dialog).to_have_count(0)
    page.get_by_role("tab", name="History").click()
    told = "In spite of the freeze and a missing check: The till is down"
    expect(page.get_by_role("table", name="Deployments").get_by_text(told)).to_be_visible()

    desk.merge("Answer curtly")  # the next act needs a reason of its own
    page.goto(f"/p/{desk.slug}/deployments?deploy=shop")
    expect(dialog.get_by_text("Shop goes from")).to_contain_text("Answer curtly")
    expect(dialog.get_by_text("Shop is frozen until")).to_be_visible()
    expect(act).to_be_disabled()
    refused = desk.owner.post(f"{desk.base}/environments/shop/deployments", {"commit": "main"}, status=409)
    assert refused["code"] == "frozen"


def test_a_commit_goes_live_at_its_time_and_on_to_the_next_with_its_rules(visit, live, people):
    desk = Desk(people)
    desk.merge("Answer kindly")
    desk.owner.post(f"{desk.base}/environments/dev/rules", {"document": {"flags": FLAG}})
    page = visit(f"/p/{desk.slug}/deployments?deploy=dev")
    dialog = page.get_by_role("dialog", name="Deploy")
    dialog.get_by_label("Not now, but at a time").check()
    tomorrow = datetime.now(tz=UTC) + timedelta(days=1)
    dialog.get_by_label("When", exact=True).fill(f"{tomorrow:%Y-%m-%dT%H:%M}")
    dialog.get_by_label("By the clock of").select_option("UTC")
    looks_right(page)
    act = dialog.get_by_role("button", name="Schedule for Development")
    page.set_viewport_size({"width": 390, "height": 640})
    expect(act).to_be_in_viewport(ratio=1)  # its row stays in sight, the rest scrolls
    page.set_viewport_size({"width": 1280, "height": 860})
    act.click()
    scheduled = page.get_by_role("table", name="Scheduled deploys")
    expect(scheduled).to_contain_text("Answer kindly")
    of_this = "project_id = (select id from accounts_project where slug = %s)"
    moved = f"update deployments_scheduleddeploy set at = now() where {of_this} returning id"
    assert len(live.sql(moved, desk.slug)) == 1  # its time has come
    expect(scheduled).to_have_count(0, timeout=LONG)
    promote = page.get_by_role("button", name="Promote")  # to Staging; nothing is live there to go further
    expect(promote).to_have_count(1, timeout=LONG)

    promote.click()
    dialog = page.get_by_role("dialog", name="Promote to Staging")
    carry = dialog.get_by_label("Carry the rules of Development too")
    expect(carry).not_to_be_checked()
    carry.check()
    change = dialog.get_by_role("listitem").filter(has_text="dark-mode")
    expect(change).to_contain_text("where plan is “pro” get on")
    looks_right(page)
    dialog.get_by_role("button", name="Promote to Staging").click()
    expect(dialog).to_have_count(0)
    expect(promote).to_have_count(2)  # from Staging to Production, too
    page.goto(f"/p/{desk.slug}/deployments/rules/staging")
    settle(page)
    expect(page.get_by_text("dark-mode").first).to_be_visible()


def _log(live, token: str, commit: str, answers: list[tuple[str, str]]) -> None:
    """Requests of the live commit: what was asked, which is also the right answer, and what was answered."""
    logs = [
        {
            "id": str(uuid.uuid4()),
            "started_at": datetime.now(tz=UTC).isoformat(),
            "environment": "production",
            "prompt": "triage",
            "commit": commit,
            "input": {"variables": {"question": asked}},
            "reference": asked,
            "output": answered,
            "latency_ms": 400,
            "cost": 0.0002,
        }
        for asked, answered in answers
    ]
    headers = {"Authorization": f"Bearer {token}"}
    assert httpx.post(f"{live.url}/api/v1/logs", json={"logs": logs}, headers=headers, timeout=60).is_success


def test_a_shadow_compares_a_commit_with_what_was_answered(visit, live, people, fake_openai):
    desk = Desk(people, "fake/small")
    fake_openai.answer = lambda call: "no" if "lost" in call.user else call.user.split()[-1]
    models = [{"id": "small", "input_price": "1", "output_price": "2"}]
    provider = {"slug": "fake", "name": "Fake", "base_url": fake_openai.base_url, "models": models}
    desk.owner.post(f"{desk.base}/providers", provider)
    desk.merge("Answer kindly")
    commit = desk.deploy("production")
    desk.merge("Answer curtly")
    token = desk.owner.post(f"{desk.base}/keys", {"name": "app", "scopes": ["logs"]})["token"]

    page = visit(f"/p/{desk.slug}/deployments?tab=shadows")
    page.get_by_role("button", name="Start a shadow").click()
    dialog = page.get_by_role("dialog", name="Start a shadow")
    expect(dialog.get_by_label("triage")).to_be_checked()  # what the candidate changes
    dialog.get_by_label("Compared by").select_option("exact-match")
    dialog.get_by_label("Share of requests, in percent").fill("100")
    looks_right(page)
    dialog.get_by_role("button", name="Start", exact=True).click()
    expect(page.get_by_role("heading", name="Shadow #1")).to_be_visible()
    wins, ties, losses = [("card", "no")] * 7, [("card", "card")] * 3, [("lost", "lost")] * 2
    _log(live, token, commit, [*wins, *ties, *losses])
    figures = page.get_by_role("img", name=re.compile(r"^Win rate [\d.]+ %, 95 % interval .* to .*, n = 12$"))
    expect(figures).to_be_visible(timeout=LONG)
    for part in (
        "7 wins",
        "3 ties",
        "2 losses",
        "That may be chance",
        "live 400 ms, candidate",
        "live $0.0002, candidate",
    ):
        expect(page.get_by_text(part).first).to_be_visible()
    expect(page.get_by_role("article")).to_have_count(12)
    page.get_by_label("Show").select_option("loss")
    expect(page.get_by_role("article")).to_have_count(2)
    looks_right(page)
    page.get_by_role("button", name="Stop", exact=True).click()
    dialog = page.get_by_role("dialog", name="Stop shadow #1")
    looks_right(page)
    dialog.get_by_role("button", name="Stop it").click()
    expect(page.get_by_role("button", name="Stop", exact=True)).to_have_count(0)
    expect(page.get_by_text("stopped", exact=True).first).to_be_visible()
