"""Approvals to go live: so many people must agree that a commit may run in an environment."""

from django.db import transaction

from variorum.accounts.access import Actor
from variorum.accounts.models import Membership, User
from variorum.accounts.roles import Role
from variorum.deployments.models import Deployment, Environment, GoLive
from variorum.drafts.models import Approval, Draft
from variorum.events.services import record
from variorum.lib.errors import Conflict
from variorum.repos import queries as repos

ABLE = (Role.MAINTAINER, Role.OWNER)


@transaction.atomic
def approve(*, environment: Environment, commit: str, actor: Actor, user: User) -> GoLive:
    """Agree that a commit goes live there; twice is the same as once. Raises NotFound for an unknown commit."""
    sha = repos.resolve(environment.project, commit)
    made, new = GoLive.objects.get_or_create(environment=environment, commit=sha, user=user)
    if new:
        data = {"environment": environment.slug, "commit": sha}
        record(project=environment.project, actor=actor, kind="deployment.approved", subject=("commit", sha), data=data)
    return made


@transaction.atomic
def require(*, environment: Environment, actor: Actor, count: int) -> Environment:
    """Ask for so many approvals from now on; 0 for none."""
    Environment.objects.filter(pk=environment.pk).update(required_approvals=count)
    environment.required_approvals = count
    subject = ("environment", environment.slug)
    record(
        project=environment.project,
        actor=actor,
        kind="environment.updated",
        subject=subject,
        data={"required_approvals": count},
    )
    return environment


def enough(environment: Environment, commit: str, live: Deployment | None) -> None:
    """Raises Conflict `go_live_approvals_missing` when too few maintainers and owners agree that the commit goes live.

    Who approved the draft counts too, when its merge is all that the commit brings. A roll-back is never held up.
    """
    if not environment.required_approvals:
        return
    people = set(GoLive.objects.filter(environment=environment, commit=commit).values_list("user", flat=True))
    people |= _by_draft(environment, commit, live)
    able = set(
        Membership.objects.filter(project=environment.project, role__in=ABLE, user__in=people).values_list(
            "user", flat=True
        )
    )
    lacking = environment.required_approvals - len(able)
    if lacking > 0:
        noun = "maintainer or owner" if lacking == 1 else "maintainers or owners"
        text = f"{lacking} more {noun} must approve that this goes live in {environment.name}."
        raise Conflict(text, code="go_live_approvals_missing")


def _by_draft(environment: Environment, commit: str, live: Deployment | None) -> set[int]:
    draft = Draft.objects.filter(project=environment.project, merged_commit=commit).first()
    if draft is None or live is None or repos.commit_info(environment.project, commit).parents[:1] != (live.commit,):
        return set()
    newest = Approval.objects.filter(draft=draft).order_by("author", "-pk").distinct("author")
    return {
        verdict.author_id
        for verdict in newest
        if verdict.verdict == Approval.Verdict.APPROVE and verdict.commit == draft.head_commit
    }
