from django.apps import AppConfig


class DeploymentsConfig(AppConfig):
    """Which commit is live where."""

    name = "variorum.deployments"
