"""What channels say."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings

from evals.metrics.queries import find_metric
from monitoring.alerts.conditions import in_words, scope, subject, written
from monitoring.alerts.models import Alert, AlertRule, Channel
from variorum.lib.errors import NotFound


@dataclass(frozen=True)
class News:
    """One message: for people `title`, `body` and `url` (a path), for programs `type` and `data`.

    `id` makes it the same message when it is sent again.
    """

    id: str
    type: str
    at: str
    title: str
    body: str
    url: str
    data: dict[str, Any]


def of_alert(alert: Alert, rule: AlertRule) -> News:
    """That an alert fires, or that it is resolved."""
    firing = alert.state == "firing"
    word = "firing" if firing else "resolved"
    return News(
        id=f"alert-{alert.pk}-{word}",
        type=f"alert.{word}",
        at=(alert.opened_at if firing else alert.resolved_at or alert.opened_at).isoformat(),
        title=f"{'Firing' if firing else 'Resolved'}: {alert.rule_name}",
        body=_body(alert, rule),
        url=f"/p/{alert.project.slug}/alerts/{alert.number}",
        data=_data(alert, rule),
    )


def of_test(channel: Channel, id_: str, at: str) -> News:
    """A trial of a channel."""
    return News(
        id=id_,
        type="channel.test",
        at=at,
        title=f"Test of the channel {channel.name}",
        body="Alerts will arrive like this.",
        url=f"/p/{channel.project.slug}/alerts?tab=channels",
        data={"project": channel.project.slug, "channel": channel.name},
    )


def _body(alert: Alert, rule: AlertRule) -> str:
    figures = alert.figures if alert.state == "firing" else alert.resolved_figures
    reason = {"quiet": "Nothing was logged any more. ", "changed": "The rule was changed. "}.get(alert.resolution, "")
    if not figures or figures["value"] is None:
        return f"{reason}{_sentence(in_words(rule, _metric(rule)))}, {scope(rule)}."
    range_ = ""
    if figures["low"] is not None and figures["low"] != figures["high"]:
        high = written(rule, figures["high"]) if figures["high"] is not None else "unknown"
        range_ = f" (95 % interval {written(rule, figures['low'])} to {high}, n = {figures['n']})"
    value = f"{_sentence(subject(rule, _metric(rule)))} {written(rule, figures['value'])}{range_}"
    return f"{reason}{value}; the limit is {written(rule, figures['threshold'])}. {_sentence(scope(rule))}."


def _data(alert: Alert, rule: AlertRule) -> dict[str, Any]:
    return {
        "project": alert.project.slug,
        "alert": alert.number,
        "url": f"{settings.PUBLIC_URL}/p/{alert.project.slug}/alerts/{alert.number}",
        "rule": {"name": alert.rule_name, "condition": in_words(rule, _metric(rule)), **alert.condition},
        "state": alert.state,
        "opened_at": alert.opened_at.isoformat(),
        "resolved_at": alert.resolved_at.isoformat() if alert.resolved_at else None,
        "resolution": alert.resolution,
        "figures": alert.figures,
        "resolved_figures": alert.resolved_figures,
        "suspects": alert.suspects,
    }


def _metric(rule: AlertRule) -> str:
    """The name of the rule's metric; empty where it has none or it is gone."""
    try:
        return find_metric(rule.project, rule.metric).name if rule.metric else ""
    except NotFound:
        return ""


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]
