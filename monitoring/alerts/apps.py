from django.apps import AppConfig


class AlertsConfig(AppConfig):
    """Alerts on what is logged and scored."""

    name = "monitoring.alerts"

    def ready(self) -> None:
        """Put the evaluation of rules on the clock."""
        from monitoring.alerts.evaluation import evaluate_due  # noqa: PLC0415  (models exist only now)
        from variorum.jobs import schedule  # noqa: PLC0415

        schedule.every(5, "alerts.evaluate", evaluate_due)
