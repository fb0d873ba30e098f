"""An engineer never needs the mouse."""

import re
from contextlib import suppress

import pytest
from playwright.sync_api import Page, expect
from playwright.sync_api import TimeoutError as Timeout

from tests.browser.looks import looks_right

pytestmark = [pytest.mark.browser, pytest.mark.slow]

FOCUS = """() => {
  const it = document.activeElement;
  const style = getComputedStyle(it);
  const after = getComputedStyle(it, "::after");
  const seen = [style, after].some((s) => s.outlineStyle !== "none" && parseFloat(s.outlineWidth) > 0);
  return { name: it.getAttribute("aria-label") || it.innerText || it.tagName, seen: seen || it === document.body };
}"""


def _tab_through(page: Page, most: int = 60) -> list[str]:
    """The names of what Tab reaches, until it comes round; each must show that it has the focus."""
    names: list[str] = []
    for _ in range(most):
        page.keyboard.press("Tab")
        focus = page.evaluate(FOCUS)
        assert focus["seen"], f"{focus['name']!r} does not show its focus"
        if names and focus["name"] == names[0]:
            break
        names.append(focus["name"].strip().split("\n")[0])
    return names


def test_tab_reaches_everything_and_shows_where_it_is(visit):
    names = _tab_through(visit("/p/desk/settings/members"))
    for name in ("Skip to the page", "Project Desk, change", "Search or jump to…", "Jobs", "Inbox", "Settings",
                 "Members", "Add a person", "Role of Max Roth", "Remove Max Roth"):  # fmt: skip
        assert name in names


def test_the_skip_link_leads_past_the_rail(visit):
    page = visit("/p/desk/settings")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_role("navigation", name="Settings").get_by_role("link").first).to_be_focused()


def test_keys_go_to_places_and_the_sheet_lists_them(visit):
    page = visit("/p/desk/jobs")
    for _ in range(10):  # the two keys belong together for 1.2 s, and a busy machine may take longer between them
        page.keyboard.press("g")
        page.keyboard.press(",")
        with suppress(Timeout):
            page.wait_for_url("**/p/desk/settings", timeout=4_000)
            break
    expect(page).to_have_url("/p/desk/settings")
    page.keyboard.press("?")
    sheet = page.get_by_role("dialog", name="Keyboard")
    expect(sheet).to_contain_text("Go to")
    page.keyboard.press("Escape")
    expect(sheet).to_be_hidden()


def test_plain_keys_rest_while_one_types(visit):
    page = visit("/p/desk/settings")
    page.get_by_label("Name", exact=True).focus()
    page.keyboard.type("g,?/")
    expect(page).to_have_url("/p/desk/settings")
    expect(page.get_by_role("dialog")).to_be_hidden()


def test_the_palette_finds_and_goes(visit, people):
    made = people["editor"].post("/projects/desk/drafts", {"title": "Warmer greetings", "files": {"README.md": "x"}})
    page = visit("/p/desk/jobs")
    page.keyboard.press("Control+k")
    expect(page.get_by_role("combobox")).to_be_focused()
    page.keyboard.type("sett")
    expect(page.get_by_role("option", name="Settings")).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")
    expect(page).to_have_url("/p/desk/settings")
    page.keyboard.press("/")
    expect(page.get_by_role("combobox")).to_be_focused()
    page.keyboard.type("zzz")
    expect(page.get_by_text("Nothing fits")).to_be_visible()
    page.keyboard.press("Control+a")
    page.keyboard.type("greet")
    page.keyboard.press("Enter")  # before the answer is there: it means the best of the answer
    expect(page).to_have_url(f"/p/desk/drafts/{made['number']}")
    page.route("**/search**", lambda route: route.abort())
    page.keyboard.press("/")
    expect(page.get_by_role("combobox")).to_be_focused()
    page.keyboard.type("edda")
    expect(page.get_by_role("button", name="Try again")).to_be_visible()
    page.unroute("**/search**")
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("option", name=re.compile("^Edda Lind"))).to_be_visible()
    looks_right(page)


def test_a_dialog_keeps_the_focus_and_gives_it_back(visit):
    page = visit("/p/desk/settings/keys")
    opener = page.get_by_role("button", name="New key").first
    opener.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Name", exact=True)).to_be_focused()
    for _ in range(12):
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.closest('[role=dialog]') !== null")
    page.keyboard.press("Escape")
    expect(opener).to_be_focused()


def test_a_menu_opens_and_closes_by_keys(visit):
    page = visit("/p/desk/settings")
    opener = page.get_by_role("button", name="Project Desk, change")
    opener.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("menu")).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Escape")
    expect(page.get_by_role("menu")).to_be_hidden()
    expect(opener).to_be_focused()
