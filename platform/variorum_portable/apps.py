from django.apps import AppConfig


class PortableConfig(AppConfig):
    """Export and import of projects."""

    name = "variorum_portable"

    def ready(self) -> None:
        """An export is a job; its file goes after a week."""
        from variorum.jobs import registry, schedule  # noqa: PLC0415  (models exist only now)
        from variorum_portable import tasks  # noqa: PLC0415

        registry.register(tasks.KIND, tasks.export)
        schedule.every(3600, "portable.exports", tasks.forget_old_exports)
