"""Writes of logs."""

from typing import NamedTuple

from monitoring.logs import entries, ingest
from variorum.accounts.models import Project


class Taken(NamedTuple):
    """How many logs of a request were new, and how many were here already."""

    accepted: int
    duplicates: int


def take_logs(*, project: Project, body: bytes) -> Taken:
    """Check and store a posted batch: all of it or nothing, durable on return, harmless to repeat.

    Raises Invalid naming each bad log and field. Logs leave no event: they are their own record.
    """
    found = entries.read_entries(body, project_id=project.pk)
    accepted = ingest.store(found)
    return Taken(accepted, len(found) - accepted)
