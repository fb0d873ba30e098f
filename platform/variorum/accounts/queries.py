"""Reads of people, projects, members and keys."""

from typing import Any

from django.db.models import F, Q, QuerySet
from rest_framework.request import Request

from variorum.accounts.models import ApiKey, Membership, Project, User
from variorum.accounts.roles import Role

# Whom an import named and nobody gave an account: no password, not active.
WAITING: dict[str, Any] = {"is_active": False, "password__startswith": "!"}


def projects_of(request: Request) -> QuerySet[Project]:
    """The projects that the caller may see, each with the caller's own `role`. A key sees its own project alone."""
    found = Project.objects.filter(memberships__user_id=request.user.pk or 0).annotate(role=F("memberships__role"))
    if isinstance(request.auth, ApiKey):
        found = found.filter(pk=request.auth.project_id)
    return found.order_by("name")


def members_of(project: Project) -> QuerySet[Membership]:
    """Everybody in a project."""
    return Membership.objects.filter(project=project).select_related("user").order_by("user__name", "pk")


def concerned(project: Project, starter: User | None) -> list[User]:
    """Who is told when something that a person began ended without them: that person while a member, and the owners."""
    own = Q(role=Role.OWNER) | Q(user=starter)
    return [each.user for each in members_of(project).filter(own, user__is_active=True)]


def api_keys_of(project: Project) -> QuerySet[ApiKey]:
    """Every key of a project, newest first, also dead ones."""
    return ApiKey.objects.filter(project=project).select_related("created_by").order_by("-pk")


def user_by_email(email: str) -> User | None:
    """A person with an account, by e-mail in any case of letters."""
    return User.objects.filter(email=email.strip().lower()).exclude(**WAITING).first()
