from django.apps import AppConfig


class InferenceConfig(AppConfig):
    """Model endpoints and one client for all of them."""

    name = "variorum.inference"
