"""Addresses below no project: what apps fetch, hear and ask of an environment. The key says of which project."""

from django.urls import path

from variorum.deployments import ofrep_api, runtime

PLACE = "api/v1/runtime/<str:environment>"

urlpatterns = [
    path(f"{PLACE}/bundle", runtime.RuntimeBundleView.as_view(), name="runtime_bundle"),
    path(f"{PLACE}/stream", runtime.RuntimeStreamView.as_view(), name="runtime_stream"),
    path(f"{PLACE}/evaluate", ofrep_api.EvaluateView.as_view(), name="runtime_evaluate"),
    path(f"{PLACE}/ofrep/v1/stream", ofrep_api.OfrepStreamView.as_view(), name="ofrep_stream"),
    path(f"{PLACE}/ofrep/v1/evaluate/flags", ofrep_api.FlagsView.as_view(), name="ofrep_flags"),
    path(f"{PLACE}/ofrep/v1/evaluate/flags/<path:key>", ofrep_api.FlagView.as_view(), name="ofrep_flag"),
    path("ofrep/v1/evaluate/flags", ofrep_api.OwnFlagsView.as_view(), name="ofrep_own_flags"),
    path("ofrep/v1/evaluate/flags/<path:key>", ofrep_api.OwnFlagView.as_view(), name="ofrep_own_flag"),
]
