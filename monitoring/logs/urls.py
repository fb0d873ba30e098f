from django.urls import path

from monitoring.logs import api

PROJECT = "projects/<slug:project>"

urlpatterns = [
    path("logs", api.IngestView.as_view(), name="logs_ingest"),
    path("logs/<uuid:log>/feedback", api.FeedbackView.as_view(), name="log_feedback"),
    path(f"{PROJECT}/logs", api.LogsView.as_view(), name="logs"),
    path(f"{PROJECT}/logs/histogram", api.HistogramView.as_view(), name="logs_histogram"),
    path(f"{PROJECT}/logs/facets", api.FacetsView.as_view(), name="logs_facets"),
    path(f"{PROJECT}/logs/<uuid:log>", api.LogView.as_view(), name="log"),
]
