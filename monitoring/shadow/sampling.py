"""Which logs are answered again: decided in the transaction that stores them, by their ids alone."""

from collections.abc import Iterable
from uuid import UUID

from monitoring.logs import shares
from monitoring.logs.entries import Entry
from monitoring.shadow.models import Shadow, ShadowPair

PERSON = b"variorum.shadow"  # never changes; two shadows of the same share see the same requests
SHORTEST = 7  # digits of a commit's beginning


def choose(entries: list[Entry]) -> None:
    """Put what the running shadows choose among new logs on their lists. Called inside the transaction of ingest."""
    projects = {entry.project_id for entry in entries}
    running = Shadow.objects.filter(project__in=projects, state=Shadow.State.RUNNING, full=False)
    shadows = list(running.select_related("environment"))
    chosen = [
        ShadowPair(shadow=shadow, log_id=entry.id, day=entry.day, prompt=entry.prompt)
        for shadow in shadows
        for entry in _wanted(shadow, entries)
    ]
    if chosen:
        ShadowPair.objects.bulk_create(chosen, batch_size=2000, ignore_conflicts=True)


def share_of(id_: UUID) -> float:
    """Where an id falls from 0 to 1."""
    return shares.share_of(id_, PERSON)


def _wanted(shadow: Shadow, entries: Iterable[Entry]) -> Iterable[Entry]:
    prompts, environment = set(shadow.prompts), shadow.environment.slug
    for entry in entries:
        if (
            entry.project_id == shadow.project_id
            and not entry.failed
            and entry.environment == environment
            and entry.prompt in prompts
            and same_commit(entry.commit, shadow.baseline)
            and share_of(entry.id) < shadow.share
        ):
            yield entry


def same_commit(logged: str, commit: str) -> bool:
    """Whether a log names this commit, by its id or the beginning of it."""
    return len(logged) >= SHORTEST and commit.startswith(logged.lower())
