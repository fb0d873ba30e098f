"""Every address: the rooms' APIs under /api/v1/, the single page for the rest."""

from importlib.util import find_spec

from django.apps import apps
from django.urls import URLPattern, URLResolver, include, path, re_path
from drf_spectacular.views import SpectacularAPIView
from rest_framework.permissions import AllowAny

from variorum.lib import views

ROOTS = {"variorum", "evals", "monitoring", "variorum_portable"}


def _rooms() -> list[URLPattern | URLResolver]:
    """The urls.py of every installed room of ours, and its doors.py: addresses that other tools prescribe."""
    ours = [c.name for c in apps.get_app_configs() if c.name.split(".")[0] in ROOTS]
    return [
        *(path("api/v1/", include(f"{name}.urls")) for name in ours if find_spec(f"{name}.urls")),
        *(path("", include(f"{name}.doors")) for name in ours if find_spec(f"{name}.doors")),
    ]


urlpatterns: list[URLPattern | URLResolver] = [
    path("api/v1/health", views.health, name="health"),
    path(
        "api/v1/openapi.json",
        SpectacularAPIView.as_view(authentication_classes=[], permission_classes=[AllowAny]),
        name="openapi",
    ),
    *_rooms(),
    path("", include("variorum.repos.doors")),
    re_path(r"^(?P<path>.*)$", views.page, name="page"),
]

handler400 = "variorum.lib.views.bad_request"
handler403 = "variorum.lib.views.forbidden"
handler404 = "variorum.lib.views.not_found"
handler500 = "variorum.lib.problems.server_error"
