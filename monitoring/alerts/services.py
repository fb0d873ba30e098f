"""Writes of rules, alerts and channels."""

from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from monitoring.alerts import firing, news
from monitoring.alerts.channels import KINDS
from monitoring.alerts.models import Alert, AlertRule, Channel
from variorum.accounts.access import Actor
from variorum.accounts.models import Project
from variorum.events.models import Delivery
from variorum.events.services import record
from variorum.lib import crypto, ids
from variorum.lib.errors import Conflict, Problem

SCOPE = {"kind", "metric", "quantile", "threshold", "prompt", "environment", "window_minutes", "minimum_n", "sure"}


@transaction.atomic
def create_rule(*, project: Project, actor: Actor, fields: dict[str, Any], channels: list[Channel]) -> AlertRule:
    """A new rule; it is evaluated within seconds. Raises Conflict for a taken name."""
    rule = AlertRule(project=project, **fields)
    _save_named(rule)
    rule.channels.set(channels)
    _tell_rule(rule, actor, "created")
    return rule


@transaction.atomic
def change_rule(
    *, rule: AlertRule, actor: Actor, version: int, changes: dict[str, Any], channels: list[Channel] | None = None
) -> AlertRule:
    """Change a rule. A firing alert is closed when what is watched changes, or when the rule is switched off.

    Raises Conflict `stale_version` when somebody else changed it since `version`, or for a taken name.
    """
    locked = _lock_rule(rule, version)
    changes = {name: value for name, value in changes.items() if getattr(locked, name) != value}
    if changes.keys() & SCOPE or changes.get("enabled") is False:
        firing.resolve(locked, Alert.Resolution.CHANGED)
    for name, value in changes.items():
        setattr(locked, name, value)
    locked.version, locked.next_at = locked.version + 1, timezone.now()
    if changes.keys() & SCOPE:
        locked.last = locked.checked_at = None
    _save_named(locked)
    if channels is not None:
        locked.channels.set(channels)
    _tell_rule(locked, actor, "updated")
    return locked


@transaction.atomic
def silence_rule(*, rule: AlertRule, actor: Actor, minutes: int) -> AlertRule:
    """Tell nobody of this rule for a while; 0 ends it. What still fires then is told then."""
    until = timezone.now() + timedelta(minutes=minutes) if minutes else None
    AlertRule.objects.filter(pk=rule.pk).update(silenced_until=until)
    rule.silenced_until = until
    _tell_rule(rule, actor, "silenced" if minutes else "unsilenced")
    return rule


@transaction.atomic
def delete_rule(*, rule: AlertRule, actor: Actor) -> None:
    """Delete a rule. Its alerts stay; one that fires is closed."""
    locked = AlertRule.objects.select_for_update().get(pk=rule.pk)
    firing.resolve(locked, Alert.Resolution.CHANGED)
    _tell_rule(locked, actor, "deleted")
    locked.delete()


@transaction.atomic
def acknowledge(*, alert: Alert, actor: Actor) -> Alert:
    """Say that somebody looks at it. The first one counts; again is no error."""
    mine = {"acknowledged_at": timezone.now(), "acknowledged_by": actor.user, "acknowledged_name": actor.name[:220]}
    if Alert.objects.filter(pk=alert.pk, acknowledged_at=None).update(**mine):
        subject = ("alert", str(alert.number))
        record(project=alert.project, actor=actor, kind="alert.acknowledged", subject=subject)
    alert.refresh_from_db()
    return alert


def create_channel(*, project: Project, actor: Actor, kind: str, name: str, address: str) -> tuple[Channel, str]:
    """A channel and its secret, which is never shown again. Raises Invalid for an address that may not be told."""
    address = KINDS[kind].check(address)  # looks names up: outside the transaction
    secret = KINDS[kind].new_secret()
    with transaction.atomic():
        channel = Channel(project=project, kind=kind, name=name, address=address, sealed_secret=crypto.seal(secret))
        _save_named(channel)
        _tell_channel(channel, actor, "created")
    return channel, secret


def change_channel(*, channel: Channel, actor: Actor, version: int, changes: dict[str, Any]) -> Channel:
    """Change name, address or whether it is used. Raises Conflict `stale_version` or for a taken name, Invalid."""
    if "address" in changes:
        changes = {**changes, "address": KINDS[channel.kind].check(changes["address"])}
    with transaction.atomic():
        locked = Channel.objects.select_for_update(of=("self",)).select_related("project").get(pk=channel.pk)
        if locked.version != version:
            raise _stale("channel", {"version": locked.version, "name": locked.name, "address": locked.address})
        for name, value in changes.items():
            setattr(locked, name, value)
        locked.version += 1
        _save_named(locked)
        _tell_channel(locked, actor, "updated")
    return locked


@transaction.atomic
def delete_channel(*, channel: Channel, actor: Actor) -> None:
    """Delete a channel with its secret; what waits in its outbox is given up."""
    mine = Delivery.objects.filter(project=channel.project, subject_kind="channel", subject_id=str(channel.pk))
    mine.filter(state=Delivery.State.WAITING).update(state=Delivery.State.FAILED, last_error="The channel was deleted.")
    _tell_channel(channel, actor, "deleted")
    channel.delete()


@transaction.atomic
def test_channel(*, channel: Channel, actor: Actor) -> Delivery | None:
    """Send a trial message; gives its delivery, None for a kind that arrives at once."""
    message = news.of_test(channel, f"test-{ids.uuid7().hex}", timezone.now().isoformat())
    _tell_channel(channel, actor, "tested")
    delivery: Delivery | None = KINDS[channel.kind].send(channel, message)
    return delivery


def _lock_rule(rule: AlertRule, version: int) -> AlertRule:
    locked = AlertRule.objects.select_for_update(of=("self",)).select_related("project").get(pk=rule.pk)
    if locked.version != version:
        names = ("version", "name", *sorted(SCOPE), "consecutive", "enabled")
        raise _stale("rule", {name: getattr(locked, name) for name in names})
    return locked


def _stale(noun: str, current: dict[str, Any]) -> Problem:
    text = f"Somebody else changed this {noun} meanwhile. Look at what it is now, then decide again."
    return Conflict(text, code="stale_version", extra={"current": current})


def _save_named(thing: AlertRule | Channel) -> None:
    try:
        with transaction.atomic():
            thing.save()
    except IntegrityError as exc:
        if "name_once" not in str(exc):
            raise
        text = f"The project has {thing.name!r} already. Choose another name."
        raise Conflict(text, code="name_taken", errors=[{"where": "name", "code": "taken", "detail": text}]) from None


def _tell_rule(rule: AlertRule, actor: Actor, what: str) -> None:
    data = {"name": rule.name, "version": rule.version}
    if what == "silenced":
        data["until"] = rule.silenced_until.isoformat() if rule.silenced_until else None
    record(
        project=rule.project, actor=actor, kind=f"alert_rule.{what}", subject=("alert_rule", str(rule.pk)), data=data
    )


def _tell_channel(channel: Channel, actor: Actor, what: str) -> None:
    data = {"name": channel.name, "kind": channel.kind}
    record(
        project=channel.project, actor=actor, kind=f"channel.{what}", subject=("channel", str(channel.pk)), data=data
    )
