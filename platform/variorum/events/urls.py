from django.urls import path

from variorum.events import api

urlpatterns = [
    path("projects/<slug:project>/events", api.EventsView.as_view(), name="events"),
    path("inbox", api.InboxView.as_view(), name="inbox"),
]
