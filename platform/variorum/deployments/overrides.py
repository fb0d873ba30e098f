"""Overrides: an owner's word, with a reason, that one act of theirs goes ahead in spite of a freeze or a missing check.

An override is for one commit (none: for a change of the rules), one person and some minutes; the first act of that
kind uses it up, in the transaction of the act.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from variorum.accounts.access import Actor, still_may
from variorum.accounts.models import User
from variorum.accounts.roles import Role
from variorum.deployments.models import Environment, FreezeOverride
from variorum.events.services import record
from variorum.lib.errors import Conflict

LONGEST = timedelta(days=1)
LIFTS = ("frozen", "checks_missing")  # the codes of what may be overridden


@transaction.atomic
def add(
    *,
    environment: Environment,
    commit: str,
    actor: Actor,
    reason: str,
    until: datetime,
    lifts: Sequence[str],
    obstacles: Sequence[str] = (),
) -> FreezeOverride:
    """Let one act of the actor's go ahead until a moment; `obstacles` are what stands in its way, in words."""
    made = FreezeOverride.objects.create(
        environment=environment,
        commit=commit,
        reason=reason,
        until=until,
        lifts=list(lifts),
        actor_name=actor.name[:220],
        user=actor.user,
    )
    record(
        project=environment.project,
        actor=actor,
        kind="environment.overridden",
        subject=("environment", environment.slug),
        data={
            "reason": reason,
            "commit": commit,
            "until": until.isoformat(),
            "before": {"obstacles": list(obstacles)},
            "after": {"obstacles": "lifted for one act"},
        },
    )
    return made


def open_for(environment: Environment, commit: str, user: User | None) -> FreezeOverride | None:
    """The override that would cover this person's act now; `commit` empty: a change of the rules."""
    if user is None or not still_may(user, environment.project, Role.OWNER):
        return None
    now = timezone.now()
    found = FreezeOverride.objects.filter(environment=environment, commit=commit, user=user, used_at=None)
    return found.filter(created_at__lte=now, until__gt=now).order_by("-pk").first()


def lifts(override: FreezeOverride | None, code: str) -> bool:
    """Whether what is refused with this code goes ahead all the same."""
    return override is not None and code in override.lifts


def use(override: FreezeOverride | None, *, actor: Actor, act: str) -> None:
    """Use it up in the transaction of the act. Raises Conflict `override_used` when another act was faster."""
    if override is None:
        return
    free = FreezeOverride.objects.filter(pk=override.pk, used_at=None, until__gt=timezone.now())
    if not free.update(used_at=timezone.now()):
        raise Conflict("This override is used up or over. Override again with a reason.", code="override_used")
    environment = override.environment
    record(
        project=environment.project,
        actor=actor,
        kind="environment.override_used",
        subject=("environment", environment.slug),
        data={
            "reason": override.reason,
            "commit": override.commit,
            "before": {"override": "open"},
            "after": {"override": f"used for {act}"},
        },
    )
