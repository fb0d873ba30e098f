"""Writes of logs."""

from typing import NamedTuple

from evals.metrics.services import feedback_metric
from evals.metrics.verdicts import Verdict
from monitoring.logs import entries, ingest, scores
from monitoring.logs.models import Log
from variorum.accounts.access import check_environment
from variorum.accounts.models import ApiKey, Project


class Taken(NamedTuple):
    """How many logs of a request were new, and how many were here already."""

    accepted: int
    duplicates: int


def take_logs(*, project: Project, body: bytes, key: ApiKey | None = None) -> Taken:
    """Check and store a posted batch: all of it or nothing, durable on return, harmless to repeat.

    A `key` that was not looked up just now is looked at again when the batch is written. Raises Invalid naming each bad
    log and field, Unauthenticated for a key that is no longer good, Forbidden for one bound to other environments than
    those of the logs. Logs leave no event: they are their own record.
    """
    found = entries.read_entries(body, project_id=project.pk)
    for entry in found if key and key.environments else ():
        check_environment(key, entry.environment)
    accepted = ingest.store(found, key_id=key.pk if key else None)
    return Taken(accepted, len(found) - accepted)


def give_feedback(*, log: Log, value: float, comment: str = "", user: str = "") -> None:
    """Score a log for a user of the app. The same user again replaces it; users without a name are one user."""
    label = "good" if value >= 0.5 else "bad"
    verdict = Verdict(value, label, comment)
    author = f"user:{user}" if user else "user"
    scores.record(project=log.project, scores=[scores.LogScore(log, feedback_metric(), verdict, author)])
