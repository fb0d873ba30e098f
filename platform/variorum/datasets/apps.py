from django.apps import AppConfig


class DatasetsConfig(AppConfig):
    """Datasets and their versions."""

    name = "variorum.datasets"

    def ready(self) -> None:
        """Long imports are jobs; forgotten uploads go by the clock."""
        from variorum.datasets import services, tasks  # noqa: PLC0415  (models exist only now)
        from variorum.jobs import registry, schedule  # noqa: PLC0415
        from variorum.lib import objects  # noqa: PLC0415

        registry.register("import", tasks.import_upload)
        objects.hold(services.holds_content)
        schedule.every(3600, "datasets.uploads", services.forget_old_uploads)
