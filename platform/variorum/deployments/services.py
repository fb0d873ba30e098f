"""Writes of deployments: make a commit live, go back."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone

from variorum.accounts.access import Actor
from variorum.accounts.models import Project, User
from variorum.deployments import adapters, gate, golive, overrides, queries, soaking
from variorum.deployments.models import Bundle, Deployment, Environment, FreezeOverride, Rollout
from variorum.events.models import Event
from variorum.events.services import record
from variorum.lib.errors import Conflict
from variorum.repos import queries as repos
from variorum.repos.problems import bad_files
from variorum_client.bundle import BundleError, build_bundle, canonical_bytes

ANY = -1  # `expected` of a caller who did not look first
Settle = Callable[[Deployment], None]


@dataclass(frozen=True)
class Step:
    """What is to be made live."""

    bundle: Bundle
    subject: str
    kind: Deployment.Kind
    restores: Deployment | None
    note: str
    override: FreezeOverride | None = None


@dataclass(frozen=True)
class Passed:
    """A commit that may go live now: its frozen bundle, its subject, and the override that this act uses up."""

    bundle: Bundle
    subject: str
    override: FreezeOverride | None


def ensure_environments(project: Project) -> list[Environment]:
    """The project's environments in their order (dev, staging, production), made at first use."""
    return queries.environments_of(project)


def deploy(
    *,
    environment: Environment,
    commit: str,
    actor: Actor,
    note: str = "",
    expected: int | None = ANY,
    settle: Settle | None = None,
) -> Deployment:
    """Make a commit of main live. `commit` may be a tag, a branch or the beginning of an id.

    `expected` is the number of the deployment that the caller saw live (None: nothing was). `settle` is called with
    the deployment in the same transaction. Raises NotFound, Unprocessable for a commit whose artefacts are not sound,
    Conflict when it is not on main (`not_on_main`), live already (`already_live`), in a freeze window (`frozen`), held
    back by its checks (`checks_missing`), for want of approvals (`go_live_approvals_missing`) or of time in the
    environment before (`not_soaked`), or when somebody was faster (`stale_deployment`).
    """
    found = passed(environment=environment, commit=commit, user=actor.user, by=actor.user)
    step = Step(found.bundle, found.subject, Deployment.Kind.DEPLOY, None, note, found.override)
    return make_live(environment, step, actor=actor, expected=expected, settle=settle)


def passed(*, environment: Environment, commit: str, user: User | None = None, by: User | None = None) -> Passed:
    """What is needed to make a commit live that `user` may make live there now, with an override of `by`, who acts.

    Raises as `deploy`.
    """
    project = environment.project
    sha = repos.resolve(project, commit)
    gate.on_main(project, sha)
    override = overrides.open_for(environment, sha, by)
    gate.not_frozen(environment, override=override)
    live = queries.current(environment)
    gate.checks(environment, sha, live, override)
    soaking.enough(environment, sha)
    golive.enough(environment, sha, live, user)
    bundle = freeze(environment=environment, commit=sha)
    adapters.prepare(project, sha)
    return Passed(bundle, repos.commit_info(project, sha).subject[:200], override)


def roll_back(
    *,
    environment: Environment,
    actor: Actor,
    to: Deployment | None = None,
    note: str = "",
    expected: int | None = ANY,
) -> Deployment:
    """Make live again what an earlier deployment of this environment had made live (None: what was live before).

    Needs neither Git nor checks: the frozen bundle is served again. Raises Conflict when there is nothing to go back
    to (`nothing_earlier`), it is live already, or somebody was faster.
    """
    target = to or queries.rollback_target(environment)
    if target is None or target.environment_id != environment.pk:
        raise Conflict(f"Nothing else was live in {environment.slug} before.", code="nothing_earlier")
    target = target.restores or target
    step = Step(target.bundle, target.subject, Deployment.Kind.ROLLBACK, target, note)
    return make_live(environment, step, actor=actor, expected=expected)


def freeze(*, environment: Environment, commit: str) -> Bundle:
    """The bundle of a commit, rendered from Git if it never was. Raises Unprocessable for unsound artefacts."""
    found = Bundle.objects.filter(environment=environment, commit=commit).first()
    if found is not None:
        return found
    body, digest = render(environment, commit)
    bundle, _ = Bundle.objects.get_or_create(
        environment=environment, commit=commit, defaults={"hash": digest, "body": body}
    )
    return bundle


