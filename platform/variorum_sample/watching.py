"""How the sample's requests are watched."""

from variorum.accounts.access import Actor
from variorum.accounts.models import Project


def ensure(project: Project, actor: Actor) -> None:
    """Nothing yet beyond the logs themselves."""
