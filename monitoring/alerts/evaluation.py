"""Rules evaluated by the clock. Any number of processes may do it: each evaluation is claimed by one of them."""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import OperationalError, transaction
from django.utils import timezone

from monitoring.alerts import conditions, figures, firing
from monitoring.alerts.figures import Figure
from monitoring.alerts.models import Alert, AlertRule
from monitoring.alerts.suspects import suspects
from monitoring.logs.queries import patience
from variorum.lib.errors import Problem

log = logging.getLogger(__name__)
PATIENCE = 5  # seconds a rule's queries may take
FIRING = AlertRule.State.FIRING


@dataclass(frozen=True)
class Look:
    """What one evaluation found. `problem` says why it found nothing; the rule's state then stays."""

    since: datetime
    until: datetime
    figure: Figure
    standing: conditions.Standing
    problem: str = ""

    def as_json(self, rule: AlertRule) -> dict[str, Any]:
        """The figure with its window, threshold and standing."""
        return {
            **self.figure.as_json(),
            "from": self.since.isoformat(),
            "to": self.until.isoformat(),
            "threshold": rule.threshold,
            "standing": self.standing,
            "problem": self.problem,
        }


def evaluate_due() -> int:
    """Evaluate every enabled rule whose time has come; gives how many. Safe to run in several processes."""
    due = AlertRule.objects.filter(enabled=True, next_at__lte=timezone.now()).order_by("next_at")
    return sum(_evaluate_one(rule) for rule in due.select_related("project"))


def _evaluate_one(rule: AlertRule) -> bool:
    """One failing rule holds up no other."""
    try:
        return evaluate(rule)
    except Exception:
        log.exception("The alert rule %s could not be evaluated.", rule.pk)
        return False


def evaluate(rule: AlertRule) -> bool:
    """Evaluate one rule if its time has come and nobody else does; gives whether it did."""
    now = timezone.now()
    claimed = AlertRule.objects.filter(pk=rule.pk, version=rule.version, enabled=True, next_at__lte=now)
    if not claimed.update(next_at=now + period(rule)):
        return False
    found = look(rule, now)
    blamed = suspects_of(rule, found) if _would_fire(rule, found) else {}
    _apply(rule, found, blamed)
    return True


def period(rule: AlertRule) -> timedelta:
    """The time between evaluations: ten seconds; for windows over half an hour a 180th of the window."""
    return timedelta(seconds=max(10.0, rule.window_minutes * 60 / 180))


def look(rule: AlertRule, until: datetime) -> Look:
    """Measure a rule's figure now; writes nothing."""
    since = until - rule.window
    try:
        with patience(PATIENCE):
            figure = figures.figure(rule, since, until)
    except Problem as problem:
        return Look(since, until, figures.NOTHING, "none", problem.detail)
    return Look(since, until, figure, conditions.judge(rule, figure))


def suspects_of(rule: AlertRule, found: Look) -> dict[str, Any]:
    """Who may be to blame; nobody when it takes too long to find out."""
    try:
        with patience(PATIENCE):
            return suspects(rule, found.since, found.until)
    except (Problem, OperationalError):
        return {"commits": [], "deployments": []}


def _would_fire(rule: AlertRule, found: Look) -> bool:
    return rule.state != FIRING and found.standing == "beyond"


@transaction.atomic
def _apply(seen: AlertRule, found: Look, blamed: dict[str, Any]) -> None:
    """Write what was found, unless the rule was changed meanwhile."""
    rows = AlertRule.objects.select_for_update(of=("self",)).select_related("project")
    rule = rows.filter(pk=seen.pk, version=seen.version, enabled=True).first()
    if rule is None:
        return
    if not found.problem:
        _step(rule, found, blamed)
    if rule.state == FIRING:
        firing.tell(rule)
    rule.last, rule.checked_at = found.as_json(rule), found.until
    rule.save(update_fields=["state", "streak", "last", "checked_at"])


def _step(rule: AlertRule, found: Look, blamed: dict[str, Any]) -> None:
    """Count evaluations in a row that speak for the other state; change it when there are enough."""
    turns = found.standing in ("good", "none") if rule.state == FIRING else found.standing == "beyond"
    rule.streak = rule.streak + 1 if turns else 0
    if rule.streak < rule.consecutive:
        return
    if rule.state == FIRING:
        quiet = found.standing == "none"
        firing.resolve(rule, Alert.Resolution.QUIET if quiet else Alert.Resolution.BETTER, found.as_json(rule))
    else:
        firing.fire(rule, found.as_json(rule), blamed or suspects_of(rule, found))
