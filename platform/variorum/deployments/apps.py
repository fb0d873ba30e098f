from django.apps import AppConfig

TEND_S = 30


class DeploymentsConfig(AppConfig):
    """Which commit is live where."""

    name = "variorum.deployments"

    def ready(self) -> None:
        """Keep the adapters of what is live loaded; put what is scheduled on the clock."""
        from variorum.deployments import adapters, schedules  # noqa: PLC0415  (models exist only now)
        from variorum.jobs import schedule  # noqa: PLC0415

        schedule.every(TEND_S, "adapters", adapters.tend)
        schedule.every(1, "deployments.scheduled", schedules.run_due)
