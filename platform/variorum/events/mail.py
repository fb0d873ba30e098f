"""Notices by mail: due a moment after the commit, sent by the clock, tried again, at most one mail a minute a person.

What comes together goes together. A notice that was read in the page meanwhile is not sent. A mail is for members: who
has left the project gets nothing of it any more.
"""

import logging
import smtplib
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core import mail, signing
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from variorum.accounts.models import MailChoice, Membership, User
from variorum.events.models import Notice
from variorum.lib.errors import Invalid

log = logging.getLogger(__name__)
PATIENCE = timedelta(seconds=5)  # what is told within it comes in one mail
GAP = timedelta(minutes=1)  # between two mails to one person
RETRY_AFTER = [30, 120, 600, 3600, 3 * 3600]  # seconds before attempts 2 to 6
MOST = 50  # notices in one mail
PURPOSE = "mail.unsubscribe"


def wants(user: User, kind: str) -> bool:
    """Whether a person gets notices of this kind by mail."""
    if not settings.MAIL.on or not user.is_active or user.mail == MailChoice.NONE:
        return False
    return user.mail == MailChoice.ALL or kind in {Notice.Kind.MENTION, Notice.Kind.REVIEW}


def choose(*, user: User, choice: str) -> User:
    """Set which notices come by mail; what was waiting to be sent and is no longer wanted is not sent."""
    user.mail = MailChoice(choice)
    user.save(update_fields=["mail"])
    waiting = Notice.objects.filter(user=user, mail_at__isnull=False)
    unwanted = [kind for kind in Notice.Kind.values if not wants(user, kind)]
    waiting.filter(kind__in=unwanted).update(mail_at=None)
    return user


def unsubscribe(token: str) -> User:
    """Send a person no more mail, by the token that stands in every one. Raises Invalid for another token."""
    try:
        pk = signing.loads(token, salt=PURPOSE)
    except signing.BadSignature:
        raise Invalid(
            "This link is not one of ours. Use the newest mail, or the inbox page.", code="bad_token"
        ) from None
    user = User.objects.filter(pk=pk).first()
    if user is None:
        raise Invalid("This person is not here any more.", code="bad_token")
    return choose(user=user, choice=MailChoice.NONE)


def sweep(limit: int = 20) -> int:
    """Send what is due; gives how many mails were tried. Runs by the clock."""
    tried = 0
    while settings.MAIL.on and tried < limit and (notices := _claim()):
        _attempt(notices)
        tried += 1
    return tried


@transaction.atomic
def _claim() -> list[Notice]:
    """One person's waiting notices; the attempt is counted before it is made: a crash cannot repeat it for ever."""
    now = timezone.now()
    Notice.objects.filter(mail_at__lte=now, read_at__isnull=False).update(mail_at=None)
    busy = Notice.objects.filter(mailed_at__gt=now - GAP).values("user")
    waiting = Notice.objects.filter(mail_at__isnull=False).select_for_update(of=("self",), skip_locked=True)
    first = waiting.filter(mail_at__lte=now).exclude(user__in=busy).order_by("mail_at").first()
    if first is None:
        return []
    mine = waiting.filter(user=first.user_id, mail_attempts=first.mail_attempts).select_related("user", "project")
    notices = list(mine.order_by("pk")[:MOST])
    wait = RETRY_AFTER[min(first.mail_attempts, len(RETRY_AFTER) - 1)]
    Notice.objects.filter(pk__in=[notice.pk for notice in notices]).update(
        mail_attempts=F("mail_attempts") + 1, mail_at=now + timedelta(seconds=wait)
    )
    return notices


def _attempt(claimed: list[Notice]) -> None:
    rows = Notice.objects.filter(pk__in=[notice.pk for notice in claimed])
    user = claimed[0].user
    theirs = set(Membership.objects.filter(user=user).values_list("project", flat=True))
    notices = [notice for notice in claimed if notice.project_id in theirs]
    if not notices:
        rows.update(mail_at=None)
        return
    try:
        message(user, notices).send()
    except (OSError, smtplib.SMTPException, ValueError) as exc:
        log.warning("A mail to person %s was not sent: %s.", user.pk, type(exc).__name__)
        given_up = claimed[0].mail_attempts >= len(RETRY_AFTER)
        rows.update(mail_error=type(exc).__name__, **({"mail_at": None} if given_up else {}))
        return
    rows.update(mail_at=None, mailed_at=timezone.now(), mail_error="")


def message(user: User, notices: list[Notice]) -> mail.EmailMessage:
    """The mail that tells these notices: plain text, links from the public address, a way to have no more of them."""
    token = signing.dumps(user.pk, salt=PURPOSE)
    one = notices[0]
    subject = one.title if len(notices) == 1 else f"{one.project.name}: {len(notices)} notices"
    numbers = f"{notices[0].pk}-{notices[-1].pk}"
    headers: dict[str, Any] = {
        "Message-ID": f"<notices.{user.pk}.{numbers}@{settings.DEFAULT_FROM_EMAIL.rstrip('>').rpartition('@')[2]}>",
        "List-Unsubscribe": f"<{settings.PUBLIC_URL}/api/v1/unsubscribe?token={token}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "Auto-Submitted": "auto-generated",
    }
    foot = (
        "You get this because you are a member of the project. Choose what comes by mail: "
        f"{settings.PUBLIC_URL}/inbox\nNo more mail at all: {settings.PUBLIC_URL}/unsubscribe?token={token}"
    )
    told = "\n\n".join(_told(notice) for notice in notices)
    return mail.EmailMessage(
        subject=" ".join(subject.split()), body=f"{told}\n\n-- \n{foot}\n", to=[user.email], headers=headers
    )


def _told(notice: Notice) -> str:
    link = f"{settings.PUBLIC_URL}{notice.url}" if notice.url.startswith("/") else notice.url
    return "\n".join(filter(None, [f"{notice.title} ({notice.project.name})", notice.body, link]))
