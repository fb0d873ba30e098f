from django.urls import path

from variorum.events import api

urlpatterns = [
    path("projects/<slug:project>/events", api.EventsView.as_view(), name="events"),
    path("projects/<slug:project>/stream", api.StreamView.as_view(), name="stream"),
    path("inbox/mail", api.MailView.as_view(), name="mail"),
    path("unsubscribe", api.UnsubscribeView.as_view(), name="unsubscribe"),
    path("inbox", api.InboxView.as_view(), name="inbox"),
]
