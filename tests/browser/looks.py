"""What every page must be: without console errors, accessible to axe, no wider than the window, with one heading."""

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import ConsoleMessage, Page, Response, expect
from playwright.sync_api import TimeoutError as Timeout

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = (
    60_000  # ms that a page may take for what it was asked; the machine may be busy with another worker's browser
)
AXE = ROOT / "frontend/node_modules/axe-core/axe.min.js"


class Watched:
    """Collects what went wrong on a page from the moment it opens; HTTP statuses in `refused` are meant."""

    def __init__(self, page: Page, refused: frozenset[int]) -> None:
        self.problems: list[str] = []
        self.refused = refused
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.problems.append(f"uncaught: {error}"))
        page.on("response", self._response)

    def _console(self, message: ConsoleMessage) -> None:
        refused = message.text.startswith("Failed to load resource")  # told by _response with its status
        if message.type == "error" and not refused:
            self.problems.append(f"console: {message.text}")

    def _response(self, response: Response) -> None:
        if response.status >= 400 and response.status not in self.refused:
            self.problems.append(f"{response.status} {response.request.method} {response.url}")

    def verdict(self) -> None:
        """Fail with all that was seen."""
        assert self.problems == [], self.problems


def axe(page: Page) -> list[str]:
    """Violations of WCAG 2.2 A and AA and of axe's best practices on the page as it stands, one line each."""
    page.evaluate(AXE.read_text())
    # While a dialog is open the page behind it, with its h1, is rightly hidden; a menu stands outside all landmarks.
    rules = {
        "page-has-heading-one": {"enabled": page.get_by_role("dialog").count() == 0},
        "region": {"enabled": page.get_by_role("menu").count() == 0},
    }
    found: dict[str, Any] = page.evaluate("rules => axe.run({resultTypes: ['violations'], rules})", rules)
    return [
        f"{violation['id']}: {violation['help']} at {json.dumps([node['target'] for node in violation['nodes'][:3]])}"
        for violation in found["violations"]
    ]


def settle(page: Page) -> None:
    """Wait until nothing is loading: the page's part there with its heading, no skeleton, no busy button."""
    page.wait_for_load_state("load")
    page.locator("main").first.wait_for()
    expect(page.locator("h1")).to_have_count(1, timeout=PATIENCE)
    expect(page.locator("[role=status][aria-label^=Loading], [aria-busy=true]")).to_have_count(0, timeout=PATIENCE)


def press(page: Page, key: str, button: str) -> None:
    """Press a key that does what the button of that name does, once the button is there: a key waits for nothing."""
    expect(page.get_by_role("button", name=button).or_(page.get_by_role("link", name=button))).to_be_enabled()
    page.keyboard.press(key)


def looks_right(page: Page) -> None:
    """Fail unless axe is content, the page has a title and one h1, and nothing sticks out to the right.

    A page that changes while axe reads it (live updates, a panel that opens) is read again; what is wrong stays wrong.
    """
    until = time.monotonic() + PATIENCE / 1000
    settle(page)
    while (violations := axe(page)) and time.monotonic() < until:
        settle(page)
    assert not violations, "\n".join([page.url, *violations])
    expect(page).to_have_title(re.compile("Variorum$"))
    fits = "document.documentElement.scrollWidth <= window.innerWidth"
    try:
        page.wait_for_function(fits, timeout=PATIENCE)
    except Timeout:
        width = page.evaluate("document.documentElement.scrollWidth")
        pytest.fail(f"{page.url} is {width} px wide in a window of {page.viewport_size}")
