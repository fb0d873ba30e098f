"""Writes of rollouts: start, go on, stop. Each is one conditional UPDATE, so two at once cannot both do it."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from variorum.accounts.access import Actor
from variorum.accounts.models import User
from variorum.deployments import gate, overrides, plans, queries, services, serving
from variorum.deployments.models import Bundle, Deployment, Environment, FreezeOverride, Rollout, RolloutStep
from variorum.deployments.plans import Counts
from variorum.lib.errors import Conflict, Problem
from variorum.repos import queries as repos

State = Rollout.State
PAUSE = timedelta(minutes=1)  # until completing is tried again after it was refused


@dataclass(frozen=True)
class Prepared:
    """A candidate that passed the gates, with its plan read."""

    environment: Environment
    bundle: Bundle
    subject: str
    plan: list[dict[str, Any]]
    by: str
    override: FreezeOverride | None = None


def prepare(
    *,
    environment: Environment,
    commit: str,
    plan: Sequence[Mapping[str, Any]],
    by: str = "targetingKey",
    user: User | None = None,
) -> Prepared:
    """Look whether a rollout may start: the gates of a deploy by that person, and a plan that can be used.

    Raises as `services.deploy`, Conflict `nothing_deployed` when there is nothing to compare with, Invalid.
    """
    live = queries.current(environment)
    if live is None:
        raise _nothing(environment)
    gate.not_live(environment, repos.resolve(environment.project, commit), live)
    written = serving.rule_set(environment.pk)
    read = plans.read(plan, written.document.get("$evaluators", {}) if written else {}, by=by)
    found = services.passed(environment=environment, commit=commit, user=user, by=user)
    return Prepared(environment, found.bundle, found.subject, read, by, found.override)


def _nothing(environment: Environment) -> Conflict:
    text = f"Nothing is live in {environment.name} to compare with. Deploy there first."
    return Conflict(text, code=queries.NOTHING)


@transaction.atomic
def start(prepared: Prepared, *, actor: Actor, note: str = "", expected: int | None = services.ANY) -> Rollout:
    """Begin with the first step. Raises Conflict `rollout_under_way`, `already_live`, `stale_deployment`."""
    environment, project = prepared.environment, prepared.environment.project
    services.lock(project)
    gate.no_rollout(environment)
    live = queries.current(environment)
    if live is None:
        raise _nothing(environment)
    services.check_expected(environment, live, expected)
    gate.not_live(environment, prepared.bundle.commit, live)
    rollout = Rollout.objects.create(
        project=project,
        environment=environment,
        number=services.next_rollout(project),
        commit=prepared.bundle.commit,
        subject=prepared.subject,
        bundle=prepared.bundle,
        baseline=live,
        plan=prepared.plan,
        by=prepared.by,
        seed=secrets.token_hex(8),
        note=note,
        actor_name=actor.name[:220],
        user=actor.user,
        key=actor.key,
    )
    RolloutStep.objects.create(rollout=rollout, position=0, began_at=rollout.step_since)
    overrides.use(prepared.override, actor=actor, act=f"rollout #{rollout.number}")
    services.tell_rollout(rollout, actor, "started", {"percent": prepared.plan[0]["percent"], "note": note})
    return rollout


@transaction.atomic
def pause(*, rollout: Rollout, actor: Actor, note: str = "") -> Rollout:
    """Go no further; who gets what stays as it is, and the guards go on watching."""
    _change(rollout, (State.RUNNING, State.WAITING), "pause", state=State.PAUSED, paused_at=timezone.now())
    services.tell_rollout(rollout, actor, "paused", {"note": note})
    return rollout


@transaction.atomic
def resume(*, rollout: Rollout, actor: Actor, note: str = "") -> Rollout:
    """Go on after a pause; its time does not count as holding."""
    paused = timezone.now() - (rollout.paused_at or timezone.now())
    since = rollout.step_since + paused
    _change(rollout, (State.PAUSED,), "resume", state=State.RUNNING, paused_at=None, step_since=since)
    services.tell_rollout(rollout, actor, "resumed", {"note": note})
    return rollout


def advance(*, rollout: Rollout, actor: Actor, note: str = "") -> Rollout:
    """A person's word that it goes on now: the next step, or after the last one the candidate for everybody.

    Raises Conflict `rollout_stale` when it is no longer at the step that the caller saw, and as `services.deploy`.
    """
    return _go_on(rollout, (State.RUNNING, State.WAITING), actor, note)


@transaction.atomic
def abort(*, rollout: Rollout, actor: Actor, note: str = "") -> Rollout:
    """End it; everybody is served what was live before."""
    return _end(rollout, State.ABORTED, actor, {"note": note})


@transaction.atomic
def roll_back(*, rollout: Rollout, actor: Actor, note: str = "", data: dict[str, Any] | None = None) -> Rollout:
    """End it because the candidate is worse. When it is completed and live still, the environment goes back."""
    if rollout.state == State.COMPLETED:
        live = queries.current(rollout.environment)
        if live is None or live.pk != rollout.deployment_id:
            raise Conflict("Something else is live by now. Roll back the environment.", code="rollout_ended")
        services.roll_back(environment=rollout.environment, actor=actor, to=rollout.baseline, note=note)
        changed = Rollout.objects.filter(pk=rollout.pk, state=State.COMPLETED)
        changed.update(state=State.ROLLED_BACK)
        services.tell_rollout(rollout, actor, "rolled_back", {"note": note, **(data or {})})
        rollout.refresh_from_db()
        return rollout
    return _end(rollout, State.ROLLED_BACK, actor, {"note": note, **(data or {})})


def hold(rollout: Rollout, counts: Counts) -> plans.Lack:
    """What the present step still waits for."""
    end = rollout.paused_at or rollout.ended_at or timezone.now()
    seconds = max((end - rollout.step_since).total_seconds(), 0)
    return plans.lacking(rollout.plan[rollout.step], seconds=seconds, counts=counts)


def step_on(rollout: Rollout, counts: Counts) -> bool:
    """The clock's part: go on when the present step has held; gives whether anything changed. Safe to run twice.

    What a gate refuses is written down as the rollout's problem, and tried again after a minute.
    """
    if rollout.state != State.RUNNING or (lack := hold(rollout, counts)).measured:
        return False
    try:
        if lack.approval:
            return _ask(rollout)
        _go_on(rollout, (State.RUNNING,), Actor.system(), "")
    except Problem as problem:
        if problem.stable_code == "rollout_stale":
            return False
        Rollout.objects.filter(pk=rollout.pk, state=State.RUNNING, step=rollout.step).update(
            problem=problem.detail[:500], next_at=timezone.now() + PAUSE
        )
    return True


@transaction.atomic
def _ask(rollout: Rollout) -> bool:
    _change(rollout, (State.RUNNING,), "ask", state=State.WAITING)
    services.tell_rollout(rollout, Actor.system(), "waiting", {"percent": rollout.plan[rollout.step]["percent"]})
    return True


def _go_on(rollout: Rollout, states: Sequence[str], actor: Actor, note: str) -> Rollout:
    if rollout.step + 1 == len(rollout.plan):
        return _complete(rollout, states, actor, note)
    override = gate.past_freeze(rollout.environment, rollout.commit, actor.user)
    return _next_step(rollout, states, actor, note, override)


@transaction.atomic
def _next_step(
    rollout: Rollout, states: Sequence[str], actor: Actor, note: str, override: FreezeOverride | None
) -> Rollout:
    now, step = timezone.now(), rollout.step + 1
    _change(rollout, states, "advance", state=State.RUNNING, step=step, step_since=now, problem="", next_at=now)
    rollout.steps.filter(ended_at=None).update(ended_at=now)
    RolloutStep.objects.create(rollout=rollout, position=step, began_at=now)
    overrides.use(override, actor=actor, act=f"a step of rollout #{rollout.number}")
    facts = {"step": step, "percent": rollout.plan[step]["percent"], "note": note}
    services.tell_rollout(rollout, actor, "advanced", facts)
    return rollout


def _complete(rollout: Rollout, states: Sequence[str], actor: Actor, note: str) -> Rollout:
    """The gates again, for days may have gone by; then an ordinary deployment in the same transaction."""
    found = services.passed(environment=rollout.environment, commit=rollout.commit, user=rollout.user, by=actor.user)
    with transaction.atomic():
        services.lock(rollout.project)
        now = timezone.now()
        _change(rollout, states, "advance", state=State.COMPLETED, ended_at=now, problem="")
        rollout.steps.filter(ended_at=None).update(ended_at=now)
        words = note or f"Rollout #{rollout.number}"
        step = services.Step(rollout.bundle, rollout.subject, Deployment.Kind.DEPLOY, None, words, found.override)
        made = services.make_live(rollout.environment, step, actor=actor, expected=services.ANY)
        Rollout.objects.filter(pk=rollout.pk).update(deployment=made)
        rollout.deployment = made
        services.tell_rollout(rollout, actor, "completed", {"deployment": made.number, "note": note})
    return rollout


def _end(rollout: Rollout, state: str, actor: Actor, data: dict[str, Any]) -> Rollout:
    now = timezone.now()
    _change(rollout, Rollout.UNDER_WAY, "end", state=state, ended_at=now, problem="")
    rollout.steps.filter(ended_at=None).update(ended_at=now)
    services.tell_rollout(rollout, actor, str(state), {**data, "percent": rollout.plan[rollout.step]["percent"]})
    return rollout


def _change(rollout: Rollout, states: Sequence[str], act: str, **fields: Any) -> None:
    """Change the row if it is still as the caller saw it. Raises Conflict: ended, not in such a state, or stale."""
    if rollout.state not in states:
        _refuse(rollout, act)
    same = Rollout.objects.filter(pk=rollout.pk, state=rollout.state, step=rollout.step)
    if not same.update(**fields):
        raise Conflict(
            f"Rollout #{rollout.number} changed in the meantime. Look at it, then decide again.", code="rollout_stale"
        )
    for name, value in fields.items():
        setattr(rollout, name, value)


def _refuse(rollout: Rollout, act: str) -> None:
    if not rollout.under_way:
        raise Conflict(f"Rollout #{rollout.number} has ended.", code="rollout_ended", extra={"state": rollout.state})
    words = {State.PAUSED: "is paused. Resume it first.", State.RUNNING: "is not paused.", State.WAITING: "waits."}
    text = f"Rollout #{rollout.number} {words[State(rollout.state)]}"
    raise Conflict(text, code=f"rollout_{rollout.state}", extra={"act": act})
