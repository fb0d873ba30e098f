"""Four roles in a project and six scopes of a key, with what each may do."""

from django.db import models


class Role(models.TextChoices):
    """From least to most: read; draft; merge and deploy; manage people, keys and settings."""

    VIEWER = "viewer"
    EDITOR = "editor"
    MAINTAINER = "maintainer"
    OWNER = "owner"


class Scope(models.TextChoices):
    """What a key was made for. `runtime`, `logs` and `gateway` open only those doors."""

    RUNTIME = "runtime"
    LOGS = "logs"
    GATEWAY = "gateway"
    READ = "read"
    WRITE = "write"
    ADMIN = "admin"


RANK = {Role.VIEWER: 0, Role.EDITOR: 1, Role.MAINTAINER: 2, Role.OWNER: 3}
SCOPE_ROLE = {Scope.READ: Role.VIEWER, Scope.WRITE: Role.EDITOR, Scope.ADMIN: Role.MAINTAINER}


def at_least(have: Role | str, need: Role | str) -> bool:
    """Whether one role includes another."""
    return RANK[Role(have)] >= RANK[Role(need)]


def lower(first: Role, second: Role) -> Role:
    """The lesser of two roles."""
    return first if RANK[first] <= RANK[second] else second


def role_of_scopes(scopes: list[str]) -> Role | None:
    """The role that a key's scopes amount to; None for a key that only fetches bundles, posts logs or calls models."""
    roles = [role for scope, role in SCOPE_ROLE.items() if scope in scopes]
    return max(roles, key=lambda role: RANK[role], default=None)
