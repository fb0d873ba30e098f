"""Two people, two browsers, one draft that clashes with main: solved in the page, approved, merged."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.looks import looks_right, press, settle

pytestmark = [pytest.mark.browser, pytest.mark.slow]
DRAFTS = "/projects/desk/drafts"
SORT = """---
model: local/smollm2-135m
config:
  temperature: 0
  top_p: 1
input:
  schema:
    message: string, what the customer wrote
---
{{role "system"}}
Sort this message. Be kind. Be short.

{{role "user"}}
{{message}}
"""


def land(people, path: str, text: str | None, title: str) -> int:
    """The maintainer's draft, approved by the owner and merged; its number."""
    draft = people["maintainer"].post(DRAFTS, {"title": title, "files": {path: text}})
    number, head = draft["number"], draft["head_commit"]
    people["owner"].post(f"{DRAFTS}/{number}/approvals", {"verdict": "approve", "commit": head})
    people["owner"].post(f"{DRAFTS}/{number}/merge", {"expected_head": head})
    return int(number)


def suggested(people, path: str, text: str, title: str) -> int:
    return int(people["editor"].post(DRAFTS, {"title": title, "files": {path: text}})["number"])


def clash(people, path: str) -> int:
    """Edda's draft, after main changed the same sentence, the same setting and something else."""
    land(people, path, SORT, f"Add {path}")
    number = suggested(people, path, SORT.replace("Be kind.", "Be very kind.").replace("0\n", "0.4\n", 1), "Kinder")
    main = SORT.replace("Be kind.", "Be funny.").replace("0\n", "0.9\n", 1).replace("Be short.", "Be brief.")
    land(people, path, main, "Funnier")
    return number


def place(page: Page, path: str, words: str):
    return page.get_by_role("group", name=f"{path}: {words}")


def test_two_people_solve_approve_and_merge(visit, people):
    path = "prompts/sort.prompt"
    number = clash(people, path)
    edda = visit(f"/p/desk/drafts/{number}", person="editor")
    max_ = visit(f"/p/desk/drafts/{number}", person="maintainer")
    for page in (edda, max_):
        expect(page.get_by_text("conflicts with main")).to_be_visible()
    expect(max_.get_by_role("button", name="Merge", exact=True)).to_be_disabled()

    edda.get_by_role("link", name=re.compile("Main changed the same places")).click()
    setting = place(edda, path, "Setting config.temperature, line 4")
    sentence = place(edda, path, "In the system message, line 11")
    for title, text in (("Before both", "Be kind."), ("On main", "Be funny."), ("In this draft", "Be very kind.")):
        expect(sentence.get_by_role("region", name=title)).to_contain_text(text)
    save = edda.get_by_role("button", name="Save the solution")
    expect(save).to_be_disabled()
    looks_right(edda)

    setting.get_by_label("Take this draft's").focus()  # by keyboard alone: Space picks, arrows go on
    edda.keyboard.press("Space")
    expect(edda.get_by_text("1 place to decide")).to_be_visible()
    sentence.get_by_label("Take both, main's first").check()
    outcome = edda.get_by_role("region", name=f"Outcome for {path}")
    expect(outcome.get_by_role("list", name="Messages")).to_contain_text("Be funny. Be very kind. Be brief.")
    sentence.get_by_label("Write it myself").check()
    own = sentence.get_by_label("Your text for this place")
    own.fill("Be {{tone}}. ")
    expect(outcome.get_by_role("list", name="What is wrong")).to_contain_text("'tone' is not in the input schema")
    expect(edda.get_by_text("1 thing to put right in what comes of it")).to_be_visible()
    expect(save).to_be_disabled()
    own.fill("Be kind and funny.")  # without the blank at its end, which the place keeps
    expect(outcome.get_by_role("list", name="Messages")).to_contain_text("Be kind and funny. Be brief.")
    expect(edda.get_by_text("Everything is decided")).to_be_visible()
    looks_right(edda)
    save.click()
    expect(edda.get_by_text("would merge")).to_be_visible()
    expect(edda.get_by_role("tabpanel", name="Changes")).to_be_visible()  # the tab of the conflicts is gone
    expect(max_.get_by_text("would merge")).to_be_visible()  # live, in the other browser

    max_.reload()
    settle(max_)
    press(max_, "a", "Approve")
    max_.get_by_role("dialog").get_by_role("button", name="Approve").click()
    max_.get_by_role("button", name="Merge", exact=True).click()
    max_.get_by_role("dialog").get_by_role("button", name="Merge").click()
    for page in (max_, edda):
        expect(page.get_by_text("Merged by Max Roth")).to_be_visible()
    text = people["viewer"].get(f"/projects/desk/file?path={path}")["text"]
    assert text == SORT.replace("Be kind. Be short.", "Be kind and funny. Be brief.").replace("0\n", "0.4\n", 1)


