"""A signed POST of Standard Webhooks, put in the outbox, which tries again for 16 hours."""

import base64
import secrets

from monitoring.alerts.models import Channel
from monitoring.alerts.news import News
from variorum.events.models import Delivery
from variorum.events.services import deliver
from variorum.lib import crypto
from variorum.lib.errors import Detail, Invalid
from variorum.lib.net import resolve_public

NAME = "Webhook"


def check(address: str) -> str:
    """The address as it is kept. Raises Invalid for one that we would not send to."""
    try:
        resolve_public(address)
    except Invalid as problem:
        errors: list[Detail] = [{"where": "address", "code": problem.stable_code, "detail": problem.detail}]
        raise Invalid(problem.detail, code=problem.stable_code, errors=errors) from None
    return address


def new_secret() -> str:
    """A signing secret in the notation of Standard Webhooks."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def send(channel: Channel, news: News) -> Delivery:
    """Put it in the outbox; the same news twice are one message."""
    return deliver(
        project=channel.project,
        url=channel.address,
        secret=crypto.unseal(channel.sealed_secret),
        payload={"type": news.type, "timestamp": news.at, "data": news.data},
        subject=("channel", str(channel.pk)),
        message_id=f"msg_{news.id}-{channel.pk}",
    )
