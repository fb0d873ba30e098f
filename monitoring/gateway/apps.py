from django.apps import AppConfig


class GatewayConfig(AppConfig):
    """The OpenAI-compatible door."""

    name = "monitoring.gateway"

    def ready(self) -> None:
        """Open the door in the web process; clean up by the clock."""
        from monitoring.gateway import lane, tasks  # noqa: PLC0415  (models exist only now)
        from variorum.jobs import schedule  # noqa: PLC0415
        from variorum.lib import lanes  # noqa: PLC0415

        door = lane.GatewayLane()
        lanes.add(door)
        lanes.on_news(door.hear)
        lanes.on_end(door.end)
        lanes.on_close(door.close)
        schedule.every(600, "gateway.clean", tasks.clean)
