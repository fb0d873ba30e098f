"""The clock of rollouts: count, let the guards look, stop or go on. Any number of processes may do it."""

import logging
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from monitoring.logs.queries import patience
from monitoring.quality import guard_figures, guards
from monitoring.quality.models import Guard
from variorum.accounts.access import Actor
from variorum.accounts.roles import Role
from variorum.deployments import rollouts, services
from variorum.deployments.models import Rollout, RolloutStep
from variorum.events import live
from variorum.events.services import notify
from variorum.lib.errors import Problem

log = logging.getLogger(__name__)
PERIOD = 2.0  # seconds between looks; where a look takes long, twenty times what it took
LEASE = timedelta(seconds=60)  # of one look
PATIENCE = 20  # seconds


def tick() -> int:
    """Look at every rollout that is under way and due; gives how many. Safe to run in several processes."""
    due = Rollout.objects.filter(state__in=Rollout.UNDER_WAY, next_at__lte=timezone.now()).order_by("next_at")
    return sum(_one(rollout) for rollout in due.select_related("project", "environment", "baseline", "bundle"))


def _one(rollout: Rollout) -> bool:
    """One failing rollout holds up no other."""
    try:
        return look_at(rollout)
    except Exception:
        log.exception("Rollout %s of %s could not be looked at.", rollout.number, rollout.project.slug)
        return False


def look_at(rollout: Rollout) -> bool:
    """One look at a rollout, unless somebody else has it; gives whether it was ours.

    The guards come before the next step: what they stop does not go on.
    """
    began, now = time.monotonic(), timezone.now()
    seen = Rollout.objects.filter(pk=rollout.pk, state=rollout.state, step=rollout.step)
    if not seen.filter(next_at__lte=now).update(next_at=now + LEASE):
        return False
    steps = list(rollout.steps.order_by("position"))
    if not steps:  # its environment was removed in this moment
        return True
    watching = list(rollout.guards.select_related("metric").order_by("pk"))
    try:
        with patience(PATIENCE):
            counted = guard_figures.requests(rollout, steps)
            measured = [guard_figures.periods(guard, rollout, steps) for guard in watching]
    except Problem as problem:
        seen.update(problem=problem.detail[:500])
        return True
    news = _write_counts(steps, counted)
    exposed = sum(one["candidate"] + one["early"] for one in counted)
    stopped = [_look(guard, rollout, found, exposed, now) for guard, found in zip(watching, measured, strict=True)]
    if news:
        live.publish(rollout.project_id, "guard.looked", ("rollout", str(rollout.number)))
    if rollout.problem:
        seen.update(problem="")
    if not any(stopped):
        rollouts.step_on(rollout, guard_figures.counts(counted[-1], watching, measured))
    pause = timedelta(seconds=max(PERIOD, 20 * (time.monotonic() - began)))
    Rollout.objects.filter(pk=rollout.pk, step=rollout.step, next_at=now + LEASE).update(next_at=now + pause)
    return True


def _write_counts(steps: Sequence[RolloutStep], counted: Sequence[dict[str, int]]) -> bool:
    """Keep the counts of the steps; gives whether one changed."""
    changed = False
    for step, counts in zip(steps, counted, strict=True):
        if any(getattr(step, name) != count for name, count in counts.items()):
            changed = True
            RolloutStep.objects.filter(pk=step.pk).update(**counts)
    return changed


def _look(guard: Guard, rollout: Rollout, periods: guards.Periods, exposed: int, now: datetime) -> bool:
    """One guard's look; gives whether it stops the rollout now."""
    harm, found = guards.look(guard, periods)
    looks = guards.kept(guard.looks, now.isoformat(), found)
    Guard.objects.filter(pk=guard.pk).update(found=found, looks=looks, checked_at=now)
    if harm is None or not harm.tripped or guard.tripped_at is not None:
        return False
    try:
        return trip(guard=guard, rollout=rollout, found=found, exposed=exposed)
    except Problem as problem:
        if problem.stable_code != "rollout_ended":
            raise
        return True


@transaction.atomic
def trip(*, guard: Guard, rollout: Rollout, found: dict[str, Any], exposed: int) -> bool:
    """Stop the rollout as the guard says, once; tell of it in the same transaction. False: it had tripped before.

    Raises Conflict `rollout_ended` when there is nothing left to stop.
    """
    services.lock(rollout.project)  # before any row, as completing and removing do
    now = timezone.now()
    once = Guard.objects.filter(pk=guard.pk, tripped_at=None)
    if not once.update(tripped_at=now, exposed=exposed, found=found):
        return False
    # The row is held, so that nobody changes its state between this look and the change.
    rows = Rollout.objects.select_for_update(of=("self",)).select_related("project", "environment", "baseline")
    fresh = rows.get(pk=rollout.pk)
    facts = {
        "guard": guards.subject(guard),
        "action": guard.action,
        "harm": guards.in_words(guard, found),
        "exposed": exposed,
        "metric": guard.metric.slug if guard.metric else "",
        "measure": guard.measure,
        "found": {name: found[name] for name in ("value", "low", "high")},
    }
    system = Actor.system()
    services.tell_rollout(fresh, system, "tripped", facts)
    if guard.action == Guard.Action.ROLLBACK:
        rollouts.roll_back(rollout=fresh, actor=system, data={"why": facts["guard"]})
    elif fresh.state != Rollout.State.PAUSED:
        rollouts.pause(rollout=fresh, actor=system)
    title, body = news(guard, fresh, found, exposed)
    notify(project=fresh.project, title=title, body=body, url=address(fresh), role=Role.MAINTAINER)
    return True


def news(guard: Guard, rollout: Rollout, found: dict[str, Any], exposed: int) -> tuple[str, str]:
    """Title and text of the notice: what was done, the commit, the metric, the interval, the exposed requests,
    and what callers are served now."""
    back = guard.action == Guard.Action.ROLLBACK
    done = "rolled back" if back else "paused"
    now = "Everybody is served what was live before." if back else "Who has it keeps it until somebody decides."
    title = f"Rollout #{rollout.number} in {rollout.environment.name} was {done}"
    with_it = "request" if exposed == 1 else "requests"
    body = (
        f"{guards.subject(guard)} is {guards.in_words(guard, found)} with the commit {rollout.commit[:10]} "
        f"“{rollout.subject}” than without; n = {found['candidate']['n']:,} and {found['control']['n']:,}. "
        f"{exposed:,} {with_it} had got it. {now}"
    )
    return title, body


def address(rollout: Rollout) -> str:
    """The path of its page."""
    return f"/p/{rollout.project.slug}/rollouts/{rollout.number}"
