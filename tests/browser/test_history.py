"""History as a tool: name a version, take a change back, ask what was live, carry the project elsewhere."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.looks import looks_right, settle

pytestmark = [pytest.mark.browser, pytest.mark.slow]

TRIAGE = "---\nmodel: local/smollm2-135m\ninput:\n  schema:\n    message: string\n---\nAnswer kindly.\n\n{{message}}\n"
PATHS = [
    "/p/desk/tags", "/p/desk/tags?name=main", "/p/desk/commits/main", "/p/desk/deployments?tab=when&environment=dev",
    "/p/desk/settings/export",
]  # fmt: skip


def merge(people, title: str, text: str) -> int:
    drafts = "/projects/desk/drafts"
    draft = people["editor"].post(drafts, {"title": title, "files": {"prompts/triage.prompt": text}})
    number, head = draft["number"], draft["head_commit"]
    people["owner"].post(f"{drafts}/{number}/approvals", {"verdict": "approve", "commit": head})
    people["owner"].post(f"{drafts}/{number}/merge", {"expected_head": head})
    return int(number)


@pytest.fixture(scope="module")
def merged(people) -> list[int]:
    """Two merged drafts, the first of them tagged v1 and live in dev, then the second."""
    first = merge(people, "Add triage", TRIAGE)
    people["owner"].post("/projects/desk/tags", {"name": "v1", "notes": "The first one.\n\n- kind"})
    people["owner"].post("/projects/desk/environments/dev/deployments", {"commit": "v1"})
    second = merge(people, "Answer curtly", TRIAGE.replace("kindly", "curtly"))
    people["owner"].post("/projects/desk/environments/dev/deployments", {"commit": "main"})
    return [first, second]


def test_a_version_gets_a_name_and_is_deployed_by_it(visit, merged):
    page: Page = visit("/p/desk/files", refused=frozenset({422}))
    page.get_by_role("link", name="Tags").click()
    page.get_by_role("button", name="New tag").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Name")).to_have_value("v2")
    expect(dialog.get_by_label("Notes")).to_have_value(f"- Answer curtly (#{merged[1]}, Edda Lind)")
    dialog.get_by_label("Name").fill("main")
    page.keyboard.press("Control+Enter")
    expect(dialog).to_contain_text("is the name of something else")
    dialog.get_by_label("Name").fill("v2")
    page.keyboard.press("Control+Enter")
    newest = page.get_by_role("listitem").filter(has=page.get_by_role("heading", name="v2"))
    expect(newest).to_contain_text("Answer curtly (#")
    expect(newest).to_contain_text("live in Development")
    newest.get_by_role("link", name="Compare with v1").click()
    expect(page.locator("main")).to_contain_text("curtly")
    expect(page).to_have_url(re.compile("base=v1&head=v2"))
    page.goto("/p/desk/commits")
    expect(page.get_by_role("link", name="tag v1")).to_be_visible()
    page.get_by_role("link", name="tag v2").click()
    newest.get_by_role("link", name="Deploy…").click()
    expect(page.get_by_role("dialog")).to_contain_text("is live in dev already")


def test_a_tag_is_deleted_by_a_maintainer_alone(visit, merged, people):
    people["owner"].post("/projects/desk/tags", {"name": "mistake", "ref": "v1"})
    viewer = visit("/p/desk/tags", person="viewer")
    expect(viewer.get_by_role("heading", name="mistake")).to_be_visible()
    assert viewer.get_by_role("button", name=re.compile("New tag|More for")).count() == 0
    page = visit("/p/desk/tags", person="maintainer")
    page.get_by_role("button", name="More for mistake").click()
    page.get_by_role("menuitem", name="Delete the tag").click()
    page.get_by_role("button", name="Delete tag").click()
    expect(viewer.get_by_role("heading", name="mistake")).to_have_count(0)  # live, in the other browser


def test_a_merged_draft_is_taken_back(visit, merged):
    page = visit(f"/p/desk/drafts/{merged[1]}", person="editor")
    page.get_by_role("button", name="Revert…").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("prompts/triage.prompt")
    dialog.get_by_label("Why?").fill("Customers complained.")
    looks_right(page)
    dialog.get_by_role("button", name="Open the draft").click()
    expect(page.get_by_role("heading", name="Revert “Answer curtly”")).to_be_visible()
    expect(page.get_by_text("Customers complained.")).to_be_visible()


def test_what_was_live_when(visit, merged):
    page = visit("/p/desk/deployments?tab=when&environment=dev")
    expect(page.get_by_label("Text of prompts/triage.prompt")).to_contain_text("Answer curtly")
    page.get_by_role("button", name="#1 Merge draft").click()
    expect(page.get_by_label("Text of prompts/triage.prompt")).to_contain_text("Answer kindly")
    expect(page.get_by_role("link", name="tag v1")).to_be_visible()
    assert "at=" in page.url
    page.get_by_role("button", name="A week ago").click()
    expect(page.get_by_text("Nothing had been deployed here.")).to_have_count(3)
    page = visit("/p/desk/deployments?tab=when&at=2136-01-01T10:00:00Z")
    expect(page.get_by_text("This moment is still to come")).to_be_visible()
    expect(page.get_by_text("until now")).to_have_count(0)
    looks_right(page)
    page.get_by_role("button", name="What is live now").click()
    expect(page.get_by_text("until now")).to_be_visible()


def test_a_project_goes_out_and_comes_in(visit, merged, tmp_path: Path):
    page = visit("/p/desk/settings/export", refused=frozenset({409}))
    page.get_by_role("button", name="Export this project").first.click()
    link = page.get_by_role("link", name=re.compile("Download export"))
    link.wait_for(timeout=60_000)
    looks_right(page)
    with page.expect_download() as waiting:
        link.click()
    file = tmp_path / "desk.zip"
    waiting.value.save_as(file)
    page.goto("/")
    page.get_by_role("button", name="Import a project").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("File").set_input_files(file)
    dialog.get_by_role("button", name="Import").click()
    expect(dialog).to_contain_text("The address name 'desk' is taken here.")
    looks_right(page)
    dialog.get_by_label("In addresses").fill("desk-copy")
    dialog.get_by_role("button", name="Import").click()
    expect(page.get_by_role("heading", name="What came")).to_be_visible()  # the job's page, which follows it
    looks_right(page)
    page.get_by_role("link", name="Open Desk").click()
    expect(page).to_have_url("/p/desk-copy")
    page.goto("/p/desk-copy/tags")
    expect(page.get_by_role("heading", name="v1")).to_be_visible()


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(("width", "theme"), [(1280, "light"), (390, "dark")])
def test_the_pages_look_right(visit, merged, path, width, theme):
    page = visit(path, width=width, theme=theme)
    settle(page)
    looks_right(page)
