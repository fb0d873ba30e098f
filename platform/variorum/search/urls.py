from django.urls import path

from variorum.search import api

urlpatterns = [path("projects/<slug:project>/search", api.SearchView.as_view(), name="search")]
