from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """People and access."""

    name = "variorum.accounts"

    def ready(self) -> None:
        """Tell the schema's writer about our ways to authenticate."""
        from variorum.accounts import schema  # noqa: F401, PLC0415  (registers by being imported)
