"""OpenFeature's own web provider in a page of another origin: asked by CORS, told of changes, never reloaded."""

import json
import subprocess
import uuid
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.live import ROOT, Live
from tests.live import Browser as Person

pytestmark = [pytest.mark.browser, pytest.mark.slow]
HTML = "<!doctype html><title>Shop</title><link rel=icon href=data:,><script type=module src=page.js></script>"
FLAGS = "/api/v1/runtime/staging/ofrep/v1/evaluate/flags"
BETA = {"if": [{"==": [{"var": "plan"}, "pro"]}, "on", None]}


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The origin of the page frontend/scripts/ofrep_page.mjs."""
    folder: Path = tmp_path_factory.mktemp("shop")
    command = ["node", "scripts/bundle.mjs", "scripts/ofrep_page.mjs"]
    page = subprocess.run(command, cwd=ROOT / "frontend", check=True, capture_output=True, timeout=120)
    (folder / "page.js").write_bytes(page.stdout)
    (folder / "index.html").write_text(HTML)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://localhost:{server.server_port}"
    server.shutdown()
    server.server_close()


def _rules(owner: Person, greeting: str) -> None:
    variants = {"plain": "Hello", "warm": "Good to see you", "last": "Goodbye"}
    new = {"metadata": {"test": uuid.uuid4().hex}}  # rules that are in force already are refused
    flags = {
        "greeting": {"state": "ENABLED", "variants": variants, "defaultVariant": greeting, **new},
        "beta": {
            "state": "ENABLED",
            "variants": {"on": True, "off": False},
            "defaultVariant": "off",
            "targeting": BETA,
        },
    }
    owner.post("/projects/desk/environments/staging/rules", {"document": {"flags": flags}})


@pytest.fixture
def key(people: dict[str, Person]) -> dict[str, Any]:
    """A key for staging, where a config is live and `greeting` is plain."""
    owner, drafts = people["owner"], "/projects/desk/drafts"
    if not owner.get("/projects/desk/environments/staging/deployments")["items"]:
        draft = people["editor"].post(drafts, {"title": "Limits", "files": {"configs/limits.yaml": "replies: 3\n"}})
        head = draft["head_commit"]
        owner.post(f"{drafts}/{draft['number']}/approvals", {"verdict": "approve", "commit": head})
        owner.post(f"{drafts}/{draft['number']}/merge", {"expected_head": head})
        owner.post("/projects/desk/environments/staging/deployments", {"commit": "main"})
    _rules(owner, "plain")
    made: dict[str, Any] = owner.post(
        "/projects/desk/keys", {"name": "shop", "scopes": ["runtime"], "environments": ["staging"]}
    )
    return made


@pytest.fixture
def opened(chromium: Browser, live: Live, shop: str, key: dict[str, Any]) -> Iterator[Callable[..., Page]]:
    """opened(token=..., **options of the provider) -> the page."""
    context = chromium.new_context()

    def go(token: str = key["token"], **options: Any) -> Page:
        page = context.new_page()
        about = {
            "baseUrl": f"{live.url}/api/v1/runtime/staging",
            "headers": [["Authorization", f"Bearer {token}"]],
            "context": {"targetingKey": "user-7", "plan": "pro"},
            **options,
        }
        page.goto(f"{shop}/#{quote(json.dumps(about))}")
        return page

    yield go
    context.close()


def _shows(page: Page, greeting: str) -> None:
    flags = json.dumps({"greeting": greeting, "beta": True, "limits": {"replies": 3}}, separators=(",", ":"))
    expect(page.locator("#flags")).to_have_text(flags, timeout=60_000)


def _told(page: Page, event: str) -> None:
    expect(page.locator("#events")).to_contain_text(event, timeout=60_000)


def test_an_open_page_hears_of_a_change(opened, people, key):
    page = opened()
    _shows(page, "Hello")
    _rules(people["owner"], "warm")
    _shows(page, "Good to see you")
    _told(page, "PROVIDER_CONFIGURATION_CHANGED")
    people["owner"].request("DELETE", f"/projects/desk/keys/{key['id']}")
    _told(page, "PROVIDER_STALE")  # the stream ended, and the page keeps what it has
    _shows(page, "Good to see you")


def test_a_page_that_polls_is_answered_304_until_a_change(opened, people):
    page = opened(changeDetection="polling", pollInterval=200)
    _shows(page, "Hello")
    page.wait_for_event("response", lambda one: FLAGS in one.url and one.status == 304, timeout=60_000)
    _rules(people["owner"], "warm")
    _shows(page, "Good to see you")


def test_a_page_can_read_that_it_is_refused(opened):
    page = opened(token="vk_nobody")
    _told(page, "PROVIDER_ERROR FATAL")  # a network error, which it would be without CORS, is not fatal
