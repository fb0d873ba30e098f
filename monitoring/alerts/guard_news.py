"""Webhooks hear of guards that stopped a rollout: every enabled webhook channel of the project, once."""

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from monitoring.alerts.channels import webhook
from monitoring.alerts.models import Channel
from monitoring.alerts.news import News
from monitoring.quality import guarding, guards
from monitoring.quality.models import Guard


def tell_due() -> int:
    """Tell of every guard that tripped and was not told of; gives how many. Safe to run in several processes."""
    due = Guard.objects.filter(tripped_at__isnull=False, told_at=None).order_by("tripped_at")
    return sum(_tell(guard) for guard in due.select_related("metric", "rollout__project", "rollout__environment"))


@transaction.atomic
def _tell(guard: Guard) -> bool:
    if not Guard.objects.filter(pk=guard.pk, told_at=None).update(told_at=timezone.now()):
        return False
    channels = Channel.objects.filter(project=guard.rollout.project, kind=Channel.Kind.WEBHOOK, enabled=True)
    for channel in channels.select_related("project"):
        webhook.send(channel, _news(guard))
    return True


def _news(guard: Guard) -> News:
    rollout, found, exposed = guard.rollout, guard.found or {}, guard.exposed or 0
    title, body = guarding.news(guard, rollout, found, exposed)
    path = guarding.address(rollout)
    return News(
        id=f"guard-{guard.pk}-tripped",
        type="rollout.tripped",
        at=(guard.tripped_at or timezone.now()).isoformat(),
        title=title,
        body=body,
        url=path,
        data={
            "project": rollout.project.slug,
            "rollout": rollout.number,
            "url": f"{settings.PUBLIC_URL}{path}",
            "environment": rollout.environment.slug,
            "commit": rollout.commit,
            "subject": rollout.subject,
            "action": guard.action,
            "guard": guards.subject(guard),
            "found": found,
            "exposed": exposed,
            "title": title,
            "text": body,
        },
    )
