"""Two people take a prompt from a suggestion to main: both see each other's work, nothing is overwritten."""

import json
import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.looks import looks_right, press, settle

pytestmark = [pytest.mark.browser, pytest.mark.slow]

TRIAGE = """---
model: local/smollm2-135m
config:
  temperature: 0
input:
  schema:
    message: string, what the customer wrote
---
Sort this message. Answer with one word.

{{message}}
"""
PAGES = ["/p/desk/files", "/p/desk/files/prompts/triage.prompt", "/p/desk/drafts?state=all", "/p/desk/commits"]


@pytest.fixture(scope="module")
def merged(people) -> int:
    """The number of a merged draft that brought prompts/triage.prompt."""
    drafts = "/projects/desk/drafts"
    draft = people["editor"].post(drafts, {"title": "Add triage", "files": {"prompts/triage.prompt": TRIAGE}})
    number, head = draft["number"], draft["head_commit"]
    people["owner"].post(f"{drafts}/{number}/approvals", {"verdict": "approve", "commit": head})
    people["owner"].post(f"{drafts}/{number}/merge", {"expected_head": head})
    return int(number)


def editor_of(page: Page, path: str = "prompts/triage.prompt"):
    return page.get_by_role("textbox", name=f"Text of {path}")


def add_line(page: Page, text: str) -> None:
    box = editor_of(page)
    box.click()
    page.keyboard.press("Control+End")
    page.keyboard.type(text)


def test_a_suggestion_is_discussed_changed_by_two_approved_and_merged(visit, merged):
    edda = visit("/p/desk/files/prompts/triage.prompt", person="editor", refused=frozenset({409}))
    press(edda, "e", "Suggest a change")
    edda.get_by_label("What does it change?").fill("Name the labels")
    add_line(edda, "\n{{mesage}}")
    expect(edda.get_by_role("list", name="What is wrong")).to_contain_text("'mesage' is not in the input schema")
    for _ in "{{mesage}}":
        edda.keyboard.press("Backspace")
    edda.keyboard.type("Labels: refund, repair.")
    expect(edda.get_by_role("list", name="Messages")).to_contain_text("Labels: refund, repair.")
    temperature = edda.get_by_role("group", name="Settings").get_by_label("Temperature")
    temperature.fill("0.3")
    temperature.press("Enter")
    expect(editor_of(edda)).to_contain_text("temperature: 0.3")
    edda.get_by_role("button", name="Suggest this change").click()
    expect(edda.get_by_role("heading", name="Name the labels")).to_be_visible()
    address = edda.url

    max_ = visit(re.sub(r"^https?://[^/]+", "", address), person="maintainer")
    max_.get_by_role("group", name="Show the change").get_by_role("button", name="Source").click()
    max_.get_by_role("button", name="Comment on new line 4").click()
    max_.get_by_label("Comment on line 4").fill("Why warmer?")
    max_.keyboard.press("Control+Enter")
    expect(edda.get_by_text("Why warmer?")).to_be_visible()  # live, in the other browser

    for page, text in ((max_, "\nBe quick."), (edda, "\nBe kind.")):
        page.goto(f"{address}?tab=edit")
        settle(page)
        add_line(page, text)
    for page in (max_, edda):
        expect(editor_of(page)).to_contain_text("Be quick.")
        expect(editor_of(page)).to_contain_text("Be kind.")
    max_.keyboard.press("Control+s")
    for page in (max_, edda):
        expect(page.get_by_role("button", name="Nothing to save")).to_be_visible()

    olga = visit(re.sub(r"^https?://[^/]+", "", address), person="owner")  # Max wrote in it and cannot approve it
    expect(olga.get_by_role("button", name="Merge", exact=True)).to_be_disabled()
    press(olga, "a", "Approve")
    olga.get_by_role("dialog").get_by_role("button", name="Approve").click()
    olga.get_by_role("button", name="Merge", exact=True).click()
    looks_right(olga)
    olga.get_by_role("dialog").get_by_role("button", name="Merge").click()
    expect(olga.get_by_text("Merged by Olga Peters")).to_be_visible()
    edda.goto(address)
    expect(edda.get_by_text("Merged by Olga Peters")).to_be_visible()
    edda.goto("/p/desk/files/prompts/triage.prompt")
    expect(edda.get_by_role("region", name="Source of prompts/triage.prompt")).to_contain_text("Be quick.")


@pytest.mark.parametrize(("width", "theme"), [(1280, "light"), (390, "dark")])
def test_the_pages_look_right(visit, merged, width, theme):
    tabs = [f"/p/desk/drafts/{merged}{tab}" for tab in ("", "?tab=conversation", "?tab=versions")]
    suggest = "/p/desk/suggest?path=prompts%2Ftriage.prompt"
    page = visit(PAGES[0], person="maintainer", width=width, theme=theme)
    for address in [*PAGES, *tabs, suggest, "/p/desk/compare?path=prompts%2Ftriage.prompt"]:
        page.goto(address)
        settle(page)
        looks_right(page)


def test_a_viewer_reads_and_is_offered_nothing_else(visit, merged):
    page = visit("/p/desk/files/prompts/triage.prompt", person="viewer")
    expect(page.get_by_role("link", name="Suggest a change")).to_be_hidden()
    page.goto(f"/p/desk/drafts/{merged}")
    settle(page)
    for name in ("Approve", "Edit title and reason"):
        expect(page.get_by_role("button", name=name)).to_be_hidden()
    expect(page.get_by_role("tab", name="Edit")).to_be_hidden()


EXPORT = {"name": "greeting", "version": 1, "type": "text", "prompt": "Greet {{name}}.", "tags": ["desk"], "config": {}}


def test_prompts_of_another_system_are_looked_at_and_come_as_a_draft(visit, merged):
    page = visit("/p/desk/import", person="editor", refused=frozenset({422}))
    give(page, "{")
    expect(page.get_by_text("prompts.json is not JSON")).to_be_visible()
    looks_right(page)
    give(page, json.dumps([EXPORT, {**EXPORT, "version": 2, "prompt": "Greet {{name}} kindly."}]))
    expect(page.get_by_role("table", name="Prompts")).to_contain_text("prompts/greeting.prompt")
    expect(page.get_by_text("prompts have no tags here")).to_be_visible()
    looks_right(page)
    page.get_by_role("textbox", name="Folder").fill("guests")
    expect(page.get_by_role("table", name="Prompts")).to_contain_text("prompts/guests/greeting.prompt")
    page.get_by_role("button", name="Open a draft with them").click()
    expect(page.get_by_role("heading", name="Import prompts from Langfuse")).to_be_visible()
    settle(page)
    looks_right(page)


def give(page: Page, text: str) -> None:
    file = {"name": "prompts.json", "mimeType": "application/json", "buffer": text.encode()}
    page.locator("input[type=file]").first.set_input_files(file)
