"""Differences that people read: what follows, words within messages, any two versions, who wrote what."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.looks import looks_right, settle

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PATH = "prompts/sort.prompt"
SORT = """---
model: local/smollm2-135m
config:
  temperature: 0
input:
  schema:
    message: string
    kind(enum): [low, mid, high]
---
{{role "system"}}
Sort the message of a customer. Answer with one word.
{{role "user"}}
An example that stays.
{{role "model"}}
repair
{{role "user"}}
{{message}} {{kind}}
"""
NEW = (
    SORT.replace("temperature: 0", "temperature: 0.3")
    .replace("[low, mid, high]\n", "[low, high]\n    tone: string\n")
    .replace("Answer with one word.", "Answer with one word, in a {{tone}} voice.")
)
DRAFTS = "/projects/desk/drafts"


@pytest.fixture(scope="module")
def drafts(people) -> dict[str, int]:
    """Numbers of two open drafts on a merged one: `few` changes the prompt and a text, `many` fifty files."""
    files = {PATH: SORT, "prompts/_voice.prompt": "Be kind.\n"}
    many = {f"prompts/many/p{i:02}.prompt": SORT for i in range(50)}
    base = people["editor"].post(DRAFTS, {"title": "Sort messages", "files": {**files, **many}})
    number, head = base["number"], base["head_commit"]
    people["owner"].post(f"{DRAFTS}/{number}/approvals", {"verdict": "approve", "commit": head})
    people["owner"].post(f"{DRAFTS}/{number}/merge", {"expected_head": head})
    few = {PATH: NEW, "prompts/_voice.prompt": "Be very kind.\n"}
    made = {"few": ("Ask for a tone", few), "many": ("Fifty at once", dict.fromkeys(many, NEW))}
    return {
        name: people["editor"].post(DRAFTS, {"title": title, "files": texts})["number"]
        for name, (title, texts) in made.items()
    }


def file_of(page: Page, path: str):
    return page.locator(f"[data-file='{path}']")


def test_a_reviewer_reads_what_follows_and_talks_about_a_message(visit, drafts):
    page = visit(f"/p/desk/drafts/{drafts['few']}", person="maintainer")
    sort = file_of(page, PATH)
    follows = sort.get_by_role("list", name="What follows")
    expect(follows).to_contain_text("New required variable tone: callers that do not send it will fail.")
    expect(follows).to_contain_text("Variable kind no longer takes mid: callers that send it will fail.")
    expect(sort.get_by_role("row", name="Temperature changed")).to_contain_text("0.3")
    system = sort.get_by_role("article", name="message 1, System")
    expect(system.locator("ins")).to_have_text([", in a {{tone}} voice"])
    expect(system.locator("del")).to_have_count(0)
    expect(sort.get_by_role("article")).to_have_count(1)
    sort.get_by_role("button", name="3 unchanged messages (User, Model, User)").click()
    expect(sort.get_by_role("article")).to_have_count(4)

    system.get_by_role("button", name="Comment on message 1").click()
    system.get_by_role("textbox").fill("Whose voice?")
    page.keyboard.press("Control+Enter")
    expect(system.get_by_text("Whose voice?")).to_be_visible()
    looks_right(page)

    sort.get_by_role("group", name=f"Show {PATH}").get_by_role("button", name="Source").click()
    region = sort.get_by_role("region", name=f"Changes in {PATH}")
    expect(region).to_contain_text("Whose voice?")
    expect(region).to_contain_text("temperature: 0.3")
    page.get_by_role("group", name="Show all files").get_by_role("button", name="Source").click()
    expect(file_of(page, "prompts/_voice.prompt").get_by_role("region")).to_contain_text("Be very kind.")
    assert "show=source" in page.url
    looks_right(page)


def test_fifty_files_come_as_one_scrolls_and_keys_walk_through_them(visit, drafts):
    page = visit(f"/p/desk/drafts/{drafts['many']}", person="viewer")
    last = file_of(page, "prompts/many/p49.prompt")
    expect(page.get_by_role("list", name="What follows").first).to_be_visible()
    assert page.get_by_role("list", name="What follows").count() < 15
    expect(last.get_by_role("article")).to_have_count(0)
    page.keyboard.press("j")
    expect(file_of(page, "prompts/many/p00.prompt")).to_be_focused()
    page.keyboard.press("j")
    expect(file_of(page, "prompts/many/p01.prompt")).to_be_focused()
    page.keyboard.press("k")
    expect(file_of(page, "prompts/many/p00.prompt")).to_be_focused()
    page.get_by_text("50 changed files").click()
    page.get_by_role("button", name="prompts/many/p49.prompt", exact=True).click()
    expect(last.get_by_role("article", name="message 1, System")).to_be_visible()
    expect(last).to_be_focused()


def test_any_two_versions_by_their_names(visit, drafts, people):
    page = visit("/p/desk/compare", person="viewer")
    page.get_by_label("To").select_option(label=f"#{drafts['few']} Ask for a tone")
    page.get_by_label("From").select_option(label="The latest version")
    expect(page.get_by_role("list", name="What follows").first).to_be_visible()
    expect(file_of(page, PATH)).to_contain_text("callers that do not send it will fail")
    page.get_by_role("button", name="Swap").click()
    expect(file_of(page, PATH)).to_contain_text("Variable tone removed: callers that still send it will fail.")
    looks_right(page)


def test_who_wrote_a_message_and_how_it_came_to_be(visit, drafts):
    page = visit(f"/p/desk/files/{PATH}?tab=authors&ref=drafts/{drafts['few']}", person="viewer")
    page.get_by_role("button", name="How it came to be: message 1").click()
    steps = page.get_by_role("list", name="History of message 1").get_by_role("listitem")
    expect(steps).to_have_count(2)
    expect(steps.first).to_contain_text("Edda Lind")
    expect(steps.first.locator("ins")).to_have_text(", in a {{tone}} voice")
    looks_right(page)
    page.get_by_role("button", name="By line").click()
    expect(page.get_by_role("region", name=f"Who wrote each line of {PATH}")).to_contain_text("temperature: 0.3")
    looks_right(page)


@pytest.mark.parametrize(("width", "theme"), [(1280, "dark"), (390, "light")])
def test_the_pages_look_right(visit, drafts, width, theme):
    page = visit("/p/desk/commits", person="maintainer", width=width, theme=theme)
    page.get_by_role("link").filter(has_text="Sort messages").first.click()
    settle(page)
    looks_right(page)
    for address in (
        f"/p/desk/drafts/{drafts['few']}",
        f"/p/desk/drafts/{drafts['few']}?show=source",
        f"/p/desk/compare?base=main&head=drafts/{drafts['few']}",
        f"/p/desk/files/{PATH}?tab=authors",
    ):
        page.goto(address)
        settle(page)
        looks_right(page)
