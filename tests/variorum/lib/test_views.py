"""The single page: who has no session signs in first, and the form's token comes with the page."""

from pathlib import Path
from urllib.parse import quote

import pytest
from django.test import Client


@pytest.fixture(autouse=True)
def built(tmp_path: Path, settings: object) -> None:
    (tmp_path / "index.html").write_text("<!doctype html>")
    settings.FRONTEND_DIST = tmp_path  # type: ignore[attr-defined]


def test_without_a_session_the_sign_in_page_comes_first() -> None:
    answer = Client().get("/p/desk/drafts/3?tab=files")
    assert (answer.status_code, answer["Location"]) == (302, f"/sign-in?next={quote('/p/desk/drafts/3?tab=files', '')}")


def test_the_sign_in_page_brings_the_token() -> None:
    answer = Client().get("/sign-in?next=/p/desk")
    assert answer.status_code == 200
    assert "csrftoken" in answer.cookies


def test_with_a_session_the_page_itself_comes() -> None:
    client = Client()
    client.cookies["sessionid"] = "whatever"
    assert client.get("/p/desk").content == b"<!doctype html>"


def test_who_unsubscribes_by_the_link_of_a_mail_needs_no_session() -> None:
    assert Client().get("/unsubscribe?token=x").content == b"<!doctype html>"
