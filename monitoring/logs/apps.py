from django.apps import AppConfig


class LogsConfig(AppConfig):
    """Logs of production calls."""

    name = "monitoring.logs"

    def ready(self) -> None:
        """Open the fast lane of ingest; put partitions and retention on the clock."""
        from monitoring.logs import lane, tasks  # noqa: PLC0415  (models exist only now)
        from variorum.jobs import schedule  # noqa: PLC0415
        from variorum.lib import lanes  # noqa: PLC0415

        lanes.add(lane.IngestLane())
        schedule.every(3600, "logs.partitions", tasks.keep_partitions)
