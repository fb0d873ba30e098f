"""Review in two browsers: a suggestion is taken up, a call arrives live, an owner is named, an approval goes stale."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.looks import looks_right, press, settle

pytestmark = [pytest.mark.browser, pytest.mark.slow]

REPLY = "---\nmodel: local/smollm2-135m\n---\nBe kind.\nBe short.\nAnswer in one line.\n"
OWNERS = "/prompts/ @maintainers\n"
DRAFTS = "/projects/desk/drafts"


def approve_and_merge(people, draft):
    number, head = draft["number"], draft["head_commit"]
    people["owner"].post(f"{DRAFTS}/{number}/approvals", {"verdict": "approve", "commit": head})
    people["owner"].post(f"{DRAFTS}/{number}/merge", {"expected_head": head})


@pytest.fixture(scope="module")
def draft(people):
    """The editor's open draft on a prompt that maintainers own."""
    files = {"prompts/reply.prompt": REPLY, "OWNERS": OWNERS}
    approve_and_merge(people, people["editor"].post(DRAFTS, {"title": "Add reply", "files": files}))
    changed = {"prompts/reply.prompt": REPLY.replace("Be kind.", "Be very kind.")}
    return people["editor"].post(DRAFTS, {"title": "Kinder replies", "files": changed})


def test_two_people_review_a_draft(visit, draft):
    address = f"/p/desk/drafts/{draft['number']}"
    edda = visit(f"{address}?tab=conversation", person="editor")
    max_ = visit(f"{address}?show=source", person="maintainer")
    expect(max_.get_by_text("(OWNERS, line 1) needed, from")).to_be_visible()

    max_.get_by_role("button", name="Comment on new line 4").first.click()
    max_.get_by_label("Comment on line 4").fill("@ed")
    expect(max_.get_by_role("listbox", name="People")).to_be_visible()
    max_.keyboard.press("Enter")
    max_.keyboard.type("**shorter**? <b>no</b>")
    max_.get_by_role("button", name="Preview").click()
    shown = max_.get_by_role("region", name="Preview")
    expect(shown.locator("strong")).to_have_text([re.compile("^@"), "shorter"])
    expect(shown).to_contain_text("<b>no</b>")
    looks_right(max_)
    max_.get_by_role("button", name="Go on writing").click()
    max_.get_by_role("button", name="Suggest another text").click()
    max_.get_by_label("Another text for these lines").fill("Be kind and clear.")
    max_.get_by_role("button", name="Suggest", exact=True).click()

    take_up = edda.get_by_role("button", name="Take up")
    expect(take_up).to_be_visible()  # live, in the other browser
    expect(edda.get_by_role("article").locator("strong", has_text=re.compile("^shorter$"))).to_be_visible()
    expect(edda.get_by_role("button", name="Inbox, 3 unread")).to_be_visible()  # approved, merged, called
    looks_right(edda)
    take_up.click()
    expect(edda.get_by_text("taken up by")).to_be_visible()

    max_.goto(address)
    settle(max_)
    press(max_, "a", "Approve")
    max_.get_by_role("dialog").get_by_role("button", name="Approve").click()
    expect(max_.get_by_role("button", name="Merge", exact=True)).to_be_enabled()
    head = edda.request.get(f"/api/v1{DRAFTS}/{draft['number']}").json()["head_commit"]
    token = next(cookie["value"] for cookie in edda.context.cookies() if cookie["name"] == "csrftoken")
    edda.request.post(
        f"/api/v1{DRAFTS}/{draft['number']}/files",
        data={"files": {"README.md": "more"}, "expected_head": head},
        headers={"X-CSRFToken": token},
    )
    expect(max_.get_by_text("approved an earlier version and has to look again")).to_be_visible()
    expect(max_.get_by_role("button", name="Merge", exact=True)).to_be_disabled()


@pytest.mark.parametrize(("width", "theme"), [(1280, "light"), (390, "dark")])
def test_the_pages_look_right(visit, draft, width, theme):
    page = visit("/p/desk", person="maintainer", width=width, theme=theme)
    waiting = page.request.get("/api/v1/projects/desk/reviews").json()["waiting"]
    card = page.get_by_role("heading", name=f"Waits for you ({len(waiting)})").locator("xpath=ancestor::section[1]")
    titles = [each["draft"]["title"] for each in waiting]
    expect(card.get_by_role("listitem").get_by_role("link")).to_have_text(titles)
    page.goto("/p/desk/reviews")
    settle(page)
    expect(page.get_by_role("heading", name=f"Waits for my review ({len(waiting)})")).to_be_visible()
    expect(page.locator("[data-row^=w] a")).to_have_text(titles)
    looks_right(page)
    for address in (
        "/p/desk/settings/approvals?path=prompts%2Freply.prompt",
        f"/p/desk/drafts/{draft['number']}?tab=conversation",
        "/inbox",
        "/unsubscribe?token=x",
    ):
        page.goto(address)
        settle(page)
        looks_right(page)
