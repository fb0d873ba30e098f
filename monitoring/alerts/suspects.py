"""Who may be to blame: the commits that served in a window and the deployments made in or shortly before it."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet

from monitoring.alerts import figures
from monitoring.alerts.models import AlertRule
from variorum.deployments.models import Deployment
from variorum.deployments.queries import deployments_of

COMMITS, DEPLOYMENTS = 5, 10
SHORTLY = timedelta(hours=1)  # before a window; the window's own width where that is more


def suspects(rule: AlertRule, since: datetime, until: datetime) -> dict[str, Any]:
    """`{"commits": [...], "deployments": [...]}`, the worst commit and the newest deployment first."""
    commits = [_commit(rule, since, until, sha) for sha, _ in figures.commits_in(rule, since, until, COMMITS)]
    return {
        "commits": sorted(commits, key=lambda found: _badness(rule, found), reverse=True),
        "deployments": _deployments(rule, since, until),
    }


def _commit(rule: AlertRule, since: datetime, until: datetime, sha: str) -> dict[str, Any]:
    live = _of_scope(rule).filter(commit=sha).order_by("-number").first() if len(sha) == 40 else None
    found = figures.figure(rule, since, until, sha)
    return {"commit": sha, "deployment": live.number if live else None, **found.as_json()}


def _badness(rule: AlertRule, found: dict[str, Any]) -> float:
    """By the bound that speaks for the commit, so that a few bad requests do not outrank many."""
    if rule.kind == AlertRule.Kind.TRAFFIC:
        return float(found["n"])
    bound = found["high"] if rule.below else found["low"]
    return 0.0 if bound is None else float(-bound if rule.below else bound)


def _deployments(rule: AlertRule, since: datetime, until: datetime) -> list[dict[str, Any]]:
    early = since - max(SHORTLY, until - since)
    rows = _of_scope(rule).filter(created_at__gte=early, created_at__lte=until).order_by("-number")
    return [
        {
            "number": deployment.number,
            "environment": deployment.environment.slug,
            "commit": deployment.commit,
            "subject": deployment.subject,
            "kind": deployment.kind,
            "actor_name": deployment.actor_name,
            "at": deployment.created_at.isoformat(),
        }
        for deployment in rows[:DEPLOYMENTS]
    ]


def _of_scope(rule: AlertRule) -> QuerySet[Deployment]:
    rows = deployments_of(rule.project)
    return rows.filter(environment__slug=rule.environment) if rule.environment else rows
