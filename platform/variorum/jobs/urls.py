from django.urls import path

from variorum.jobs import api

urlpatterns = [
    path("projects/<slug:project>/jobs", api.JobsView.as_view(), name="jobs"),
    path("projects/<slug:project>/jobs/<int:number>", api.JobView.as_view(), name="job"),
    path("projects/<slug:project>/jobs/<int:number>/cancel", api.JobCancelView.as_view(), name="job_cancel"),
]
