"""Scheduled deploys: a commit goes live at a moment, exactly once, if all that a deploy asks for holds then."""

import logging
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from variorum.accounts.access import Actor, still_may
from variorum.accounts.queries import concerned
from variorum.accounts.roles import Role
from variorum.deployments import clock, gate, queries, services
from variorum.deployments.models import Deployment, Environment, ScheduledDeploy
from variorum.events.services import notify, record
from variorum.lib.errors import Conflict, Forbidden, Invalid, Problem, Unavailable
from variorum.repos import queries as repos

log = logging.getLogger(__name__)
State = ScheduledDeploy.State
LATE = timedelta(hours=1)  # when the server was down at its time: not done any more after this
AHEAD = timedelta(days=366)
MOST = 50  # waiting ones of a project
BATCH = 20


@transaction.atomic
def add(
    *,
    environment: Environment,
    commit: str,
    at: datetime,
    zone: str,
    actor: Actor,
    note: str = "",
    allow_between: bool = False,
) -> ScheduledDeploy:
    """Plan that a commit goes live at a moment.

    Raises NotFound, Invalid for a moment that is past or over a year away, Conflict `not_on_main`, `already_live`,
    `frozen` when a freeze is known to hold then, `too_many`. Checks and approvals are asked for when the time has come.
    """
    project = environment.project
    if not timezone.now() < at < timezone.now() + AHEAD:
        text = "Choose a moment to come, within a year."
        raise Invalid(text, errors=[{"where": "at", "code": "invalid", "detail": text}])
    sha = repos.resolve(project, commit)
    live = queries.current(environment)
    gate.on_main(project, sha)
    gate.not_live(environment, sha, live)
    gate.not_frozen(environment, at)
    if ScheduledDeploy.objects.filter(project=project, state=State.WAITING).count() >= MOST:
        raise Conflict(f"{MOST} deploys are scheduled already.", code="too_many")
    made = ScheduledDeploy.objects.create(
        project=project,
        environment=environment,
        commit=sha,
        subject=repos.commit_info(project, sha).subject[:200],
        at=at,
        zone=zone,
        note=note,
        expected=live.number if live else None,
        allow_between=allow_between,
        actor_name=actor.name[:220],
        user=actor.user,
        key=actor.key,
    )
    _tell("deployment.scheduled", made, actor)
    return made


@transaction.atomic
def cancel(*, scheduled: ScheduledDeploy, actor: Actor) -> ScheduledDeploy:
    """Call it off. Raises Conflict `not_waiting` when it was done, failed or called off before."""
    _end(scheduled, State.CANCELLED)
    _tell("deployment.schedule_cancelled", scheduled, actor)
    return scheduled


def run_due() -> int:
    """Do what is due; gives how many were looked at. Safe in several processes, and after being killed at any point."""
    due = ScheduledDeploy.objects.filter(state=State.WAITING, at__lte=timezone.now())
    found = list(due.select_related("environment__project", "user", "key").order_by("at", "pk")[:BATCH])
    for scheduled in found:
        run(scheduled)
    return len(found)


def run(scheduled: ScheduledDeploy) -> None:
    """Deploy now, or say why not. The row is settled in the very transaction that makes the commit live."""
    try:
        if timezone.now() > scheduled.at + LATE:
            raise Conflict("Nothing was running at its time, and more than an hour has passed.", code="missed")
        services.deploy(
            environment=scheduled.environment,
            commit=scheduled.commit,
            actor=_maker(scheduled),
            note=scheduled.note,
            expected=services.ANY if scheduled.allow_between else scheduled.expected,
            settle=lambda made: _end(scheduled, State.DONE, made),
        )
    except Unavailable:
        return  # the next round tries again
    except Problem as problem:
        _fail(scheduled, problem)
    except Exception:
        log.exception("The scheduled deploy %s stumbled; it is tried again.", scheduled.pk)


def _maker(scheduled: ScheduledDeploy) -> Actor:
    """Who acts: its maker, who must be allowed to deploy at this time, too. Raises Forbidden."""
    user, key = scheduled.user, scheduled.key
    if user is None or not still_may(user, scheduled.environment.project, Role.MAINTAINER):
        text = f"{scheduled.actor_name} may not deploy any more. Schedule it again in your own name."
        raise Forbidden(text, code="maker_gone")
    if key and (key.state() != "active" or not key.opens(scheduled.environment.slug)):
        raise Forbidden("The API key that scheduled it is not valid any more.", code="maker_gone")
    return Actor(user=user, key=key, name=scheduled.actor_name, email=user.email)


def _end(scheduled: ScheduledDeploy, state: State, made: Deployment | None = None, problem: str = "") -> None:
    """From waiting to an end, once. Raises Conflict `not_waiting` for who comes second."""
    facts = {"state": state, "deployment": made, "problem": problem[:1000], "ended_at": timezone.now()}
    if not ScheduledDeploy.objects.filter(pk=scheduled.pk, state=State.WAITING).update(**facts):
        raise Conflict("This scheduled deploy has ended already.", code="not_waiting")
    for name, value in facts.items():
        setattr(scheduled, name, value)


def _fail(scheduled: ScheduledDeploy, problem: Problem) -> None:
    """Ends it and tells its maker and the owners, unless another process has ended it meanwhile."""
    with transaction.atomic():
        try:
            _end(scheduled, State.FAILED, problem=problem.detail)
        except Conflict:
            return
        _tell("deployment.schedule_failed", scheduled, Actor.system(), why=problem.detail)
        when = clock.in_words(scheduled.at, scheduled.zone)
        notify(
            project=scheduled.project,
            people=concerned(scheduled.project, scheduled.user),
            title=f"“{scheduled.subject[:80]}” did not go live in {scheduled.environment.name}",
            body=f"{scheduled.actor_name} had scheduled it for {when}. {problem.detail}",
            url=f"/p/{scheduled.project.slug}/deployments",
        )


def _tell(kind: str, scheduled: ScheduledDeploy, actor: Actor, **more: str) -> None:
    data = {
        "environment": scheduled.environment.slug,
        "commit": scheduled.commit,
        "subject": scheduled.subject,
        "at": clock.in_words(scheduled.at, scheduled.zone),
        "note": scheduled.note,
        **more,
    }
    subject = ("scheduled_deploy", str(scheduled.pk))
    record(project=scheduled.environment.project, actor=actor, kind=kind, subject=subject, data=data)
