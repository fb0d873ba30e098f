"""A rule made, tried and saved by somebody who reads no JSON; the JSON beside it says the same."""

import pytest
from playwright.sync_api import expect

from tests.browser.looks import looks_right

pytestmark = [pytest.mark.browser, pytest.mark.slow]
PAGE = "/p/desk/deployments/rules/dev"


BUSY = frozenset({503})  # counting requests is given up on a machine that is busy; the page says so


def test_a_rule_in_plain_words(visit):
    page = visit(PAGE, refused=BUSY)
    page.get_by_role("button", name="New rule").click()
    page.get_by_role("menuitem", name="A value that the app asks for").click()
    dialog = page.get_by_role("dialog", name="New rule")
    dialog.get_by_label("Name optional").fill("Dark mode")
    dialog.get_by_role("button", name="Condition", exact=True).click()
    dialog.get_by_label("Line 1, condition 1: field").fill("plan")
    dialog.get_by_label("Line 1, condition 1: value").fill("pro")
    dialog.get_by_label("Only a share of them").check()
    dialog.get_by_label("Share in per cent").fill("40")
    dialog.get_by_label("Share in per cent").blur()
    expect(dialog.get_by_text("40 % of callers where plan is “pro” get on; everyone else gets off.")).to_be_visible()
    looks_right(page)
    dialog.get_by_role("button", name="Use this rule").click()
    page.get_by_label("Value of plan").fill("free")
    page.get_by_role("button", name="Try", exact=True).click()
    expect(page.get_by_text("Does not fit, so off: off")).to_be_visible()
    page.get_by_role("link", name="Deployments").last.click()
    leaving = page.get_by_role("dialog", name="Leave without saving?")
    leaving.wait_for()
    looks_right(page)
    leaving.get_by_role("button", name="Cancel").click()
    page.get_by_label("Why optional").fill("For the paying ones")
    page.get_by_role("button", name="Save and put in force").click()
    expect(page.get_by_text("For the paying ones")).to_be_visible()
    expect(page.get_by_label("Changes that are not saved")).to_have_count(0)
    page.get_by_role("button", name="As JSON").click()
    expect(page.get_by_label("The document of rules as JSON")).to_contain_text("dark-mode")
    looks_right(page)


def test_a_viewer_reads_and_tries(visit):
    page = visit(PAGE, person="viewer", width=390, theme="dark", refused=BUSY)
    expect(page.get_by_role("heading", name="Rules of Development")).to_be_visible()
    expect(page.get_by_role("button", name="New rule")).to_have_count(0)
    page.get_by_role("button", name="Try", exact=True).click()
    expect(page.get_by_text("Nothing is live here, so there is no commit.")).to_be_visible()
    looks_right(page)
