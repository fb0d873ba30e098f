"""Writes of the gateway's settings and of what keys may use."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction

from monitoring.gateway.models import GatewayRoute, GatewaySettings, KeyLimit
from variorum.accounts.access import Actor
from variorum.accounts.models import ApiKey, Project
from variorum.accounts.roles import Scope
from variorum.events.services import record
from variorum.inference.shapes import ProviderError
from variorum.inference.targets import resolve
from variorum.lib.errors import Conflict, Invalid


@transaction.atomic
def change_settings(*, project: Project, actor: Actor, changes: Mapping[str, int]) -> GatewaySettings:
    """Change how patiently calls are made. Raises Invalid when a part would outlast the whole."""
    row, _ = GatewaySettings.objects.select_for_update().get_or_create(project=project)
    for name, value in changes.items():
        setattr(row, name, value)
    if row.total_seconds < max(row.first_byte_seconds, row.between_seconds):
        text = "The whole call must have at least as much time as each part of it."
        raise Invalid(text, errors=[{"where": "total_seconds", "code": "too_short", "detail": text}])
    row.save()
    record(project=project, actor=actor, kind="gateway.updated", subject=("gateway", ""), data=dict(changes))
    return row


@transaction.atomic
def put_route(
    *, project: Project, actor: Actor, model: str, fallbacks: Sequence[str], cache_seconds: int
) -> GatewayRoute:
    """Say who answers when a model or prompt does not, and for how long its answers are kept. Raises Invalid."""
    if not model.startswith("prompts/"):
        _check_model(project, model, "model")
    for at, name in enumerate(fallbacks):
        _check_model(project, name, f"fallbacks.{at}")
    if model in fallbacks or len(set(fallbacks)) != len(fallbacks):
        text = "Name each model once; a model cannot stand in for itself."
        raise Invalid(text, errors=[{"where": "fallbacks", "code": "twice", "detail": text}])
    values = {"fallbacks": list(fallbacks), "cache_seconds": cache_seconds}
    route, _ = GatewayRoute.objects.update_or_create(project=project, model=model, defaults=values)
    record(project=project, actor=actor, kind="gateway.updated", subject=("gateway", model), data=values)
    return route


@transaction.atomic
def delete_route(*, route: GatewayRoute, actor: Actor) -> None:
    """Treat a model as every other again."""
    record(project=route.project, actor=actor, kind="gateway.updated", subject=("gateway", route.model), data={})
    route.delete()


@transaction.atomic
def limit_key(*, key: ApiKey, actor: Actor, limits: Mapping[str, Any]) -> KeyLimit:
    """Say what a key may use from now on; None is no limit. Raises Conflict for another sort of key."""
    if Scope.GATEWAY not in key.scopes:
        raise Conflict("This key does not open the gateway.", code="scope_missing")
    limit, _ = KeyLimit.objects.update_or_create(key=key, defaults=dict(limits))
    told = {name: None if value is None else str(value) for name, value in limits.items()}
    subject = ("api_key", str(key.pk))
    record(project=key.project, actor=actor, kind="gateway.limited", subject=subject, data={"name": key.name, **told})
    return limit


def _check_model(project: Project, name: str, where: str) -> None:
    try:
        resolve(project, name)
    except ProviderError as error:
        raise Invalid(error.detail, errors=[{"where": where, "code": error.code, "detail": error.detail}]) from None
