"""The clone address in the page is the one that git takes; the draft that a push opens appears at once."""

import os
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.looks import looks_right
from tests.gitclient import Clone

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_clone_panel(visit, width, theme):
    page = visit("/p/desk/files", width=width, theme=theme)
    page.get_by_role("button", name="Clone").click()
    panel = page.get_by_role("dialog", name="Work on your own machine")
    expect(panel.get_by_text("git clone http://")).to_be_visible()
    looks_right(page)
    if "SHOTS" in os.environ:
        page.screenshot(path=Path(os.environ["SHOTS"]) / f"clone-{width}-{theme}.png")
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    expect(page.get_by_role("button", name="Clone")).to_be_focused()


def test_what_it_says_works(visit, people, tmp_path):
    page = visit("/p/desk/files", person="editor")
    page.get_by_role("button", name="Clone").click()
    shown = page.locator("code", has_text="git clone").inner_text()
    pushed = page.locator("code", has_text="git push").inner_text().removeprefix("git push origin ").split()
    key = people["owner"].post("/projects/desk/keys", {"name": "laptop", "scopes": ["write"]})["token"]
    url = shown.removeprefix("git clone ").replace("http://", f"http://me:{key}@")
    tree = Clone.of(url, tmp_path / "desk")
    tree.commit({"prompts/hello.prompt": "Say hello.\n"}, "Say hello")
    page.goto("/p/desk/drafts")
    expect(page.get_by_role("heading", name="Drafts")).to_be_visible()
    expect(page.get_by_role("link", name="Say hello")).to_have_count(0)
    assert tree.push(*pushed).code == 0
    expect(page.get_by_role("link", name="Say hello")).to_be_visible()
