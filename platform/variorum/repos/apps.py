from django.apps import AppConfig
from django.core.exceptions import ImproperlyConfigured


class ReposConfig(AppConfig):
    """Everything Git and LFS."""

    name = "variorum.repos"

    def ready(self) -> None:
        """Packing and collecting on the clock, the lane of large files; a bad STORAGE_URL stops the start."""
        from variorum.jobs import schedule  # noqa: PLC0415  (models exist only now)
        from variorum.lib import lanes, objects  # noqa: PLC0415
        from variorum.repos import services  # noqa: PLC0415
        from variorum.repos.hub import lane  # noqa: PLC0415
        from variorum.repos.lfs import collecting, transfer  # noqa: PLC0415

        try:
            objects.store()
        except ValueError as error:
            raise ImproperlyConfigured(str(error)) from None

        schedule.every(60, "repos.incoming", services.sweep_incoming)
        schedule.every(3600, "repos.pack", services.pack_repositories)
        schedule.every(3600, "lfs.collect", collecting.collect)
        objects.hold(collecting.holds)
        lanes.add(transfer.TransferLane())
        lanes.add(lane.HubLane())
