from django.apps import AppConfig


class SampleConfig(AppConfig):
    """The sample project."""

    name = "variorum_sample"

    def ready(self) -> None:
        """The stream of requests is a job like any other."""
        from variorum.jobs import registry  # noqa: PLC0415  (models exist only now)
        from variorum_sample import traffic  # noqa: PLC0415

        registry.register(traffic.KIND, traffic.send_requests)
