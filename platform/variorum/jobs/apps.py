from django.apps import AppConfig


class JobsConfig(AppConfig):
    """Long work done by workers."""

    name = "variorum.jobs"

    def ready(self) -> None:
        """Put the sweeps on the clock."""
        from variorum.events import mail  # noqa: PLC0415  (models exist only now)
        from variorum.events.services import sweep_outbox  # noqa: PLC0415
        from variorum.jobs import schedule, services  # noqa: PLC0415

        schedule.every(2, "jobs.sweep", services.sweep)
        schedule.every(2, "events.outbox", sweep_outbox)
        schedule.every(2, "events.mail", mail.sweep)
