"""Writes of sampling rules."""

from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction

from evals.metrics.queries import find_metrics
from monitoring.quality.models import SamplingRule
from variorum.accounts.access import Actor
from variorum.accounts.models import Project
from variorum.events.services import record
from variorum.lib.errors import Conflict, Invalid, NotFound


def create_rule(
    *,
    project: Project,
    actor: Actor,
    metric: str,
    rate: float,
    environment: str = "",
    prompt: str = "",
    enabled: bool = True,
    monthly_cap: Decimal | None = None,
) -> SamplingRule:
    """A new rule. Raises Invalid for a metric that cannot be run, Conflict when the same scope has a rule already."""
    _check_metric(project, metric)
    fields = {"metric": metric, "rate": rate, "environment": environment, "prompt": prompt, "enabled": enabled}
    try:
        with transaction.atomic():
            made = SamplingRule.objects.create(
                project=project, created_by=actor.user, monthly_cap=monthly_cap, **fields
            )
            _tell(made, actor, "sampling_rule.created", {**fields, "monthly_cap": _text(monthly_cap)})
    except IntegrityError:
        raise _taken() from None
    return made


def change_rule(*, rule: SamplingRule, actor: Actor, seen: int, changes: dict[str, Any]) -> SamplingRule:
    """Change a rule. Raises Conflict when it is no longer at version `seen`, or the new scope has a rule already."""
    if "metric" in changes:
        _check_metric(rule.project, changes["metric"])
    try:
        with transaction.atomic():
            same = SamplingRule.objects.filter(pk=rule.pk, version=seen)
            if not same.update(version=seen + 1, **changes):
                raise Conflict("Somebody changed this rule meanwhile. Look at it and try again.", code="stale_version")
            _tell(rule, actor, "sampling_rule.updated", {name: _text(value) for name, value in changes.items()})
    except IntegrityError:
        raise _taken() from None
    rule.refresh_from_db()
    return rule


@transaction.atomic
def delete_rule(*, rule: SamplingRule, actor: Actor) -> None:
    """Take a rule away with what it has not scored yet. Its scores stay."""
    _tell(rule, actor, "sampling_rule.deleted", {"metric": rule.metric})
    SamplingRule.objects.filter(pk=rule.pk).delete()


def _check_metric(project: Project, slug: str) -> None:
    try:
        find_metrics(project, [slug])
    except NotFound as exc:
        raise Invalid(exc.detail, errors=[{"where": "metric", "code": "unknown", "detail": exc.detail}]) from None


def _taken() -> Conflict:
    return Conflict(
        "There is a rule for this metric, environment and prompt already. Change that one.", code="rule_taken"
    )


def _text(value: Any) -> Any:
    return str(value) if isinstance(value, Decimal) else value


def _tell(rule: SamplingRule, actor: Actor, kind: str, data: dict[str, Any]) -> None:
    record(project=rule.project, actor=actor, kind=kind, subject=("sampling_rule", str(rule.pk)), data=data)
