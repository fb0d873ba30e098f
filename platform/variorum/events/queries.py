"""Reads of the audit trail and of a person's inbox."""

from django.db.models import QuerySet
from rest_framework.request import Request

from variorum.accounts.access import person_of
from variorum.accounts.models import Project, User
from variorum.events.models import Event, Notice


def events_of(project: Project, *, kind: str = "", subject_kind: str = "", subject_id: str = "") -> QuerySet[Event]:
    """A project's events, narrowed by kind prefix and subject."""
    found = Event.objects.filter(project=project)
    if kind:
        found = found.filter(kind__startswith=kind)
    if subject_kind:
        found = found.filter(subject_kind=subject_kind)
    return found.filter(subject_id=subject_id) if subject_id else found


def notices_of(user: User) -> QuerySet[Notice]:
    """A person's inbox."""
    return Notice.objects.filter(user=user).select_related("project")


def access_inbox(request: Request) -> User:
    """Whose inbox it is: the signed-in person's. Raises Unauthenticated, Forbidden for a key."""
    return person_of(request)
