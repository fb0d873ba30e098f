from django.urls import path

from variorum.accounts import api

urlpatterns = [
    path("session", api.SessionView.as_view(), name="session"),
    path("projects", api.ProjectsView.as_view(), name="projects"),
    path("projects/<slug:project>", api.ProjectView.as_view(), name="project"),
    path("projects/<slug:project>/members", api.MembersView.as_view(), name="members"),
    path("projects/<slug:project>/members/<int:user>", api.MemberView.as_view(), name="member"),
    path("projects/<slug:project>/keys", api.ApiKeysView.as_view(), name="api_keys"),
    path("projects/<slug:project>/keys/<int:key>", api.ApiKeyView.as_view(), name="api_key"),
]
