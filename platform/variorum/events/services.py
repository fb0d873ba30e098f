"""Writes of the audit trail, notices and the outbox."""

import base64
import hashlib
import json
import logging
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from standardwebhooks import Webhook

from variorum.accounts.access import Actor
from variorum.accounts.models import Membership, Project, User
from variorum.accounts.roles import Role, at_least
from variorum.events import live, mail
from variorum.events.models import Delivery, Event, Notice
from variorum.lib import crypto, ids
from variorum.lib.errors import Problem
from variorum.lib.safe_http import post_bytes

log = logging.getLogger(__name__)
RETRY_AFTER = [5, 30, 120, 600, 3600, 3 * 3600, 12 * 3600]  # seconds before attempts 2 to 8


def record(
    *, project: Project, actor: Actor, kind: str, subject: tuple[str, str], data: dict[str, Any] | None = None
) -> Event:
    """Write one line of the audit trail and tell open pages. Call it inside the change's own transaction."""
    event = Event.objects.create(
        project=project,
        kind=kind,
        actor_name=actor.name[:220],
        user=actor.user,
        key=actor.key,
        subject_kind=subject[0],
        subject_id=str(subject[1]),
        data=data or {},
    )
    live.publish(project.pk, kind, (subject[0], str(subject[1])), {"actor": actor.name})
    return event


def notify(
    *,
    project: Project,
    title: str,
    body: str = "",
    url: str = "",
    user: User | None = None,
    people: Sequence[User] | None = None,
    role: Role = Role.VIEWER,
    kind: str = Notice.Kind.NEWS,
) -> None:
    """Put a line in the inbox of one person, of several, or of every member with at least `role`.

    Who wants notices of this kind by mail gets one: it is due a moment after the commit, see `mail.sweep`.
    """
    told = [user] if user else _members(project, role) if people is None else people
    due = timezone.now() + mail.PATIENCE
    Notice.objects.bulk_create(
        Notice(
            user=person,
            project=project,
            title=title[:200],
            body=body,
            url=url[:300],
            kind=kind,
            mail_at=due if mail.wants(person, kind) else None,
        )
        for person in told
    )
    live.publish(project.pk, "notice.created", ("notice", ""), {})


def _members(project: Project, role: Role) -> list[User]:
    members = Membership.objects.filter(project=project).select_related("user")
    return [member.user for member in members if at_least(member.role, role)]


def read_notices(*, user: User, upto: int) -> int:
    """Mark a person's notices up to an id as read; gives how many changed."""
    return Notice.objects.filter(user=user, pk__lte=upto, read_at=None).update(read_at=timezone.now())


def deliver(
    *,
    project: Project,
    url: str,
    secret: str,
    payload: dict[str, Any],
    subject: tuple[str, str],
    message_id: str | None = None,
) -> Delivery:
    """Put a webhook message in the outbox. The same `message_id` again is the same message. `secret` is sealed here."""
    delivery, _ = Delivery.objects.get_or_create(
        message_id=message_id or f"msg_{ids.uuid7().hex}",
        defaults={
            "project": project,
            "url": url,
            "sealed_secret": crypto.seal(secret),
            "payload": payload,
            "subject_kind": subject[0],
            "subject_id": subject[1],
        },
    )
    return delivery


def sweep_outbox(limit: int = 20) -> int:
    """Send what is due; gives how many were tried. Safe to run in several processes."""
    tried = 0
    while tried < limit and (delivery := _claim_due()):
        _attempt(delivery)
        tried += 1
    return tried


def _claim_due() -> Delivery | None:
    """Count the attempt before making it, so that a crash cannot repeat it for ever."""
    with transaction.atomic():
        due = Delivery.objects.select_for_update(skip_locked=True).filter(
            state=Delivery.State.WAITING, next_at__lte=timezone.now()
        )
        delivery = due.order_by("next_at").first()
        if delivery is None:
            return None
        wait = RETRY_AFTER[min(delivery.attempts, len(RETRY_AFTER) - 1)]
        Delivery.objects.filter(pk=delivery.pk).update(
            attempts=F("attempts") + 1, next_at=timezone.now() + timedelta(seconds=wait)
        )
        delivery.attempts += 1
        return delivery


def _attempt(delivery: Delivery) -> None:
    try:
        status = _send(delivery)
        error = "" if status < 300 else f"The receiver answered {status}."
    except (httpx.HTTPError, Problem, ValueError) as exc:
        status, error = None, (exc.detail if isinstance(exc, Problem) else type(exc).__name__)
    state = Delivery.State.DELIVERED if not error else Delivery.State.WAITING
    if error and delivery.attempts > len(RETRY_AFTER):
        state = Delivery.State.FAILED
    Delivery.objects.filter(pk=delivery.pk).update(state=state, last_status=status, last_error=error[:300])
    live.publish(delivery.project_id, f"delivery.{state}", (delivery.subject_kind, delivery.subject_id))


def _send(delivery: Delivery) -> int:
    body = json.dumps(delivery.payload, separators=(",", ":"))
    now = datetime.now(tz=UTC)
    signature = Webhook(signing_key(crypto.unseal(delivery.sealed_secret))).sign(delivery.message_id, now, body)
    headers = {
        "content-type": "application/json",
        "webhook-id": delivery.message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": signature,
    }
    return post_bytes(delivery.url, body.encode(), headers=headers, timeout=10)


def signing_key(secret: str) -> str:
    """A Standard Webhooks key: `whsec_...` as it is, any other text hashed to 32 bytes."""
    if secret.startswith("whsec_"):
        return secret
    return "whsec_" + base64.b64encode(hashlib.sha256(secret.encode()).digest()).decode()
