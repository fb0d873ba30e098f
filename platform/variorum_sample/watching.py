"""How the sample's requests are watched: two metrics on every request, one alert rule with the inbox as its channel.

A request knows no dataset whose labels an answer could be one of: the sample's own metric lists them.
"""

from evals.metrics.models import Metric
from evals.metrics.services import create_metric
from monitoring.alerts.models import AlertRule, Channel
from monitoring.alerts.services import create_channel
from monitoring.alerts.services import create_rule as create_alert_rule
from monitoring.quality.models import SamplingRule
from monitoring.quality.services import create_rule as create_sampling_rule
from variorum.accounts.access import Actor
from variorum.accounts.models import Project
from variorum_sample import texts

LABEL = "triage-label"

ALERT = {
    "name": "Triage answers are not labels",
    "kind": AlertRule.Kind.SCORE,
    "metric": LABEL,
    "threshold": 0.5,
    "prompt": "triage",
    "environment": "production",
    "window_minutes": 30,
    "minimum_n": 30,
    "consecutive": 2,
}


def ensure(project: Project, actor: Actor) -> None:
    """Make what is missing."""
    if not Metric.objects.filter(project=project, slug=LABEL).exists():
        create_metric(
            project=project,
            actor=actor,
            name="A triage label",
            slug=LABEL,
            kind="code",
            function="label_valid",
            config={"labels": texts.LABELS},
            description="Right when the answer is one of the desk's six labels, whichever.",
        )
    for metric in ("exact-match", LABEL):
        if not SamplingRule.objects.filter(project=project, metric=metric).exists():
            create_sampling_rule(project=project, actor=actor, metric=metric, rate=1.0, prompt="triage")
    if not AlertRule.objects.filter(project=project).exists():
        create_alert_rule(project=project, actor=actor, fields=ALERT, channels=[_inbox(project, actor)])


def _inbox(project: Project, actor: Actor) -> Channel:
    found = Channel.objects.filter(project=project, kind=Channel.Kind.INBOX).first()
    if found is not None:
        return found
    return create_channel(project=project, actor=actor, kind="inbox", name="Everybody's inbox", address="viewer")[0]
