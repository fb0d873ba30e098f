"""Reads of environments and deployments."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import OuterRef, Prefetch, QuerySet, Subquery
from rest_framework.request import Request

from variorum.accounts.access import access_project, check_environment, key_of
from variorum.accounts.models import Project, User
from variorum.accounts.roles import Role
from variorum.deployments import gate, overrides
from variorum.deployments.models import Deployment, Environment, Rollout, RolloutStep, RuleSet
from variorum.lib.errors import NotFound
from variorum.repos import queries as repos

NOTHING = "nothing_deployed"


@dataclass(frozen=True)
class Change:
    """One path that differs between two deployments. `status` is added, deleted, modified or renamed."""

    path: str
    old_path: str
    status: str
    added: int
    removed: int


def access_environment(request: Request, project: str, slug: str, role: Role = Role.VIEWER) -> Environment:
    """One environment of a project. Raises as access_project, Forbidden for a key bound to others, NotFound."""
    owner = access_project(request, project, role)
    check_environment(key_of(request), slug)
    found = environment_of(owner, slug)
    if found is None:
        raise NotFound(f"The project has no environment {slug[:63]!r}.")
    return found


def access_deployment(request: Request, project: str, number: int, role: Role = Role.VIEWER) -> Deployment:
    """One deployment of a project. Raises as access_project, NotFound."""
    found = deployments_of(access_project(request, project, role)).filter(number=number).first()
    if found is None:
        raise NotFound(f"The project has no deployment #{number}.")
    return found


def access_rollout(request: Request, project: str, number: int, role: Role = Role.VIEWER) -> Rollout:
    """One rollout of a project. Raises as access_environment."""
    found = rollouts_of(access_project(request, project, role)).filter(number=min(number, 2**31 - 1)).first()
    if found is None:
        raise NotFound(f"The project has no rollout #{number}.")
    check_environment(key_of(request), found.environment.slug)
    return found


def rollouts_of(project: Project) -> QuerySet[Rollout]:
    """Every rollout of a project with its environment and steps."""
    found = Rollout.objects.filter(project=project).select_related("environment", "project", "baseline", "deployment")
    return found.prefetch_related(Prefetch("steps", RolloutStep.objects.order_by("position")))


def access_rule_set(request: Request, project: str, slug: str, number: int) -> RuleSet:
    """Rules that were put in force in an environment. Raises as access_environment, NotFound."""
    environment = access_environment(request, project, slug)
    found = RuleSet.objects.filter(environment=environment, number=min(number, 2**31 - 1)).first()
    if found is None:
        raise NotFound(f"There are no rules #{number} in {environment.slug}.")
    return found


def environments_of(project: Project) -> list[Environment]:
    """The environments of a project in their order, made at first use."""
    found = list(Environment.objects.filter(project=project).select_related("project").order_by("position", "pk"))
    if found:
        return found
    Environment.objects.bulk_create(
        [
            Environment(project=project, slug=slug, name=name, position=position, guarded=slug == "production")
            for position, (slug, name) in enumerate(Environment.STANDARD)
        ],
        ignore_conflicts=True,
    )
    return list(Environment.objects.filter(project=project).select_related("project").order_by("position", "pk"))


def environment_of(project: Project, slug: str) -> Environment | None:
    """One environment of a project by its slug."""
    return next((found for found in environments_of(project) if found.slug == slug), None)


def deployments_of(project: Project) -> QuerySet[Deployment]:
    """Every deployment of a project, each with `until`: when the next one took its place, None while it is live."""
    later = Deployment.objects.filter(environment=OuterRef("environment"), number__gt=OuterRef("number"))
    until = Subquery(later.order_by("number").values("created_at")[:1])
    found = Deployment.objects.filter(project=project).annotate(until=until)
    return found.select_related("environment", "bundle", "restores", "override").defer("bundle__body")


def history(environment: Environment) -> QuerySet[Deployment]:
    """The deployments of one environment, to be ordered by number."""
    return deployments_of(environment.project).filter(environment=environment)


def current(environment: Environment) -> Deployment | None:
    """What is live in an environment now."""
    return history(environment).order_by("-number").first()


def live_at(environment: Environment, time: datetime) -> Deployment | None:
    """What was live in an environment at a moment; None before its first deployment."""
    return history(environment).filter(created_at__lte=time).order_by("-number").first()


def before(deployment: Deployment) -> Deployment | None:
    """What was live in the same environment before a deployment."""
    return history(deployment.environment).filter(number__lt=deployment.number).order_by("-number").first()


def rollback_target(environment: Environment) -> Deployment | None:
    """Where a roll-back without a choice leads: to what was live before the commit that is live now came.

    A roll-back of a roll-back goes further back, never forward to what was rolled back from.
    """
    live = current(environment)
    if live is None:
        return None
    origin = live.restores or live
    earlier = history(environment).filter(number__lt=origin.number).exclude(commit=live.commit)
    return earlier.order_by("-number").first()


def changes(project: Project, base: str | None, commit: str) -> list[Change]:
    """The paths that differ from commit `base` (None: from nothing) to `commit`."""
    if base == commit:
        return []
    return [
        Change(file.path, file.old_path, file.status, file.added, file.removed)
        for file in repos.diff(project, base, commit, context=0)
    ]


def waiting(environment: Environment, live: Deployment | None) -> int | None:
    """How many commits of main are not live here; None when nothing is live."""
    main = repos.head(environment.project)
    if live is None or main is None:
        return None
    return repos.ahead(environment.project, live.commit, main)


def preview(environment: Environment, commit: str, user: User | None = None) -> dict[str, Any]:
    """What it would change if `user` deployed a commit, and what stands in the way. Raises NotFound."""
    project = environment.project
    sha = repos.resolve(project, commit)
    live = current(environment)
    base = live.commit if live else None
    override = overrides.open_for(environment, sha, user)
    return {
        "commit": sha,
        "subject": repos.commit_info(project, sha).subject,
        "current": live,
        "changes": changes(project, base, sha),
        "commits": repos.ahead(project, base, sha),
        "backwards": base is not None and base != sha and repos.is_ancestor(project, sha, base),
        "obstacles": gate.obstacles(environment, sha, live, user, override),
        "override": override,
    }
