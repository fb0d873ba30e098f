from django.apps import AppConfig
from django.db.models.signals import post_migrate


class MetricsConfig(AppConfig):
    """Metrics and scores."""

    name = "evals.metrics"

    def ready(self) -> None:
        """The built-in metrics are rows, put there after every migration."""
        from evals.metrics.services import put_built_ins  # noqa: PLC0415  (models exist only now)

        post_migrate.connect(put_built_ins, sender=self)
