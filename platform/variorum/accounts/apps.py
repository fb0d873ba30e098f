from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """People and access."""

    name = "variorum.accounts"
