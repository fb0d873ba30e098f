"""Addresses below no project: what apps fetch, hear and ask of an environment. The key says of which project."""

from django.urls import path

from variorum.deployments import ofrep_api, runtime

urlpatterns = [
    path("api/v1/runtime/<str:environment>/bundle", runtime.RuntimeBundleView.as_view(), name="runtime_bundle"),
    path("api/v1/runtime/<str:environment>/stream", runtime.RuntimeStreamView.as_view(), name="runtime_stream"),
    path("api/v1/runtime/<str:environment>/ofrep/v1/stream", ofrep_api.OfrepStreamView.as_view(), name="ofrep_stream"),
]
