from django.urls import path

from monitoring.quality import api, collect_api, rollouts_api, rule_preview_api

PROJECT = "projects/<slug:project>"

urlpatterns = [
    path(f"{PROJECT}/quality", api.QualityView.as_view(), name="quality"),
    path(f"{PROJECT}/logs/collect", collect_api.CollectView.as_view(), name="logs_collect"),
    path(f"{PROJECT}/rollouts", rollouts_api.RolloutsView.as_view(), name="rollouts"),
    path(f"{PROJECT}/rollouts/<int:number>", rollouts_api.RolloutView.as_view(), name="rollout"),
    path(f"{PROJECT}/rollouts/<int:number>/<str:act>", rollouts_api.RolloutActView.as_view(), name="rollout_act"),
    path(f"{PROJECT}/environments/<str:environment>/rollouts", rollouts_api.StartView.as_view(), name="rollouts_start"),
    path(
        f"{PROJECT}/environments/<str:environment>/rules/preview",
        rule_preview_api.RulesPreviewView.as_view(),
        name="rules_preview",
    ),
    path(f"{PROJECT}/sampling-rules", api.SamplingRulesView.as_view(), name="sampling_rules"),
    path(f"{PROJECT}/sampling-rules/<int:rule>", api.SamplingRuleView.as_view(), name="sampling_rule"),
]
