from django.apps import AppConfig


class ShadowConfig(AppConfig):
    """Candidates that answer live requests unseen."""

    name = "monitoring.shadow"

    def ready(self) -> None:
        """Choose among new logs as they are stored, and answer what was chosen by the clock."""
        from monitoring.logs import ingest  # noqa: PLC0415  (models exist only now)
        from monitoring.shadow import sampling, work  # noqa: PLC0415
        from variorum.jobs import schedule  # noqa: PLC0415

        ingest.watch(sampling.choose)
        schedule.every(1, "shadow.step", work.step)
        schedule.every(3600, "shadow.retention", work.forget_old_texts)
