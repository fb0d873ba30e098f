from django.urls import path

from variorum.inference import api

urlpatterns = [
    path("projects/<slug:project>/providers", api.ProvidersView.as_view(), name="providers"),
    path("projects/<slug:project>/providers/<slug:provider>", api.ProviderView.as_view(), name="provider"),
    path("projects/<slug:project>/providers/<slug:provider>/try", api.ProviderTryView.as_view(), name="provider_try"),
    path("projects/<slug:project>/provider-trials", api.ProviderTrialsView.as_view(), name="provider_trials"),
    path("projects/<slug:project>/models", api.ModelsView.as_view(), name="models"),
]
