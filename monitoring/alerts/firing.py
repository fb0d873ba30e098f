"""The two changes of a rule's state, each in one transaction with its alert, its event and its news."""

from typing import Any

from django.utils import timezone

from monitoring.alerts import news
from monitoring.alerts.channels import KINDS
from monitoring.alerts.models import Alert, AlertRule
from variorum.accounts.access import Actor
from variorum.accounts.models import Project
from variorum.events.services import record

FIRING, OK = AlertRule.State.FIRING, AlertRule.State.OK
CONDITION = (
    "kind", "metric", "quantile", "threshold", "prompt", "environment", "window_minutes", "minimum_n", "consecutive",
    "sure",
)  # fmt: skip


def fire(rule: AlertRule, figures: dict[str, Any], suspects: dict[str, Any]) -> Alert:
    """Open an alert. The caller holds the rule's row."""
    rule.state, rule.streak = FIRING, 0
    alert = Alert.objects.create(
        project=rule.project,
        number=_next_number(rule.project),
        rule=rule,
        rule_name=rule.name,
        condition={name: getattr(rule, name) for name in CONDITION},
        figures=figures,
        suspects=suspects,
    )
    _record(alert, "alert.firing")
    return alert


def resolve(rule: AlertRule, resolution: Alert.Resolution, figures: dict[str, Any] | None = None) -> None:
    """Close the rule's firing alert, if there is one, and tell whoever was told of it. The caller holds the row."""
    rule.state, rule.streak = OK, 0
    alert = firing_alert(rule)
    if alert is None:
        return
    alert.state, alert.resolution, alert.resolved_at = "resolved", resolution, timezone.now()
    alert.resolved_figures = figures
    alert.save(update_fields=["state", "resolution", "resolved_at", "resolved_figures"])
    _record(alert, "alert.resolved")
    if alert.told_at:
        _send(alert, rule)


def tell(rule: AlertRule) -> None:
    """Tell of the firing alert, once; while the rule is silenced, not yet. The caller holds the row."""
    alert = None if rule.silenced else firing_alert(rule)
    if alert and Alert.objects.filter(pk=alert.pk, told_at=None).update(told_at=timezone.now()):
        _send(alert, rule)


def firing_alert(rule: AlertRule) -> Alert | None:
    """The one alert of a rule that fires now."""
    return Alert.objects.filter(rule=rule, state="firing").select_related("project").first()


def _send(alert: Alert, rule: AlertRule) -> None:
    message = news.of_alert(alert, rule)
    for channel in rule.channels.filter(enabled=True).select_related("project"):
        KINDS[channel.kind].send(channel, message)


def _record(alert: Alert, kind: str) -> None:
    data = {"rule": alert.rule_name, "figures": alert.figures, "resolution": alert.resolution}
    record(project=alert.project, actor=Actor.system(), kind=kind, subject=("alert", str(alert.number)), data=data)


def _next_number(project: Project) -> int:
    """Counted under the project's lock, which the caller's transaction keeps."""
    Project.objects.select_for_update().get(pk=project.pk)
    newest = Alert.objects.filter(project=project).order_by("-number").first()
    return newest.number + 1 if newest else 1
