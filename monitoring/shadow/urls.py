from django.urls import path

from monitoring.shadow import api

PROJECT = "projects/<slug:project>"

urlpatterns = [
    path(f"{PROJECT}/shadows", api.ShadowsView.as_view(), name="shadows"),
    path(f"{PROJECT}/shadows/preview", api.ShadowPreviewView.as_view(), name="shadow_preview"),
    path(f"{PROJECT}/shadows/<int:shadow>", api.ShadowView.as_view(), name="shadow"),
    path(f"{PROJECT}/shadows/<int:shadow>/pairs", api.ShadowPairsView.as_view(), name="shadow_pairs"),
]
