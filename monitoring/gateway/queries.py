"""Reads of the gateway's settings, and of what keys used."""

from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone
from rest_framework.request import Request

from monitoring.gateway.admission import starts_of
from monitoring.gateway.models import GatewayRoute, GatewaySettings, KeyLimit, KeySpend
from variorum.accounts.access import access_project
from variorum.accounts.models import ApiKey, Project
from variorum.accounts.roles import Role, Scope
from variorum.lib.errors import NotFound


def settings_of(project: Project) -> GatewaySettings:
    """A project's settings, the defaults when nobody changed them."""
    return GatewaySettings.objects.filter(project=project).first() or GatewaySettings(project=project)


def routes_of(project: Project) -> QuerySet[GatewayRoute]:
    """What is special about some models."""
    return GatewayRoute.objects.filter(project=project).order_by("model")


def access_route(request: Request, slug: str, pk: int, role: Role = Role.MAINTAINER) -> GatewayRoute:
    """One route. Raises as access_project, NotFound."""
    project = access_project(request, slug, role)
    found = GatewayRoute.objects.select_related("project").filter(project=project, pk=pk).first()
    if found is None:
        raise NotFound("The project's gateway has no such route.")
    return found


def keys_of(project: Project) -> list[dict[str, Any]]:
    """The keys that open the gateway and are not revoked, with their limits and what they used lately."""
    keys = ApiKey.objects.filter(project=project, scopes__contains=[Scope.GATEWAY], revoked_at=None)
    found = list(keys.select_related("limit").order_by("name", "pk"))
    present = Q()
    for span, start in starts_of(timezone.now()).items():
        present |= Q(span=span, start=start)
    spent = {(row.key_id, row.span): row for row in KeySpend.objects.filter(present, key__in=found)}
    return [
        {
            "id": key.pk,
            "name": key.name,
            "prefix": key.prefix,
            "environments": key.environments,
            "state": key.state(),
            "limits": getattr(key, "limit", None) or KeyLimit(),
            "used": {span: spent.get((key.pk, span)) or KeySpend() for span in ("minute", "day", "month")},
        }
        for key in found
    ]
