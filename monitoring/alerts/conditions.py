"""Whether a figure breaks a rule, and the rule in words."""

from typing import Literal

from monitoring.alerts.figures import Figure
from monitoring.alerts.models import AlertRule

Kind = AlertRule.Kind
# beyond: fires; unsure: beyond by the estimate, not by the whole interval; few: less than the minimum; none: no data
Standing = Literal["good", "unsure", "beyond", "few", "none"]


def judge(rule: AlertRule, figure: Figure) -> Standing:
    """How a figure stands to a rule. A count of requests is exact and needs no minimum."""
    if rule.kind != Kind.TRAFFIC and figure.n < rule.minimum_n:
        return "few" if figure.n else "none"
    if not _beyond(rule, figure.value):
        return "good"
    bound = figure.high if rule.below else figure.low
    return "beyond" if not rule.sure or _beyond(rule, bound) else "unsure"


def _beyond(rule: AlertRule, value: float | None) -> bool:
    if value is None:
        return False
    return value < rule.threshold if rule.below else value > rule.threshold


def in_words(rule: AlertRule, metric: str = "") -> str:
    """The condition, as in `error rate above 5 %`; `metric` as for `subject`."""
    side = "below" if rule.below else "above"
    return f"{subject(rule, metric)} {side} {written(rule, rule.threshold)}"


def subject(rule: AlertRule, metric: str = "") -> str:
    """What is watched, in words; `metric` is the name of its metric, where it is known, else it goes by the slug."""
    return {
        Kind.SCORE: f"{metric or rule.metric} score",
        Kind.ERRORS: "error rate",
        Kind.LATENCY: f"p{rule.quantile * 100:g} latency",
        Kind.COST: "cost per hour",
        Kind.TRAFFIC: f"requests in {rule.window_minutes} min",
    }[Kind(rule.kind)]


def written(rule: AlertRule, value: float | None) -> str:
    """A figure with its unit."""
    if value is None:
        return "unknown"
    return {
        Kind.SCORE: f"{value:.3g}",
        Kind.ERRORS: f"{value * 100:.3g} %",
        Kind.LATENCY: f"{value:,.0f} ms",
        Kind.COST: f"${value:,.4g}/h",
        Kind.TRAFFIC: f"{value:,.0f}",
    }[Kind(rule.kind)]


def scope(rule: AlertRule) -> str:
    """Where it is watched, in words."""
    parts = [rule.prompt and f"prompt {rule.prompt}", rule.environment and f"in {rule.environment}"]
    return " ".join(part for part in parts if part) or "all requests"
