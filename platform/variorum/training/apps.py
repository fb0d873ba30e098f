from django.apps import AppConfig


class TrainingConfig(AppConfig):
    """Fine-tuning of the small model."""

    name = "variorum.training"

    def ready(self) -> None:
        """Name the handler of the job kind: one at a time, since each takes the cores it is given."""
        from variorum.jobs import registry, schedule  # noqa: PLC0415  (models exist only now)
        from variorum.training import exports, services, tasks  # noqa: PLC0415

        registry.register(services.KIND, tasks.fine_tune, alone=True)
        registry.register(exports.KIND, exports.export_adapter, alone=True)
        schedule.every(3600, "training.exports", exports.forget_old_exports)
