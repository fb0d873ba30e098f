from django.urls import path

from monitoring.alerts import api

PROJECT = "projects/<slug:project>"
RULE = f"{PROJECT}/alert-rules/<int:rule>"
CHANNEL = f"{PROJECT}/channels/<int:channel>"

urlpatterns = [
    path(f"{PROJECT}/alert-rules", api.AlertRulesView.as_view(), name="alert_rules"),
    path(f"{PROJECT}/alert-rules/preview", api.AlertRulePreviewView.as_view(), name="alert_rule_preview"),
    path(RULE, api.AlertRuleView.as_view(), name="alert_rule"),
    path(f"{RULE}/silence", api.AlertRuleSilenceView.as_view(), name="alert_rule_silence"),
    path(f"{PROJECT}/alerts", api.AlertsView.as_view(), name="alerts"),
    path(f"{PROJECT}/alerts/<int:alert>", api.AlertView.as_view(), name="alert"),
    path(f"{PROJECT}/alerts/<int:alert>/acknowledge", api.AlertAcknowledgeView.as_view(), name="alert_acknowledge"),
    path(f"{PROJECT}/channels", api.ChannelsView.as_view(), name="channels"),
    path(CHANNEL, api.ChannelView.as_view(), name="channel"),
    path(f"{CHANNEL}/test", api.ChannelTestView.as_view(), name="channel_test"),
    path(f"{CHANNEL}/deliveries", api.DeliveriesView.as_view(), name="channel_deliveries"),
]
