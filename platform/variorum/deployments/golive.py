"""Approvals to go live: so many people must agree that a commit may run in an environment."""

from django.db import transaction

from variorum.accounts.access import Actor
from variorum.accounts.models import Membership, User
from variorum.accounts.roles import Role, at_least
from variorum.deployments.models import Approver, Deployment, Environment, GoLive
from variorum.drafts.models import Approval, Draft
from variorum.events.services import record
from variorum.lib.errors import Conflict, Forbidden
from variorum.repos import queries as repos

ROLES = {Role.EDITOR: "editor, maintainer or owner", Role.MAINTAINER: "maintainer or owner", Role.OWNER: "owner"}
PLURAL = {
    Role.EDITOR: "editors, maintainers or owners",
    Role.MAINTAINER: "maintainers or owners",
    Role.OWNER: "owners",
}


def able(environment: Environment) -> dict[int, User]:
    """The people whose approval counts in an environment, by their id: members by role, and those named."""
    members = Membership.objects.filter(project=environment.project_id).select_related("user").order_by("pk")
    named = set(Approver.objects.filter(environment=environment).values_list("user", flat=True))
    role = environment.approver_role
    return {
        each.user_id: each.user for each in members if each.user_id in named or (role and at_least(each.role, role))
    }


def may_approve(environment: Environment, user: User) -> None:
    """Raises Forbidden `not_an_approver` for whose approval does not count here."""
    if user.pk not in able(environment):
        raise Forbidden(f"Your approval does not count in {environment.name}.", code="not_an_approver")


@transaction.atomic
def approve(*, environment: Environment, commit: str, actor: Actor, user: User) -> GoLive:
    """Agree that a commit goes live there; twice is the same as once. Raises NotFound for an unknown commit."""
    may_approve(environment, user)
    sha = repos.resolve(environment.project, commit)
    made, new = GoLive.objects.get_or_create(environment=environment, commit=sha, user=user)
    if new:
        data = {"environment": environment.slug, "commit": sha}
        record(project=environment.project, actor=actor, kind="deployment.approved", subject=("commit", sha), data=data)
    return made


def enough(environment: Environment, commit: str, live: Deployment | None, deployer: User | None = None) -> None:
    """Raises Conflict `go_live_approvals_missing` when too few of those who count agree that the commit goes live.

    Who approved the draft counts too, when its merge is all that the commit brings. A roll-back is never held up.
    """
    if not environment.required_approvals:
        return
    people = set(GoLive.objects.filter(environment=environment, commit=commit).values_list("user", flat=True))
    people |= _by_draft(environment, commit, live)
    counted = people & set(able(environment))
    if deployer is not None and not environment.own_approval_counts:
        counted.discard(deployer.pk)
    lacking = environment.required_approvals - len(counted)
    if lacking > 0:
        raise Conflict(_wanted(environment, lacking), code="go_live_approvals_missing")


def _wanted(environment: Environment, lacking: int) -> str:
    named = Approver.objects.filter(environment=environment).select_related("user").order_by("user__name", "pk")
    names = [each.user.name for each in named]
    role = environment.approver_role
    own = "" if environment.own_approval_counts else " Who deploys does not count."
    if not names and role:
        noun = ROLES[Role(role)] if lacking == 1 else PLURAL[Role(role)]
        return f"{lacking} more {noun} must approve that this goes live in {environment.name}.{own}"
    whom = [*names, *([f"any {ROLES[Role(role)]}"] if role else [])]
    of = f" of {', '.join(whom)}" if whom else ""
    noun = "approval" if lacking == 1 else "approvals"
    return f"{lacking} more {noun}{of} needed before this goes live in {environment.name}.{own}"


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
