"""Every page, light and dark, wide and narrow: no axe violation, no console error, nothing that sticks out.

A room adds its pages to PAGES, or calls looks_right() in tests of its own when they need content first.
"""

import pytest

from tests.browser.looks import looks_right

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PAGES = [
    "/",
    "/inbox",
    "/p/desk",
    "/p/desk/jobs",
    "/p/desk/settings",
    "/p/desk/settings/members",
    "/p/desk/settings/keys",
    "/p/desk/settings/audit",
    "/p/desk/nowhere",
]
# Pages whose four looks are the same parts: two looks each.
MORE = [
    "/p/desk/files",
    "/p/desk/drafts",
    "/p/desk/deployments",
    "/p/desk/deployments/rules/production",
    "/p/desk/datasets",
    "/p/desk/datasets/import",
    "/p/desk/training",
    "/p/desk/evaluations",
    "/p/desk/logs",
    "/p/desk/quality",
    "/p/desk/alerts",
    "/p/desk/settings/gateway",
    "/p/desk/settings/environments",
]
LOOKS = [(1280, "light"), (1280, "dark"), (390, "light"), (390, "dark")]


@pytest.mark.parametrize(("width", "theme"), LOOKS)
@pytest.mark.parametrize("path", PAGES)
def test_a_page_looks_right(visit, path, width, theme):
    looks_right(visit(path, width=width, theme=theme))


@pytest.mark.parametrize(("width", "theme"), [(1280, "dark"), (390, "light")])
@pytest.mark.parametrize("path", MORE)
def test_a_room_looks_right(visit, path, width, theme):
    looks_right(visit(path, width=width, theme=theme))


@pytest.mark.parametrize(("width", "theme"), LOOKS)
def test_the_sign_in_page_looks_right(visit, width, theme):
    looks_right(visit("/sign-in", person=None, width=width, theme=theme))


@pytest.mark.parametrize(("width", "theme"), LOOKS)
def test_what_opens_over_a_page_looks_right(visit, width, theme):
    page = visit("/p/desk/settings/keys", width=width, theme=theme)
    for name in ("Jobs", "Inbox"):
        page.get_by_role("button", name=name, exact=True).click()
        page.get_by_role("dialog", name=name).wait_for()
        looks_right(page)
        page.keyboard.press("Escape")
    page.get_by_role("button", name="Olga Peters, menu").click()
    page.get_by_role("menu").wait_for()
    looks_right(page)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="New key").first.click()
    page.get_by_role("dialog", name="New key").wait_for()
    looks_right(page)
    page.keyboard.press("Escape")
    page.keyboard.press("Control+k")
    page.get_by_role("combobox").wait_for()
    looks_right(page)
