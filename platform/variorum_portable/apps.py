from django.apps import AppConfig


class PortableConfig(AppConfig):
    """Export and import of projects."""

    name = "variorum_portable"

    def ready(self) -> None:
        """Exports and imports are jobs; what they leave goes after a week."""
        from variorum.jobs import registry, schedule  # noqa: PLC0415  (models exist only now)
        from variorum_portable import arriving, tasks  # noqa: PLC0415

        registry.register(tasks.KIND, tasks.export)
        registry.register(arriving.KIND, arriving.bring)
        schedule.every(3600, "portable.exports", tasks.forget_old_exports)
        schedule.every(3600, "portable.imports", arriving.forget_old_imports)