def test_main_moves_while_one_decides(visit, people):
    path = "prompts/moving.prompt"
    number = clash(people, path)
    page = visit(f"/p/desk/drafts/{number}?tab=conflicts", person="editor")
    place(page, path, "Setting config.temperature, line 4").get_by_label("Keep what is on main").check()
    now = people["viewer"].get(f"/projects/desk/file?path={path}")["text"]
    land(people, path, now.replace("top_p: 1", "top_p: 0.5"), "Narrower")
    expect(page.get_by_text("changed while you were deciding")).to_be_visible()
    expect(page.get_by_role("button", name="Save the solution")).to_be_disabled()
    page.get_by_role("button", name="Start again with what is new").click()
    expect(page.get_by_text("2 places to decide")).to_be_visible()


def test_a_draft_that_is_behind_is_updated_with_one_button(visit, people):
    path = "prompts/behind.prompt"
    land(people, path, SORT, "Add behind")
    number = suggested(people, path, SORT.replace("Be kind.", "Be very kind."), "Kind")
    land(people, path, SORT.replace("Be short.", "Be brief."), "Brief")
    viewer = visit(f"/p/desk/drafts/{number}", person="viewer")
    expect(viewer.get_by_text("main has 2 newer changes")).to_be_visible()
    expect(viewer.get_by_role("button", name="Update from main")).to_be_hidden()
    page = visit(f"/p/desk/drafts/{number}", person="editor")
    page.get_by_role("button", name="Update from main").click()
    expect(page.get_by_text("it has everything that is on main")).to_be_visible()
    expect(page.get_by_role("button", name="Update from main")).to_be_hidden()
    looks_right(page)


def test_removed_on_main_against_changed_here(visit, people):
    path = "prompts/gone.prompt"
    land(people, path, SORT, "Add gone")
    number = suggested(people, path, SORT.replace("Be kind.", "Be very kind."), "Kind")
    land(people, path, None, "Remove it")
    page = visit(f"/p/desk/drafts/{number}?tab=conflicts", person="editor")
    whole = place(page, path, "The whole file")
    expect(whole.get_by_role("region", name="On main")).to_contain_text("Removed")
    whole.get_by_label("Keep what is on main").check()
    expect(page.get_by_text("This file will not be in the draft.")).to_be_visible()
    page.get_by_role("button", name="Save the solution").click()
    expect(page.get_by_role("tab", name="Conflicts")).to_be_hidden()


def test_a_change_is_taken_back_though_others_went_on(visit, people):
    path = "prompts/back.prompt"
    land(people, path, SORT, "Add back")
    kinder = land(people, path, SORT.replace("Be kind.", "Be very kind."), "Kinder")
    land(people, path, SORT.replace("Be kind.", "Be the kindest."), "Kindest")
    page = visit(f"/p/desk/drafts/{kinder}", person="editor")
    page.get_by_role("button", name="Revert…").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("The same places were changed again since, in 1 file.")
    looks_right(page)
    dialog.get_by_role("button", name="Open the draft").click()
    sentence = place(page, path, "In the system message, line 11")
    for title, text in (
        ("Right after the change", "Be very kind."),
        ("What it is now", "Be the kindest."),
        ("What it would be after taking the change back", "Be kind."),
    ):
        expect(sentence.get_by_role("region", name=title)).to_contain_text(text)
    looks_right(page)
    sentence.get_by_label("Take the change back here").check()
    expect(page.get_by_role("region", name=f"Outcome for {path}")).to_contain_text("Be kind. Be short.")
    page.get_by_role("button", name="Save the solution").click()
    expect(page.get_by_text("would merge")).to_be_visible()


@pytest.mark.parametrize(("width", "theme"), [(1280, "light"), (390, "dark")])
def test_the_page_looks_right(visit, people, width, theme):
    number = clash(people, f"prompts/look-{width}.prompt")
    page = visit(f"/p/desk/drafts/{number}?tab=conflicts", person="editor", width=width, theme=theme)
    page.get_by_label("Write it myself").first.check()
    looks_right(page)
    page.get_by_role("button", name="Edit the whole text").click()
    settle(page)
    looks_right(page)
    reader = visit(f"/p/desk/drafts/{number}?tab=conflicts", person="viewer", width=width, theme=theme)
    expect(reader.get_by_role("radio")).to_have_count(0)
    for name in (re.compile("solve it here"), re.compile("Decide for each place"), re.compile("^Merge$")):
        expect(reader.get_by_text(name)).to_have_count(0)  # that is not theirs
    looks_right(reader)
