from django.urls import path

from monitoring.logs import api

urlpatterns = [
    path("logs", api.IngestView.as_view(), name="logs_ingest"),
]
