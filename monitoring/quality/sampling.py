"""Which logs are scored: decided in the transaction that stores them, by their ids alone."""

from datetime import UTC, date, datetime
from uuid import UUID

from monitoring.logs import shares
from monitoring.logs.entries import Entry
from monitoring.quality.models import PendingScore, SamplingRule

PERSON = b"variorum.sample"  # never changes: it decides which logs are chosen


def share_of(id_: UUID) -> float:
    """Where an id falls from 0 to 1; a rule of rate r chooses what falls below r. The same for ever and everywhere."""
    return shares.share_of(id_, PERSON)


def choose(entries: list[Entry]) -> None:
    """Put what the rules choose among new logs on the waiting list. Called inside the transaction that stores them."""
    rules = list(SamplingRule.objects.filter(project__in={entry.project_id for entry in entries}, enabled=True))
    if not rules:
        return
    rules.sort(key=lambda rule: -rule.rate)
    chosen = [
        PendingScore(rule=rule, project_id=entry.project_id, log_id=entry.id, day=entry.day)
        for entry in entries
        if not entry.failed
        for rule in _rules_for(entry, rules)
    ]
    PendingScore.objects.bulk_create(chosen, batch_size=2000)


def _rules_for(entry: Entry, rules: list[SamplingRule]) -> list[SamplingRule]:
    """One rule of each metric at most: the one of the highest rate that fits."""
    share = share_of(entry.id)
    found: dict[str, SamplingRule] = {}
    for rule in rules:
        if rule.project_id == entry.project_id and share < rule.rate and fits(rule, entry.environment, entry.prompt):
            found.setdefault(rule.metric, rule)
    return list(found.values())


def fits(rule: SamplingRule, environment: str, prompt: str) -> bool:
    """Whether a rule is about a log's environment and prompt."""
    return rule.environment in ("", environment) and rule.prompt in ("", prompt)


def month_now() -> date:
    """The first day of this month, UTC."""
    return datetime.now(tz=UTC).date().replace(day=1)


def capped(rule: SamplingRule) -> bool:
    """Whether a rule has spent this month's money."""
    return rule.monthly_cap is not None and rule.month == month_now() and rule.spent >= rule.monthly_cap
