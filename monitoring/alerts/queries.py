"""Reads of rules, alerts and channels."""

from django.db.models import CharField, OuterRef, Prefetch, QuerySet, Subquery
from django.db.models.functions import Cast
from rest_framework.request import Request

from monitoring.alerts.models import Alert, AlertRule, Channel
from variorum.accounts.access import access_project
from variorum.accounts.models import Project
from variorum.accounts.roles import Role
from variorum.events.models import Delivery
from variorum.lib.errors import Invalid, NotFound

BIGGEST = 2**63 - 1


def rules_of(project: Project) -> QuerySet[AlertRule]:
    """Every rule of a project by name, with its channels and the number of its firing alert as `firing`."""
    firing = Alert.objects.filter(rule=OuterRef("pk"), state="firing").values("number")[:1]
    found = AlertRule.objects.filter(project=project).annotate(firing=Subquery(firing)).select_related("project")
    channels = Prefetch("channels", queryset=Channel.objects.order_by("name"))
    return found.prefetch_related(channels).order_by("name")


def alerts_of(project: Project, state: str = "") -> QuerySet[Alert]:
    """The alerts of a project, of one state when it is named."""
    found = Alert.objects.filter(project=project).select_related("project", "rule")
    return found.filter(state=state) if state else found


def channels_of(project: Project) -> QuerySet[Channel]:
    """Every channel of a project by name, with the state of its newest message as `last_state`."""
    sent = Delivery.objects.filter(
        project=project, subject_kind="channel", subject_id=Cast(OuterRef("pk"), CharField())
    ).order_by("-pk")
    found = Channel.objects.filter(project=project).select_related("project").order_by("name")
    return found.annotate(last_state=Subquery(sent.values("state")[:1]))


def deliveries_of(channel: Channel) -> QuerySet[Delivery]:
    """The messages of a channel's outbox, newest first."""
    mine = Delivery.objects.filter(project=channel.project, subject_kind="channel", subject_id=str(channel.pk))
    return mine.order_by("-pk")


def find_channels(project: Project, wanted: list[int]) -> list[Channel]:
    """Channels by their ids. Raises Invalid for one that the project has not."""
    found = {channel.pk: channel for channel in Channel.objects.filter(project=project, pk__in=wanted)}
    missing = next((pk for pk in wanted if pk not in found), None)
    if missing is not None:
        text = f"The project has no channel {missing}."
        raise Invalid(text, errors=[{"where": "channels", "code": "not_found", "detail": text}])
    return list(found.values())


def access_alert_rule(request: Request, slug: str, rule: int, role: Role = Role.VIEWER) -> AlertRule:
    """One rule of a project. Raises as access_project, NotFound."""
    project = access_project(request, slug, role)
    found = rules_of(project).filter(pk=rule).first() if rule <= BIGGEST else None
    if found is None:
        raise NotFound("The project has no such alert rule.")
    return found


def access_alert(request: Request, slug: str, number: int, role: Role = Role.VIEWER) -> Alert:
    """One alert of a project by its number. Raises as access_project, NotFound."""
    project = access_project(request, slug, role)
    found = alerts_of(project).filter(number=number).first() if number < 2**31 else None
    if found is None:
        raise NotFound("The project has no such alert.")
    return found


def access_channel(request: Request, slug: str, channel: int, role: Role = Role.MAINTAINER) -> Channel:
    """One channel of a project. Raises as access_project, NotFound."""
    project = access_project(request, slug, role)
    found = channels_of(project).filter(pk=channel).first() if channel <= BIGGEST else None
    if found is None:
        raise NotFound("The project has no such channel.")
    return found
