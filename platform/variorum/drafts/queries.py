"""Reads of drafts, their conversation, verdicts and checks."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from django.db.models import Count, Q, QuerySet
from rest_framework.request import Request

from variorum.accounts.access import access_project
from variorum.accounts.models import Membership, Project
from variorum.accounts.roles import Role
from variorum.drafts.models import Approval, Check, Comment, Draft, RequiredCheck
from variorum.lib.errors import NotFound

ABLE = [Role.MAINTAINER, Role.OWNER]


@dataclass(frozen=True)
class Blocker:
    """One reason why a draft cannot be merged now: a stable code and plain words."""

    code: str
    detail: str


@dataclass
class Standing:
    """Where a draft stands: verdicts that count, checks on its head, and what keeps it from being merged."""

    approvals: list[Approval] = field(default_factory=list)
    objections: list[Approval] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    required: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    required_approvals: int = 0
    blockers: list[Blocker] = field(default_factory=list)


def access_draft(request: Request, slug: str, number: int, role: Role = Role.VIEWER) -> Draft:
    """One draft of a project. Raises as access_project, NotFound."""
    project = access_project(request, slug, role)
    found = drafts_of(project, state="").filter(number=number).first()
    if found is None:
        raise NotFound(f"The project has no draft #{number}.")
    return found


def access_comment(request: Request, slug: str, number: int, comment: int, role: Role = Role.EDITOR) -> Comment:
    """One comment of a draft. Raises as access_draft, NotFound."""
    draft = access_draft(request, slug, number, role)
    found = Comment.objects.select_related("author").filter(draft=draft, pk=comment).first()
    if found is None:
        raise NotFound(f"Draft #{number} has no such comment.")
    found.draft = draft
    return found


def drafts_of(project: Project, *, state: str = "open", author: str = "", path: str = "") -> QuerySet[Draft]:
    """A project's drafts; `state` empty: all; `path`: those that change this file. Each has its `comment_count`."""
    found = Draft.objects.filter(project=project).select_related("author", "project", "project__repository")
    if state:
        found = found.filter(state=state)
    if author:
        found = found.filter(author__email=author)
    if path:
        found = found.filter(paths__contains=[path])
    open_threads = Q(comments__parent=None, comments__resolved_at=None)
    return found.annotate(
        comment_count=Count("comments"), open_threads=Count("comments", filter=open_threads, distinct=True)
    )


def comments_of(draft: Draft) -> QuerySet[Comment]:
    """A draft's conversation, oldest first."""
    return Comment.objects.filter(draft=draft).select_related("author").order_by("pk")


def verdicts_of(draft: Draft) -> QuerySet[Approval]:
    """Every verdict, newest first, also those that no longer count."""
    return Approval.objects.filter(draft=draft).select_related("author").order_by("-pk")


def checks_of(project: Project, commit: str) -> QuerySet[Check]:
    """The checks on a commit."""
    return Check.objects.filter(project=project, commit=commit).order_by("name")


def able_to_approve(project: Project) -> QuerySet[Membership]:
    """The members whose approval counts."""
    return Membership.objects.filter(project=project, role__in=ABLE)


def standing_of(draft: Draft) -> Standing:
    """Where one draft stands. Three queries."""
    return standings([draft])[draft.pk]


def standings(drafts: Sequence[Draft]) -> dict[int, Standing]:
    """Where several drafts of one project stand, by id. Three queries, however many drafts."""
    if not drafts:
        return {}
    project = drafts[0].project
    found = {draft.pk: Standing(required_approvals=project.required_approvals) for draft in drafts}
    _add_verdicts(project, drafts, found)
    _add_checks(project, drafts, found)
    for draft in drafts:
        found[draft.pk].blockers = _blockers(draft, found[draft.pk])
    return found


def _add_verdicts(project: Project, drafts: Sequence[Draft], found: dict[int, Standing]) -> None:
    heads = {draft.pk: draft.head_commit for draft in drafts}
    newest = (
        Approval.objects.filter(
            draft__in=heads, author__memberships__project=project, author__memberships__role__in=ABLE
        )
        .select_related("author")
        .order_by("draft", "author", "-pk")
        .distinct("draft", "author")
    )
    for verdict in newest:
        standing = found[verdict.draft_id]
        if verdict.verdict == Approval.Verdict.REQUEST_CHANGES:
            standing.objections.append(verdict)
        elif verdict.commit == heads[verdict.draft_id]:
            standing.approvals.append(verdict)


def _add_checks(project: Project, drafts: Sequence[Draft], found: dict[int, Standing]) -> None:
    heads = {draft.head_commit for draft in drafts}
    checks = Check.objects.filter(project=project, commit__in=heads).order_by("name")
    required = list(RequiredCheck.objects.filter(project=project).order_by("name"))
    for draft in drafts:
        standing = found[draft.pk]
        standing.checks = [check for check in checks if check.commit == draft.head_commit]
        passed = {check.name for check in standing.checks if check.state == Check.State.PASS}
        standing.required = [rule.name for rule in required if concerns(rule.path, draft.paths)]
        standing.missing = [name for name in standing.required if name not in passed]


def concerns(path: str, changed: Iterable[str]) -> bool:
    """Whether a required check for `path` (files or folders, one a line; empty: any) is about one of these files."""
    wanted = path.split("\n")
    return not path or any(each == one or each.startswith(f"{one.rstrip('/')}/") for each in changed for one in wanted)


def _blockers(draft: Draft, standing: Standing) -> list[Blocker]:
    if draft.state != Draft.State.OPEN:
        return [Blocker("not_open", f"The draft is {draft.state}.")]
    found = [
        Blocker("changes_requested", f"{verdict.author.name} requested changes.") for verdict in standing.objections
    ]
    lacking = standing.required_approvals - len(standing.approvals)
    if lacking > 0:
        noun = "approval" if lacking == 1 else "approvals"
        found.append(Blocker("approvals_missing", f"{lacking} more {noun} of the latest version needed."))
    states = {check.name: check.state for check in standing.checks}
    words = {None: "has not run on the latest version", "pending": "is still running", "fail": "fails"}
    for name in standing.missing:
        text = words.get(states.get(name), "is inconclusive")
        found.append(Blocker("check_missing", f"The required check “{name}” {text}."))
    return found
