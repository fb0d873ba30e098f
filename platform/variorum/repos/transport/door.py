"""What the authorising view hands to the lane."""

from dataclasses import dataclass
from pathlib import Path

from variorum.accounts.access import Actor
from variorum.accounts.models import Project
from variorum.accounts.roles import Role


@dataclass(frozen=True)
class Door:
    """Who came in, with which role, and to which repository."""

    project: Project
    path: Path
    actor: Actor
    role: Role
