from django.apps import AppConfig


class DraftsConfig(AppConfig):
    """Drafts, review and merge."""

    name = "variorum.drafts"

    def ready(self) -> None:
        """Put the repair of interrupted merges, saves and pushes on the clock, and Git's lane into the web process."""
        from variorum.drafts import landing, pushing, repair  # noqa: PLC0415  (models exist only now)
        from variorum.drafts.together import presence, texts  # noqa: PLC0415
        from variorum.jobs import schedule  # noqa: PLC0415
        from variorum.lib import lanes  # noqa: PLC0415
        from variorum.repos.transport.lane import GitLane  # noqa: PLC0415

        schedule.every(2, "drafts.merges", repair.finish_merges)
        schedule.every(2, "drafts.pushes", landing.finish_pushes)
        schedule.every(10, "drafts.heads", repair.adopt_heads)
        schedule.every(10, "drafts.branches", repair.drop_branches)
        schedule.every(60, "drafts.presence", presence.forget_old)
        schedule.every(3600, "drafts.texts", texts.forget_idle)
        lanes.add(GitLane(pushing.receive_in_thread))
