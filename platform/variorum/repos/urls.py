from django.urls import path

from variorum.repos import api, comparing_api, tags_api

urlpatterns = [
    path("projects/<slug:project>/files", api.FilesView.as_view(), name="files"),
    path("projects/<slug:project>/file", api.FileView.as_view(), name="file"),
    path("projects/<slug:project>/commits", api.CommitsView.as_view(), name="commits"),
    path("projects/<slug:project>/commits/<str:sha>", api.CommitView.as_view(), name="commit"),
    path("projects/<slug:project>/compare", api.CompareView.as_view(), name="compare"),
    path("projects/<slug:project>/comparison", comparing_api.ComparisonView.as_view(), name="comparison"),
    path("projects/<slug:project>/blame", comparing_api.BlameView.as_view(), name="blame"),
    path("projects/<slug:project>/message-history", comparing_api.MessageHistoryView.as_view(), name="message_history"),
    path("projects/<slug:project>/check", api.CheckView.as_view(), name="check"),
    path("projects/<slug:project>/edit", api.EditView.as_view(), name="edit"),
    path("projects/<slug:project>/render", api.RenderView.as_view(), name="render"),
    path("projects/<slug:project>/tags", tags_api.TagsView.as_view(), name="tags"),
    path("projects/<slug:project>/tags/<str:name>", tags_api.TagView.as_view(), name="tag"),
]
