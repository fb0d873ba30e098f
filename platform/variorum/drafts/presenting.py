"""From rows to what the API shows."""

from collections.abc import Sequence
from typing import Any

from rest_framework.request import Request

from variorum.accounts.access import role_in
from variorum.accounts.models import ApiKey
from variorum.accounts.roles import Role, at_least
from variorum.drafts import queries
from variorum.drafts.models import Approval, Check, Comment, Draft, ReviewRequest
from variorum.drafts.needs import Policy
from variorum.drafts.positions import positions
from variorum.drafts.previews import preview
from variorum.drafts.queries import NeedStanding, Standing
from variorum.drafts.ranges import ranges
from variorum.drafts.serializers import CommentSerializer, DraftDetail, DraftItem
from variorum.repos import git
from variorum.repos.queries import ahead, resolve

WORST = [Check.State.FAIL, Check.State.INCONCLUSIVE, Check.State.PENDING, Check.State.PASS]
COLUMNS = [*(name for name in DraftDetail.Meta.fields if hasattr(Draft, name)), "comment_count", "open_threads"]


def items(drafts: Sequence[Draft]) -> list[Any]:
    """Drafts of a list page. Three queries, however many."""
    standings = queries.standings(drafts)
    shown: list[Any] = [item(draft, standings[draft.pk]) for draft in drafts]
    return [DraftItem(each).data for each in shown]


def detail(request: Request, draft: Draft) -> dict[str, Any]:
    """One draft for the caller. Reads the repository, runs no Git process."""
    fresh = queries.drafts_of(draft.project, state="").get(pk=draft.pk)
    standing = queries.standing_of(fresh)
    mergeable = _mergeable(fresh)
    shown: Any = {
        **item(fresh, standing),
        "approvals": standing.approvals,
        "objections": standing.objections,
        "stale_approvals": standing.stale,
        "needs": [_need(each) for each in standing.needs],
        "reviewers": _reviewers(fresh),
        "checks": standing.checks,
        "required_checks": standing.required,
        "mergeable": mergeable,
        "may": _may(request, fresh, standing, mergeable["state"]),
    }
    return dict(DraftDetail(shown).data)


def item(draft: Draft, standing: Standing) -> dict[str, Any]:
    """One draft of a list, to be serialized as a DraftItem."""
    states = {check.state for check in standing.checks}
    return {
        **{name: getattr(draft, name) for name in COLUMNS},
        "approval_count": standing.approved,
        "objection_count": len(standing.objections),
        "required_approvals": standing.required_approvals,
        "check_state": next((state for state in WORST if state in states), None),
        "blockers": standing.blockers,
    }


def _mergeable(draft: Draft) -> dict[str, Any]:
    if draft.state != Draft.State.OPEN:
        return {"state": "ended", "conflicts": [], "problems": [], "onto": None, "behind": 0}
    onto = resolve(draft.project, git.MAIN)
    found = preview(draft, onto)
    conflicts = [conflict.path for conflict in found.conflicts]
    behind = ahead(draft.project, draft.head_commit, onto)
    return {
        "state": found.state,
        "conflicts": conflicts,
        "problems": found.problems,
        "onto": onto,
        "behind": behind,
    }


def _may(request: Request, draft: Draft, standing: Standing, mergeable: str) -> dict[str, bool]:
    role = role_in(request, draft.project) or Role.VIEWER
    editor, maintainer = at_least(role, Role.EDITOR), at_least(role, Role.MAINTAINER)
    is_open = draft.state == Draft.State.OPEN
    own = request.user.pk == draft.author_id
    judges = editor and is_open and not isinstance(request.auth, ApiKey)
    alone = request.user.pk in standing.givers
    ends = (editor and own) or maintainer
    return {
        "comment": editor,
        "save": editor and is_open,
        "approve": judges and request.user.pk in standing.givers,
        "request_changes": judges and request.user.pk in standing.asked and (alone or not own),
        "merge": maintainer and is_open and not standing.blockers and mergeable == "clean",
        "close": ends and is_open,
        "reopen": ends and draft.state == Draft.State.CLOSED,
    }


def comments(draft: Draft, found: Sequence[Comment]) -> list[Any]:
    """Comments with where their lines stand now, and whether their suggestions can be taken up."""
    context = {"positions": positions(draft, found), "ranges": ranges(draft, found)}
    return list(CommentSerializer(found, many=True, context=context).data)


def wishes(policy: Policy, paths: Sequence[str]) -> list[dict[str, Any]]:
    """What a change of these files would need of people who did not write it."""
    names = {pk: user.name for pk, user in policy.team.users.items()}
    return [
        _need(NeedStanding(need, need.people, [], policy.team.names(need.people), tuple(_sorted(need.people, names))))
        for need in policy.needs(paths)
    ]


def _sorted(people: frozenset[int], names: dict[int, str]) -> list[str]:
    return sorted(names[pk] for pk in people)


def _need(standing: NeedStanding) -> dict[str, Any]:
    need = standing.need
    return {
        "kind": need.kind,
        "count": need.count,
        "given": min(len(standing.given), need.count),
        "paths": need.paths,
        "asked_by": need.source,
        "people": standing.people,
        "words": queries.in_words(standing) if standing.lacking else "",
    }


def _reviewers(draft: Draft) -> list[ReviewRequest]:
    asked = list(ReviewRequest.objects.filter(draft=draft).select_related("user").order_by("pk"))
    given = Approval.objects.filter(draft=draft, commit=draft.head_commit).order_by("pk")
    verdicts = dict(given.values_list("author", "verdict")) if asked else {}
    for request in asked:
        request.state = verdicts.get(request.user_id, "waiting")  # type: ignore[attr-defined]
    return asked
