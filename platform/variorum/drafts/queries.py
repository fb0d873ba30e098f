"""Reads of drafts, their conversation, verdicts and checks."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from django.db.models import Count, Q, QuerySet
from rest_framework.request import Request

from variorum.accounts.access import access_project
from variorum.accounts.models import Project
from variorum.accounts.roles import Role
from variorum.drafts.models import Approval, Check, Comment, Draft, RequiredCheck
from variorum.drafts.needs import CODES, PROJECT, Need, Policy, policy_of
from variorum.drafts.writers import writers
from variorum.lib.errors import NotFound

REQUEST_CHANGES = Approval.Verdict.REQUEST_CHANGES


@dataclass(frozen=True)
class Blocker:
    """One reason why a draft cannot be merged now: a stable code and plain words."""

    code: str
    detail: str


@dataclass(frozen=True)
class NeedStanding:
    """One demand for approvals: whose count (`givers`), and those given to the latest version."""

    need: Need
    givers: frozenset[int]
    given: list[Approval]
    names: str
    people: tuple[str, ...] = ()

    @property
    def lacking(self) -> int:
        """How many are missing."""
        return max(0, self.need.count - len(self.given))


@dataclass
class Standing:
    """Where a draft stands: verdicts that count, checks on its head, and what keeps it from being merged.

    `stale` are approvals of earlier versions, `wrote` the people who put words of their own into the draft.
    """

    approvals: list[Approval] = field(default_factory=list)
    objections: list[Approval] = field(default_factory=list)
    stale: list[Approval] = field(default_factory=list)
    needs: list[NeedStanding] = field(default_factory=list)
    wrote: frozenset[int] = frozenset()
    checks: list[Check] = field(default_factory=list)
    required: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    required_approvals: int = 0
    blockers: list[Blocker] = field(default_factory=list)

    @property
    def givers(self) -> frozenset[int]:
        """Everybody whose approval counts for something."""
        return frozenset().union(*(each.givers for each in self.needs))

    @property
    def asked(self) -> frozenset[int]:
        """Everybody whose verdict is asked for, also those who wrote in the draft."""
        return frozenset().union(*(each.need.people for each in self.needs))

    @property
    def approved(self) -> int:
        """How many approvals count towards the project's own number."""
        return len(self.needs[0].given) if self.needs else 0


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


def standing_of(draft: Draft) -> Standing:
    """Where one draft stands. Six queries, more where there are rules for paths or co-authors."""
    return standings([draft])[draft.pk]


def standings(drafts: Sequence[Draft]) -> dict[int, Standing]:
    """Where several drafts of one project stand, by id. As many queries as for one, however many drafts."""
    if not drafts:
        return {}
    project = drafts[0].project
    policy = policy_of(project)
    found = {draft.pk: Standing(required_approvals=project.required_approvals) for draft in drafts}
    _add_verdicts(policy, drafts, found)
    _add_checks(project, drafts, found)
    for draft in drafts:
        found[draft.pk].blockers = _blockers(draft, found[draft.pk])
    return found


def _add_verdicts(policy: Policy, drafts: Sequence[Draft], found: dict[int, Standing]) -> None:
    newest = (
        Approval.objects.filter(draft__in=[draft.pk for draft in drafts])
        .select_related("author")
        .order_by("draft", "author", "-pk")
        .distinct("draft", "author")
    )
    verdicts: dict[int, list[Approval]] = {draft.pk: [] for draft in drafts}
    for verdict in newest:
        verdicts[verdict.draft_id].append(verdict)
    wrote = writers(policy.project, drafts, policy.team)
    for draft in drafts:
        _weigh(draft, policy, wrote[draft.pk], verdicts[draft.pk], found[draft.pk])


def _weigh(draft: Draft, policy: Policy, wrote: frozenset[int], verdicts: list[Approval], standing: Standing) -> None:
    """Sort one draft's newest verdicts by what they are worth."""
    needs = policy.needs(draft.paths)
    asked = frozenset().union(*(need.people for need in needs))
    standing.wrote = wrote
    standing.objections = [v for v in verdicts if v.verdict == REQUEST_CHANGES and v.author_id in asked]
    approving = [v for v in verdicts if v.verdict != REQUEST_CHANGES and v.author_id in asked]
    standing.stale = [v for v in approving if v.commit != draft.head_commit]
    now = [v for v in approving if v.commit == draft.head_commit]
    for need in needs:
        givers = need.givers(draft.author_id, wrote)
        given = [verdict for verdict in now if verdict.author_id in givers]
        missing = givers - {verdict.author_id for verdict in given}
        names = tuple(sorted(policy.team.users[pk].name for pk in givers))
        standing.needs.append(NeedStanding(need, givers, given, policy.team.names(missing), names))
    standing.approvals = [verdict for verdict in now if verdict.author_id in standing.givers]


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
    found += [Blocker(CODES[each.need.kind], in_words(each)) for each in standing.needs if each.lacking]
    states = {check.name: check.state for check in standing.checks}
    words = {None: "has not run on the latest version", "pending": "is still running", "fail": "fails"}
    for name in standing.missing:
        text = words.get(states.get(name), "is inconclusive")
        found.append(Blocker("check_missing", f"The required check “{name}” {text}."))
    return found


def in_words(standing: NeedStanding) -> str:
    """What is missing, and from whom."""
    need, lacking = standing.need, standing.lacking
    more = f"{lacking} more {'approval' if lacking == 1 else 'approvals'}"
    if len(standing.givers) < need.count:
        few = f"but only {len(standing.givers)} may be given: ask an owner of the project to change the number."
        return f"{more} {_about(need)} needed, {few}"
    return f"{more} {_about(need)} needed, from {standing.names}."


def _about(need: Need) -> str:
    if need.kind == PROJECT:
        return "of the latest version"
    others = f" and {len(need.paths) - 1} more" if len(need.paths) > 1 else ""
    return f"for {need.paths[0]}{others} ({need.source})"
