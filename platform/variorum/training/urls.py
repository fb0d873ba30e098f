from django.urls import path

from variorum.training import api, exports_api

EXPORTS = "projects/<slug:project>/adapters/exports"
FINE_TUNES = "projects/<slug:project>/fine-tunes"
urlpatterns = [
    path(FINE_TUNES, api.FineTunesView.as_view(), name="fine_tunes"),
    path(f"{FINE_TUNES}/estimate", api.EstimateView.as_view(), name="fine_tune_estimate"),
    path(f"{FINE_TUNES}/recipes", api.RecipesView.as_view(), name="fine_tune_recipes"),
    path(f"{FINE_TUNES}/<int:number>", api.FineTuneView.as_view(), name="fine_tune"),
    path(f"{FINE_TUNES}/<int:number>/points", api.PointsView.as_view(), name="fine_tune_points"),
    path(f"{FINE_TUNES}/<int:number>/cancel", api.CancelView.as_view(), name="fine_tune_cancel"),
    path(EXPORTS, exports_api.AdapterExportsView.as_view(), name="adapter_exports"),
    path(f"{EXPORTS}/<int:number>/file", exports_api.AdapterExportFileView.as_view(), name="adapter_export_file"),
]
