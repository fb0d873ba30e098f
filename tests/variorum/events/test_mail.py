"""Notices by mail, through a real SMTP server: after the commit, together, tried again, ended with one click."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from django.utils import timezone

from tests.live import free_port
from variorum.accounts.models import Membership, Project, User
from variorum.events import mail, services
from variorum.events.models import Notice
from variorum.lib import env, mail_url

pytestmark = pytest.mark.django_db
PUBLIC = "https://variorum.example.org"


class Box:
    """What an SMTP server got; `answers` is what it says next instead of 250."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.answers: list[str] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if self.answers:
            return self.answers.pop(0)
        self.mails.append(message_from_bytes(envelope.content, policy=policy.default))
        return "250 OK"


@pytest.fixture
def box(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Box]:
    """A mail server on loopback, and the settings that lead to it."""
    box = Box()
    port = free_port()
    server = Controller(box, hostname="127.0.0.1", port=port)
    server.start()
    monkeypatch.setenv("EMAIL_URL", f"smtp://127.0.0.1:{port}")
    settings.MAIL = mail_url.read("EMAIL_URL", "VARIORUM_MAIL_FROM", public_url=PUBLIC)
    settings.PUBLIC_URL = PUBLIC
    for name, value in settings.MAIL.django_settings().items():
        setattr(settings, name, value)
    yield box
    server.stop()


def tell(project: Project, *people: User, title: str = "Mia mentioned you", kind: str = "mention") -> None:
    services.notify(
        project=project, people=people, title=title, body="Look, please.", url="/p/support-desk/drafts/1", kind=kind
    )


def due() -> None:
    Notice.objects.filter(mail_at__isnull=False).update(mail_at=timezone.now() - timedelta(seconds=1))


def test_what_comes_together_comes_in_one_mail_with_links(project: Project, owner: User, box: Box) -> None:
    tell(project, owner, title="Mia\nmentioned you")
    tell(project, owner, title="Mia approved draft #1", kind="review")
    tell(project, owner, title="A job ended", kind="news")
    assert mail.sweep() == 0  # not due yet
    due()
    assert (mail.sweep(), mail.sweep()) == (1, 0)
    (got,) = box.mails
    assert (got["to"], got["subject"]) == (owner.email, "Support desk: 2 notices")
    assert got["from"] == "Variorum <variorum@variorum.example.org>"
    text = got.get_content()
    assert f"{PUBLIC}/p/support-desk/drafts/1" in text
    assert "A job ended" not in text
    assert Notice.objects.filter(mailed_at__isnull=False).count() == 2


def test_a_minute_passes_between_two_mails(project: Project, owner: User, box: Box) -> None:
    tell(project, owner)
    due()
    mail.sweep()
    tell(project, owner, title="Again")
    due()
    assert mail.sweep() == 0
    Notice.objects.filter(mailed_at__isnull=False).update(mailed_at=timezone.now() - timedelta(minutes=2))
    assert mail.sweep() == 1
    assert [each["subject"] for each in box.mails] == ["Mia mentioned you", "Again"]


def test_one_click_ends_it_without_signing_in(project: Project, owner: User, box: Box, api: Callable[..., Any]) -> None:
    tell(project, owner)
    due()
    mail.sweep()
    (got,) = box.mails
    assert got["list-unsubscribe-post"] == "List-Unsubscribe=One-Click"
    address = got["list-unsubscribe"].strip(" <>").removeprefix(PUBLIC)
    tell(project, owner)
    answer = api().post(address, "List-Unsubscribe=One-Click", content_type="application/x-www-form-urlencoded")
    assert (answer.status_code, answer.json()) == (200, {"email": owner.email})
    assert not Notice.objects.filter(mail_at__isnull=False).exists()
    assert api(owner).get("/api/v1/inbox/mail").json() == {"choice": "none", "on": True}
    for token in ("", "x", address.rpartition("=")[2] + "x"):
        refused = api().post(f"/api/v1/unsubscribe?token={token}")
        assert (refused.status_code, refused.json()["code"]) == (400, "bad_token")


def test_a_failing_server_is_tried_again_and_given_up(project: Project, owner: User, box: Box) -> None:
    box.answers = ["451 later"] * 10
    tell(project, owner)
    for _ in range(10):
        due()
        mail.sweep()
    notice = Notice.objects.get()
    assert (notice.mail_attempts, notice.mail_error, notice.mail_at, notice.mailed_at) == (
        6, "SMTPDataError", None, None,
    )  # fmt: skip
    assert len(box.answers) == 4


def test_read_notices_people_who_left_and_choices(
    project: Project, owner: User, member: Callable[[str], User], box: Box, api: Callable[..., Any]
) -> None:
    editor, viewer = member("editor"), member("viewer")
    assert api(viewer).put("/api/v1/inbox/mail", {"choice": "all"}).json() == {"choice": "all", "on": True}
    assert api(viewer).put("/api/v1/inbox/mail", {"choice": "some"}).status_code == 400
    viewer.refresh_from_db()
    tell(project, owner, editor, viewer, kind="review")
    tell(project, owner, viewer, title="A job ended", kind="news")
    services.read_notices(user=owner, upto=10**12)
    Membership.objects.filter(user=editor).delete()
    due()
    mail.sweep()
    assert [(each["to"], each["subject"]) for each in box.mails] == [(viewer.email, "Support desk: 2 notices")]


def test_without_a_mail_server_nothing_waits(project: Project, owner: User) -> None:
    tell(project, owner)
    assert not Notice.objects.filter(mail_at__isnull=False).exists()


@pytest.mark.parametrize(
    "value", ["ftp://x", "smtp://", "smtp://host:many", "smtp://host:99999", "file:folder", "smtp://h?x=1", "x"]
)
def test_a_bad_address_stops_the_start_and_does_not_repeat_it(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("EMAIL_URL", value)
    with pytest.raises(env.BadSetting, match="EMAIL_URL cannot be used") as raised:
        mail_url.read("EMAIL_URL", "VARIORUM_MAIL_FROM", public_url=PUBLIC)
    assert value in ("x", "smtp://") or value not in str(raised.value)


def test_addresses_become_djangos_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMAIL_URL", "smtp+tls://mia%40x:p%3Aw@mail.example.org")
    monkeypatch.setenv("VARIORUM_MAIL_FROM", "Desk <desk@example.org>")
    found = mail_url.read("EMAIL_URL", "VARIORUM_MAIL_FROM", public_url=PUBLIC).django_settings()
    wanted = ("mail.example.org", 587, "mia@x", "p:w", True, "Desk <desk@example.org>")
    names = ("HOST", "PORT", "HOST_USER", "HOST_PASSWORD", "USE_TLS")
    assert (*(found[f"EMAIL_{name}"] for name in names), found["DEFAULT_FROM_EMAIL"]) == wanted
    monkeypatch.setenv("VARIORUM_MAIL_FROM", "nobody")
    with pytest.raises(env.BadSetting, match="VARIORUM_MAIL_FROM"):
        mail_url.read("EMAIL_URL", "VARIORUM_MAIL_FROM", public_url=PUBLIC)
