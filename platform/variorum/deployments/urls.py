from django.urls import path

from variorum.deployments import (
    adapters_api,
    api,
    environments_api,
    freezes_api,
    golive_api,
    moments,
    overrides_api,
    rules_api,
    schedules_api,
)

RULES = "projects/<slug:project>/environments/<str:environment>/rules"

urlpatterns = [
    path("projects/<slug:project>/environments", api.EnvironmentsView.as_view(), name="environments"),
    path(
        "projects/<slug:project>/environments/<str:environment>/deployments",
        api.DeploymentsView.as_view(),
        name="environment_deployments",
    ),
    path(
        "projects/<slug:project>/environments/<str:environment>/preview",
        api.PreviewView.as_view(),
        name="deployment_preview",
    ),
    path(
        "projects/<slug:project>/environments/<str:environment>/rollback",
        api.RollbackView.as_view(),
        name="rollback",
    ),
    path(
        "projects/<slug:project>/environments/<str:environment>/approvals",
        golive_api.GoLiveView.as_view(),
        name="go_live",
    ),
    path(
        "projects/<slug:project>/environments/<str:environment>",
        environments_api.EnvironmentView.as_view(),
        name="environment",
    ),
    path(
        "projects/<slug:project>/environment-order",
        environments_api.EnvironmentOrderView.as_view(),
        name="environment_order",
    ),
    path(
        "projects/<slug:project>/environments/<str:environment>/checks",
        environments_api.EnvironmentChecksView.as_view(),
        name="environment_checks",
    ),
    path(
        "projects/<slug:project>/environments/<str:environment>/checks/<int:check>",
        environments_api.EnvironmentCheckView.as_view(),
        name="environment_check",
    ),
    path(
        "projects/<slug:project>/environments/<str:environment>/scheduled-deploys",
        schedules_api.EnvironmentScheduleView.as_view(),
        name="environment_schedule",
    ),
    path(
        "projects/<slug:project>/environments/<str:environment>/promotion",
        schedules_api.PromotionView.as_view(),
        name="promotion",
    ),
    path(
        "projects/<slug:project>/scheduled-deploys",
        schedules_api.ScheduledDeploysView.as_view(),
        name="scheduled_deploys",
    ),
    path(
        "projects/<slug:project>/scheduled-deploys/<int:scheduled>",
        schedules_api.ScheduledDeployView.as_view(),
        name="scheduled_deploy",
    ),
    path("projects/<slug:project>/freezes", freezes_api.FreezesView.as_view(), name="freezes"),
    path("projects/<slug:project>/freezes/<int:freeze>", freezes_api.FreezeView.as_view(), name="freeze"),
    path(
        "projects/<slug:project>/environments/<str:environment>/overrides",
        overrides_api.OverridesView.as_view(),
        name="overrides",
    ),
    path(RULES, rules_api.RulesView.as_view(), name="rules"),
    path(f"{RULES}/file", rules_api.RulesFileView.as_view(), name="rules_file"),
    path(f"{RULES}/history", rules_api.RuleHistoryView.as_view(), name="rules_history"),
    path(f"{RULES}/history/<int:number>", rules_api.RuleSetView.as_view(), name="rule_set"),
    path(f"{RULES}/restore", rules_api.RulesRestoreView.as_view(), name="rules_restore"),
    path(f"{RULES}/check", rules_api.RulesCheckView.as_view(), name="rules_check"),
    path(f"{RULES}/try", rules_api.RulesTryView.as_view(), name="rules_try"),
    path("projects/<slug:project>/live", moments.LiveView.as_view(), name="live"),
    path("projects/<slug:project>/deployments", api.AllDeploymentsView.as_view(), name="deployments"),
    path("projects/<slug:project>/deployments/<int:number>", api.DeploymentView.as_view(), name="deployment"),
    path("projects/<slug:project>/adapters/live", adapters_api.LiveAdaptersView.as_view(), name="adapters_live"),
]
