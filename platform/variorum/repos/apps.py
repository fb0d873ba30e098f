from django.apps import AppConfig


class ReposConfig(AppConfig):
    """Everything Git and LFS."""

    name = "variorum.repos"

    def ready(self) -> None:
        """Put packing on the clock."""
        from variorum.jobs import schedule  # noqa: PLC0415  (models exist only now)
        from variorum.repos import services  # noqa: PLC0415

        schedule.every(3600, "repos.pack", services.pack_repositories)
