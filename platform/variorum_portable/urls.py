from django.urls import path

from variorum_portable import api

urlpatterns = [
    path("imports", api.ImportsView.as_view(), name="imports"),
    path("projects/<slug:project>/exports", api.ExportsView.as_view(), name="exports"),
    path("projects/<slug:project>/exports/<int:number>/file", api.ExportFileView.as_view(), name="export_file"),
]