def render(environment: Environment, commit: str) -> tuple[bytes, str]:
    """The bytes and the hash of a commit's bundle, not stored. Raises Unprocessable for unsound artefacts."""
    project = environment.project
    files = gate.sound(project, commit)
    try:
        bundle = build_bundle(project=project.slug, environment=environment.slug, commit=commit, files=files)
    except BundleError as error:
        raise bad_files(error.problems) from None
    return canonical_bytes(bundle), str(bundle["hash"])


@transaction.atomic
def make_live(
    environment: Environment, step: Step, *, actor: Actor, expected: int | None, settle: Settle | None = None
) -> Deployment:
    """Serve a bundle from now on. A deploy is refused while a rollout is under way; a roll-back ends it."""
    project = environment.project
    lock(project)
    if step.kind == Deployment.Kind.DEPLOY:
        gate.no_rollout(environment)
    live = queries.current(environment)
    check_expected(environment, live, expected)
    gate.not_live(environment, step.bundle.commit, live)
    if step.kind == Deployment.Kind.ROLLBACK:
        end_rollout(environment, actor=actor)
    deployment = Deployment.objects.create(
        project=project,
        environment=environment,
        number=next_number(project),
        commit=step.bundle.commit,
        subject=step.subject,
        bundle=step.bundle,
        kind=step.kind,
        restores=step.restores,
        override=step.override,
        note=step.note,
        actor_name=actor.name[:220],
        user=actor.user,
        key=actor.key,
    )
    overrides.use(step.override, actor=actor, act=f"deployment #{deployment.number}")
    _tell(deployment, live, actor)
    if settle:
        settle(deployment)
    return queries.history(environment).get(pk=deployment.pk)


def next_number(project: Project) -> int:
    """One more than the newest, also than those that went with an environment that was removed."""
    newest = Deployment.objects.filter(project=project).order_by("-number").first()
    gone = Event.objects.filter(project=project, subject_kind="environment", kind="environment.removed")
    last = gone.order_by("-pk").first()
    return max(newest.number if newest else 0, int(last.data.get("last_number", 0)) if last else 0) + 1


def next_rollout(project: Project) -> int:
    """One more than the newest, also than those that went with an environment: the audit trail keeps their numbers."""
    newest = Rollout.objects.filter(project=project).order_by("-number").first()
    told = Event.objects.filter(project=project, subject_kind="rollout", kind="rollout.started").order_by("-pk").first()
    return max(newest.number if newest else 0, int(told.subject_id) if told else 0) + 1


def lock(project: Project) -> None:
    """One at a time in a project: numbers are counted, and the newest deployment is what is live."""
    list(Environment.objects.select_for_update().filter(project=project).order_by("pk"))


def end_rollout(environment: Environment, *, actor: Actor, why: str = "The environment was rolled back.") -> None:
    """Roll back the rollout that is under way, if there is one. The caller holds the lock."""
    running = Rollout.objects.filter(environment=environment, state__in=Rollout.UNDER_WAY)
    for rollout in running.select_related("environment", "project"):
        now = timezone.now()
        if running.filter(pk=rollout.pk).update(state=Rollout.State.ROLLED_BACK, ended_at=now, problem=""):
            rollout.steps.filter(ended_at=None).update(ended_at=now)
            tell_rollout(rollout, actor, "rolled_back", {"why": why})


def tell_rollout(rollout: Rollout, actor: Actor, what: str, data: dict[str, Any]) -> None:
    """The event of a change, in its transaction; web processes and apps look again at who gets what."""
    facts = {"environment": rollout.environment.slug, "commit": rollout.commit, "subject": rollout.subject, **data}
    subject = ("rollout", str(rollout.number))
    record(project=rollout.project, actor=actor, kind=f"rollout.{what}", subject=subject, data=facts)


def check_expected(environment: Environment, live: Deployment | None, expected: int | None) -> None:
    """Raises Conflict `stale_deployment` unless what the caller saw live is live still."""
    number = live.number if live else None
    if expected not in (ANY, number):
        raise Conflict(
            f"Somebody changed {environment.slug} in the meantime. Look at what is live now, then decide again.",
            code="stale_deployment",
            extra={"deployment": number, "commit": live.commit if live else None},
        )


def _tell(deployment: Deployment, live: Deployment | None, actor: Actor) -> None:
    """The event also reaches every web process: its lane then forgets what it held of this project."""
    record(
        project=deployment.project,
        actor=actor,
        kind="deployment.created" if deployment.kind == Deployment.Kind.DEPLOY else "deployment.rolled_back",
        subject=("deployment", str(deployment.number)),
        data={
            "environment": deployment.environment.slug,
            "commit": deployment.commit,
            "subject": deployment.subject,
            "before": live.commit if live else None,
            "note": deployment.note,
            "override": deployment.override.reason if deployment.override else "",
        },
    )
