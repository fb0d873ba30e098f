from django.urls import path

from monitoring.quality import api, collect_api

PROJECT = "projects/<slug:project>"

urlpatterns = [
    path(f"{PROJECT}/quality", api.QualityView.as_view(), name="quality"),
    path(f"{PROJECT}/logs/collect", collect_api.CollectView.as_view(), name="logs_collect"),
    path(f"{PROJECT}/sampling-rules", api.SamplingRulesView.as_view(), name="sampling_rules"),
    path(f"{PROJECT}/sampling-rules/<int:rule>", api.SamplingRuleView.as_view(), name="sampling_rule"),
]
