from django.apps import AppConfig


class EventsConfig(AppConfig):
    """Audit trail and outgoing news."""

    name = "variorum.events"

    def ready(self) -> None:
        """Hand the recorder down to accounts, which stands below."""
        from variorum.accounts import audit  # noqa: PLC0415  (models exist only now)
        from variorum.events.services import record  # noqa: PLC0415

        audit.use(record)
