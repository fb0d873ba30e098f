from django.apps import AppConfig


class QualityConfig(AppConfig):
    """Sampling, online scoring and the figures of dashboards."""

    name = "monitoring.quality"

    def ready(self) -> None:
        """Choose among new logs as they are stored, and score what was chosen by the clock."""
        from monitoring.logs import ingest  # noqa: PLC0415  (models exist only now)
        from monitoring.quality import guarding, sampling, scoring  # noqa: PLC0415
        from variorum.jobs import schedule  # noqa: PLC0415

        ingest.watch(sampling.choose)
        schedule.every(1, "quality.score", scoring.score_pending)
        schedule.every(1, "quality.rollouts", guarding.tick)
