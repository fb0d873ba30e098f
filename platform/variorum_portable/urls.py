from django.urls import path

from variorum_portable import api, arriving_api

urlpatterns = [
    path("imports", arriving_api.ImportsView.as_view(), name="imports"),
    path("imports/<int:number>", arriving_api.ImportView.as_view(), name="import"),
    path("imports/<int:number>/cancel", arriving_api.ImportCancelView.as_view(), name="import_cancel"),
    path("projects/<slug:project>/exports", api.ExportsView.as_view(), name="exports"),
    path("projects/<slug:project>/exports/<int:number>/file", api.ExportFileView.as_view(), name="export_file"),
]
