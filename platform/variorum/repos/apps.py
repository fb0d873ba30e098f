from django.apps import AppConfig
from django.core.exceptions import ImproperlyConfigured


class ReposConfig(AppConfig):
    """Everything Git and LFS."""

    name = "variorum.repos"

    def ready(self) -> None:
        """Put packing on the clock; a STORAGE_URL that cannot be meant stops the start."""
        from variorum.jobs import schedule  # noqa: PLC0415  (models exist only now)
        from variorum.lib import objects  # noqa: PLC0415
        from variorum.repos import services  # noqa: PLC0415

        try:
            objects.store()
        except ValueError as error:
            raise ImproperlyConfigured(str(error)) from None

        schedule.every(3600, "repos.pack", services.pack_repositories)
