from django.urls import path

from variorum.datasets import api, upload_api

DATASET = "projects/<slug:project>/datasets/<slug:dataset>"
VERSION = f"{DATASET}/versions/<slug:version>"
UPLOAD = "projects/<slug:project>/uploads"

urlpatterns = [
    path("projects/<slug:project>/datasets", api.DatasetsView.as_view(), name="datasets"),
    path(DATASET, api.DatasetView.as_view(), name="dataset"),
    path(f"{DATASET}/versions", api.VersionsView.as_view(), name="dataset_versions"),
    path(VERSION, api.VersionView.as_view(), name="dataset_version"),
    path(f"{VERSION}/rows", api.RowsView.as_view(), name="dataset_rows"),
    path(f"{VERSION}/export", api.ExportView.as_view(), name="dataset_export"),
    path(UPLOAD, upload_api.UploadsView.as_view(), name="uploads"),
    path(f"{UPLOAD}/<uuid:upload>/preview", upload_api.PreviewView.as_view(), name="upload_preview"),
    path(f"{UPLOAD}/<uuid:upload>/import", upload_api.ImportView.as_view(), name="upload_import"),
]
