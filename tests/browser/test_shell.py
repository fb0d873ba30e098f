"""Signing in, projects, people, keys, themes, news: what surrounds every page."""

import re

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.live import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def _sign_in(page: Page, email: str, password: str = PASSWORD) -> None:
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def test_one_signs_in_where_one_wanted_to_go_and_out_again(visit):
    page = visit("/p/desk/settings/members", person=None)
    expect(page).to_have_url(re.compile("/sign-in"))
    _sign_in(page, "editor@example.org", "wrong")
    expect(page.get_by_role("alert")).to_contain_text("E-mail or password is wrong")
    _sign_in(page, "editor@example.org")
    expect(page).to_have_url("/p/desk/settings/members")
    expect(page.get_by_text("Max Roth")).to_be_visible()
    page.get_by_role("button", name="Edda Lind, menu").click()
    page.get_by_role("menuitem", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.goto("/p/desk/settings")
    expect(page).to_have_url(re.compile("/sign-in"))


def test_the_first_page_comes_small(live):
    page = httpx.get(f"{live.url}/sign-in").text
    files = re.findall(r'(?:src|href)="(/assets/[^"]+\.(?:js|css))"', page)
    sent = [httpx.get(f"{live.url}{file}", headers={"accept-encoding": "br"}) for file in files]
    assert all(answer.headers.get("content-encoding") == "br" for answer in sent if len(answer.content) >= 1024)
    assert sum(int(answer.headers["content-length"]) for answer in sent) < 125_000


def test_an_address_from_outside_leads_nowhere(visit, live):
    page = visit("/sign-in?next=//example.org/", person=None)
    _sign_in(page, "viewer@example.org")
    expect(page).to_have_url("/p/desk")


def test_a_stranger_finds_nothing(visit):
    page = visit("/", person="stranger")
    expect(page.get_by_text("You are in no project yet")).to_be_visible()


def test_a_person_starts_a_project(visit):
    page = visit("/", person="maintainer")
    page.get_by_role("button", name="New project").click()
    dialog = page.get_by_role("dialog", name="New project")
    dialog.get_by_label("Name").fill("Release notes")
    expect(dialog.get_by_label("In addresses")).to_have_value("release-notes")
    dialog.get_by_role("button", name="Create project").click()
    expect(page).to_have_url("/p/release-notes")
    page.get_by_role("button", name="Project Release notes, change").click()
    page.get_by_role("menuitem", name="Desk").click()
    expect(page).to_have_url("/p/desk")


def test_an_owner_adds_somebody_new_changes_the_role_and_removes_them(visit):
    page = visit("/p/desk/settings/members", refused=frozenset({400}))
    page.get_by_role("button", name="Add a person").click()
    dialog = page.get_by_role("dialog", name="Add a person")
    dialog.get_by_label("E-mail").fill("nora@example.org")
    dialog.get_by_role("button", name="Add", exact=True).click()
    dialog.get_by_label("Name").fill("Nora New")
    dialog.get_by_label("First password").fill("a long first password")
    dialog.get_by_role("button", name="Make the account and add").click()
    role = page.get_by_label("Role of Nora New")
    expect(role).to_have_value("editor")
    role.select_option("viewer")
    expect(page.get_by_text("Nora New is viewer now")).to_be_visible()
    page.get_by_role("button", name="Remove Nora New").click()
    page.get_by_role("dialog", name="Remove Nora New?").get_by_role("button", name="Remove").click()
    expect(role).to_be_hidden()


def test_a_viewer_is_offered_nothing_that_is_not_theirs(visit):
    page = visit("/p/desk/settings/members", person="viewer")
    expect(page.get_by_text("Max Roth")).to_be_visible()
    expect(page.get_by_role("button", name="Add a person")).to_be_hidden()
    expect(page.get_by_label("Role of Max Roth")).to_be_hidden()
    expect(page.get_by_role("link", name="API keys")).to_be_hidden()


def test_a_key_is_shown_once_works_and_is_revoked(visit, live):
    import httpx

    page = visit("/p/desk/settings/keys")
    page.get_by_role("button", name="New key").first.click()
    dialog = page.get_by_role("dialog", name="New key")
    dialog.get_by_label("Name").fill("Nightly report")
    dialog.get_by_label("Read").check()
    dialog.get_by_role("button", name="Make key").click()
    token = page.get_by_test_id("token").inner_text()
    bearer = {"Authorization": f"Bearer {token}"}
    assert httpx.get(f"{live.url}/api/v1/projects/desk", headers=bearer).status_code == 200
    page.get_by_role("button", name="Done").click()
    expect(page.get_by_text(token)).to_be_hidden()
    row = page.get_by_role("row").filter(has_text="Nightly report")
    row.get_by_role("button", name="Revoke").click()
    page.get_by_role("dialog", name="Revoke “Nightly report”?").get_by_role("button", name="Revoke key").click()
    expect(row).to_contain_text("revoked")
    assert httpx.get(f"{live.url}/api/v1/projects/desk", headers=bearer).status_code == 401


def test_the_theme_is_the_person_s(visit):
    page = visit("/p/desk/settings", theme="light")
    page.get_by_role("button", name="Olga Peters, menu").click()
    page.get_by_role("menuitemcheckbox", name="Dark").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    elsewhere = visit("/p/desk/settings", theme="light")
    expect(elsewhere.locator("html")).to_have_attribute("data-theme", "dark")
    elsewhere.get_by_role("button", name="Olga Peters, menu").click()
    elsewhere.get_by_role("menuitemcheckbox", name="As the system").click()
    expect(elsewhere.locator("html")).not_to_have_attribute("data-theme", "dark")


def test_news_comes_by_itself(visit, live, people):
    page = visit("/p/desk/settings/audit")
    people["owner"].patch("/projects/desk", {"description": "Answers our customers within the hour."})
    expect(page.get_by_text("Project desk updated").first).to_be_visible()
    live.manage(
        "shell", "-v", "0", "-c",
        "from variorum.accounts.models import Project;"
        "from variorum.events.services import notify;"
        "notify(project=Project.objects.get(slug='desk'), title='Draft #1 waits for you', url='/p/desk/jobs')",
    )  # fmt: skip
    page.get_by_role("button", name=re.compile(r"Inbox, \d+ unread")).click()
    page.get_by_role("link", name="Draft #1 waits for you").first.click()
    expect(page).to_have_url("/p/desk/jobs")
    page.get_by_role("button", name=re.compile("Inbox, ")).click()
    page.get_by_role("button", name=re.compile("Mark .* read")).click()
    expect(page.get_by_role("button", name="Inbox", exact=True)).to_be_visible()


def test_a_job_shows_live_and_can_be_cancelled(visit, live):
    page = visit("/p/desk/jobs")
    expect(page.get_by_text("No jobs yet")).to_be_visible()
    live.kill("worker")
    live.manage(
        "shell", "-v", "0", "-c",
        "from variorum.accounts.access import Actor; from variorum.accounts.models import Project;"
        "from variorum.jobs.services import create_job;"
        "create_job(project=Project.objects.get(slug='desk'), kind='import', title='Import messages.csv', spec={},"
        " actor=Actor.system())",
    )  # fmt: skip
    expect(page.get_by_role("link", name="Import messages.csv")).to_be_visible()
    page.get_by_role("button", name="1 job running").click()
    page.get_by_role("dialog", name="Jobs").get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("row").filter(has_text="Import messages.csv")).to_contain_text("cancel")


def test_when_the_server_fails_the_page_says_so_and_tries_again(visit):
    page = visit("/p/desk/settings")
    page.route("**/members", lambda route: route.abort())
    page.get_by_role("link", name="Members").click()
    expect(page.get_by_role("alert")).to_contain_text("Variorum cannot be reached")
    page.unroute("**/members")
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_text("Max Roth")).to_be_visible()
