from django.apps import AppConfig


class DatasetsConfig(AppConfig):
    """Datasets and their versions."""

    name = "variorum.datasets"
