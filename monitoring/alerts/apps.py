from django.apps import AppConfig


class AlertsConfig(AppConfig):
    """Alerts on what is logged and scored."""

    name = "monitoring.alerts"

    def ready(self) -> None:
        """Put the evaluation of rules, and the news of guards, on the clock."""
        from monitoring.alerts.evaluation import evaluate_due  # noqa: PLC0415  (models exist only now)
        from monitoring.alerts.guard_news import tell_due  # noqa: PLC0415
        from variorum.jobs import schedule  # noqa: PLC0415

        schedule.every(5, "alerts.evaluate", evaluate_due)
        schedule.every(2, "alerts.guards", tell_due)
