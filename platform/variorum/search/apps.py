from django.apps import AppConfig


class SearchConfig(AppConfig):
    """One field that finds what a project has by name."""

    name = "variorum.search"
