from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """People and access."""

    name = "variorum.accounts"

    def ready(self) -> None:
        """Tell the schema's writer about our ways to authenticate; hear of keys."""
        from variorum.accounts import authentication, schema  # noqa: F401, PLC0415  (registers by being imported)
        from variorum.lib import lanes  # noqa: PLC0415

        lanes.on_news(authentication.hear)
