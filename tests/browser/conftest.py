"""Chromium on a live installation. Every page opened by `visit` is watched: a console error fails the test.

    def test_something(visit):
        page = visit("/p/desk/drafts")                       # signed in as the owner, 1280 px, light
        page = visit("/p/desk/drafts", width=390, theme="dark", person="viewer")

The pages are those of frontend/dist; `make setup` builds them. Chromium is /usr/bin/chromium or $CHROMIUM.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests import live as live_module
from tests.browser.looks import PATIENCE, Watched, settle
from tests.live import ROOT, Live
from tests.live import Browser as Person

Visit = Callable[..., Page]
expect.set_options(timeout=PATIENCE)


def _need(condition: object, text: str) -> None:
    """Skip with the reason; in CI these tests must run."""
    if condition:
        return
    if os.environ.get("CI") == "true":
        pytest.fail(text)
    pytest.skip(text)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One browser process for a module: Playwright's event loop must not outlive it, Django refuses to work beside."""
    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or ""
    _need(path and Path(path).exists(), "Chromium is not installed: apt-get install chromium, or set CHROMIUM")
    _need((ROOT / "frontend/dist/index.html").exists(), "The pages are not built: make setup")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """Web and worker with a project `desk` and its four people."""
    with live_module.running(tmp_path_factory.mktemp("browser")) as made:
        made.start_worker()
        made.start_web()
        yield made


@pytest.fixture(scope="module")
def people(live: Live) -> Iterator[dict[str, Person]]:
    """owner, maintainer, editor and viewer of `desk`, and a stranger, by role; each <role>@example.org."""
    names = {"owner": "Olga Peters", "maintainer": "Max Roth", "editor": "Edda Lind", "viewer": "Vera Holm"}
    found = {role: live.person(f"{role}@example.org", name) for role, name in names.items()}
    found["owner"].post("/projects", {"name": "Desk", "slug": "desk", "description": "Answers our customers."})
    for role in ("maintainer", "editor", "viewer"):
        found["owner"].post("/projects/desk/members", {"email": f"{role}@example.org", "role": role})
    found["stranger"] = live.person("stranger@example.org", "Stefan Stranger")
    yield found
    for person in found.values():
        person.client.close()


@pytest.fixture
def visit(chromium: Browser, live: Live, people: dict[str, Person]) -> Iterator[Visit]:
    """visit(path, person="owner", width=1280, theme="light") -> a page that has settled. person=None: nobody.

    `refused` names the HTTP statuses that the test means to meet; any other refusal fails it.
    """
    with ExitStack() as stack:
        watched: list[Watched] = []

        def go(
            path: str,
            *,
            person: str | None = "owner",
            width: int = 1280,
            theme: str = "light",
            refused: frozenset[int] = frozenset(),
        ) -> Page:
            context = chromium.new_context(
                base_url=live.url,
                viewport={"width": width, "height": 860},
                color_scheme="dark" if theme == "dark" else "light",
                reduced_motion="reduce",
            )
            stack.callback(context.close)
            if person is not None:
                _sign_in(context, live, people[person])
            page = context.new_page()
            page.set_default_timeout(PATIENCE)
            watched.append(Watched(page, refused | (frozenset() if person else {401})))
            page.goto(path)
            settle(page)
            return page

        yield go
        for watch in watched:
            watch.verdict()


def _sign_in(context: BrowserContext, live: Live, person: Person) -> None:
    cookies = {name: person.client.cookies.get(name) for name in ("sessionid", "csrftoken")}
    context.add_cookies([{"name": n, "value": v, "url": live.url} for n, v in cookies.items() if v])
