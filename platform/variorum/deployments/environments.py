"""Writes of environments: add, change, order, remove; what one asks for before something goes live in it."""

from collections.abc import Sequence
from typing import Any

from django.db import IntegrityError, transaction

from variorum.accounts.access import Actor
from variorum.accounts.models import Membership, Project, User
from variorum.deployments import queries, services
from variorum.deployments.models import (
    Approver,
    Deployment,
    Environment,
    EnvironmentCheck,
    Freeze,
    Rollout,
    ScheduledDeploy,
)
from variorum.events.services import record
from variorum.lib.errors import Conflict, Invalid

MOST = 20  # environments of a project
PLURALS = {"set of rules": "sets of rules"}
FIELDS = ("name", "required_approvals", "guarded", "approver_role", "own_approval_counts", "soak_hours")


@transaction.atomic
def add(*, project: Project, actor: Actor, slug: str, name: str, guarded: bool = False) -> Environment:
    """A new environment after the others. Raises Conflict `slug_taken`, `too_many`."""
    services.lock(project)
    every = queries.environments_of(project)
    if len(every) >= MOST:
        raise Conflict(f"A project has at most {MOST} environments.", code="too_many")
    try:
        with transaction.atomic():
            made = Environment.objects.create(
                project=project, slug=slug, name=name, guarded=guarded, position=every[-1].position + 1
            )
    except IntegrityError:
        raise Conflict(f"There is an environment {slug!r} already.", code="slug_taken") from None
    _tell(made, actor, "environment.added", {"name": name, "guarded": guarded})
    return made


@transaction.atomic
def change(
    *, environment: Environment, actor: Actor, approvers: Sequence[User] | None = None, **fields: Any
) -> Environment:
    """Change its name or what it asks for; `fields` are some of FIELDS. Raises Invalid for an approver who left.

    The event holds what changed, before and after; nothing changed, no event.
    """
    locked = Environment.objects.select_for_update().select_related("project").get(pk=environment.pk)
    before = {name: getattr(locked, name) for name in FIELDS if name in fields}
    after = {name: fields[name] for name in before}
    if after:
        Environment.objects.filter(pk=locked.pk).update(**after)
    if approvers is not None:
        before["approvers"], after["approvers"] = _set_approvers(locked, approvers)
    changed = [name for name in after if after[name] != before[name]]
    if changed:
        facts = {key: {name: given[name] for name in changed} for key, given in (("before", before), ("after", after))}
        _tell(locked, actor, "environment.updated", facts)
    locked.refresh_from_db()
    return locked


def _set_approvers(environment: Environment, people: Sequence[User]) -> tuple[list[str], list[str]]:
    """Puts them in place of the former ones; the names of both."""
    members = Membership.objects.filter(project=environment.project, user__in=people).values_list("user", flat=True)
    if left := [person for person in people if person.pk not in set(members)]:
        text = f"Person {left[0].pk} is not a member of this project."
        raise Invalid(text, errors=[{"where": "approvers", "code": "unknown", "detail": text}])
    former = Approver.objects.filter(environment=environment).select_related("user").order_by("user__name", "pk")
    names = [each.user.name for each in former]
    former.delete()
    Approver.objects.bulk_create(Approver(environment=environment, user=person) for person in people)
    return names, sorted(person.name for person in people)


@transaction.atomic
def order(*, project: Project, actor: Actor, slugs: Sequence[str]) -> list[Environment]:
    """Put the environments in this order. Raises Invalid unless each is named once."""
    services.lock(project)
    every = queries.environments_of(project)
    was = [each.slug for each in every]
    if sorted(slugs) != sorted(was):
        text = f"Name each environment once: {', '.join(was)}."
        raise Invalid(text, errors=[{"where": "order", "code": "invalid", "detail": text}])
    for each in every:
        Environment.objects.filter(pk=each.pk).update(position=slugs.index(each.slug))
    if list(slugs) != was:
        data = {"before": {"order": was}, "after": {"order": list(slugs)}}
        record(project=project, actor=actor, kind="environment.ordered", subject=("project", project.slug), data=data)
    return queries.environments_of(project)


def takes(environment: Environment) -> list[str]:
    """In words what goes when an environment is removed."""
    waiting = ScheduledDeploy.objects.filter(environment=environment, state=ScheduledDeploy.State.WAITING)
    counts = {
        "deployment": Deployment.objects.filter(environment=environment).count(),
        "scheduled deploy": waiting.count(),
        "set of rules": environment.rule_sets.count(),
        "rollout": environment.rollouts.count(),
        "freeze window": Freeze.objects.filter(environment=environment).count(),
    }
    live = queries.current(environment)
    told = [f"what is live now: “{live.subject}” (#{live.number}); apps that ask for it get 404"] if live else []
    going = environment.rollouts.filter(state__in=Rollout.UNDER_WAY)
    told += [f"rollout #{rollout.number} of “{rollout.subject}”, which is under way" for rollout in going]
    return told + [
        f"{count} {noun if count == 1 else PLURALS.get(noun, f'{noun}s')}" for noun, count in counts.items() if count
    ]


@transaction.atomic
def remove(*, environment: Environment, actor: Actor, confirm: str = "") -> None:
    """Take an environment away with its history; a rollout under way ends. Logs stay, as they are.

    Raises Conflict `last_environment`, and `still_live` when something is live there and `confirm` is not its name.
    """
    project = environment.project
    services.lock(project)
    if Environment.objects.filter(project=project).count() == 1:
        raise Conflict("A project needs one environment at least.", code="last_environment")
    live, lost = queries.current(environment), takes(environment)
    if live is not None and confirm != environment.slug:
        text = f"{environment.name} serves apps. To remove it, confirm with its short name, {environment.slug}."
        raise Conflict(text, code="still_live", extra={"takes": lost})
    facts = {"name": environment.name, "takes": lost, "last_number": services.next_number(project) - 1}
    services.end_rollout(environment, actor=actor, why="The environment was removed.")
    _tell(environment, actor, "environment.removed", facts)
    environment.delete()


@transaction.atomic
def require_check(*, environment: Environment, actor: Actor, name: str, path: str) -> EnvironmentCheck:
    """Ask for a check there; the same name again changes its files."""
    former = EnvironmentCheck.objects.filter(environment=environment, name=name).first()
    made, _ = EnvironmentCheck.objects.update_or_create(environment=environment, name=name, defaults={"path": path})
    if former is None or former.path != path:
        before = {"check": f"{name}: {_files(former.path)}" if former else None}
        _tell(
            environment, actor, "environment.updated", {"before": before, "after": {"check": f"{name}: {_files(path)}"}}
        )
    return made


@transaction.atomic
def drop_check(*, check: EnvironmentCheck, actor: Actor) -> None:
    """Ask for a check no longer."""
    before = {"check": f"{check.name}: {_files(check.path)}"}
    _tell(check.environment, actor, "environment.updated", {"before": before, "after": {"check": None}})
    check.delete()


def _files(path: str) -> str:
    return path.replace("\n", ", ") or "any file"


def _tell(environment: Environment, actor: Actor, kind: str, data: dict[str, Any]) -> None:
    subject = ("environment", environment.slug)
    record(project=environment.project, actor=actor, kind=kind, subject=subject, data=data)
