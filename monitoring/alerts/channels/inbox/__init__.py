"""A line in the inbox of every member who has at least the role that is the channel's address."""

from monitoring.alerts.models import Channel
from monitoring.alerts.news import News
from variorum.accounts.roles import Role
from variorum.events.services import notify
from variorum.lib.errors import Invalid

NAME = "Inbox"


def check(address: str) -> str:
    """The role; everybody's when none is named. Raises Invalid."""
    role = address or Role.VIEWER.value
    if role not in Role.values:
        text = f"Name the least role that is told: {', '.join(Role.values)}."
        raise Invalid(text, errors=[{"where": "address", "code": "invalid", "detail": text}])
    return role


def new_secret() -> str:
    """None: it does not leave the house."""
    return ""


def send(channel: Channel, news: News) -> None:
    """Written in the caller's transaction."""
    notify(project=channel.project, title=news.title, body=news.body, url=news.url, role=Role(channel.address))
