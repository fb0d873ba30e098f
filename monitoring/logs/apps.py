from django.apps import AppConfig


class LogsConfig(AppConfig):
    """Logs of production calls."""

    name = "monitoring.logs"

    def ready(self) -> None:
        """Put partitions and retention on the clock."""
        from monitoring.logs import tasks  # noqa: PLC0415  (models exist only now)
        from variorum.jobs import schedule  # noqa: PLC0415

        schedule.every(3600, "logs.partitions", tasks.keep_partitions)
