from django.urls import path

from evals.metrics import api

PROJECT = "projects/<slug:project>"

urlpatterns = [
    path(f"{PROJECT}/metrics", api.MetricsView.as_view(), name="metrics"),
    path(f"{PROJECT}/metrics/<slug:metric>", api.MetricView.as_view(), name="metric"),
    path(f"{PROJECT}/metrics/<slug:metric>/versions", api.MetricVersionsView.as_view(), name="metric_versions"),
    path(f"{PROJECT}/metric-functions", api.FunctionsView.as_view(), name="metric_functions"),
    path(f"{PROJECT}/metric-trials", api.TrialsView.as_view(), name="metric_trials"),
    path(f"{PROJECT}/scores", api.ScoresView.as_view(), name="scores"),
]
