"""From rows to what the API shows."""

from collections.abc import Sequence
from typing import Any

from rest_framework.request import Request

from variorum.accounts.access import role_in
from variorum.accounts.models import ApiKey
from variorum.accounts.roles import Role, at_least
from variorum.drafts import queries
from variorum.drafts.models import Check, Draft
from variorum.drafts.previews import preview
from variorum.drafts.queries import Standing
from variorum.drafts.serializers import DraftDetail, DraftItem
from variorum.repos import git
from variorum.repos.queries import ahead, resolve

WORST = [Check.State.FAIL, Check.State.INCONCLUSIVE, Check.State.PENDING, Check.State.PASS]
COLUMNS = [*(name for name in DraftDetail.Meta.fields if hasattr(Draft, name)), "comment_count", "open_threads"]


def items(drafts: Sequence[Draft]) -> list[Any]:
    """Drafts of a list page. Three queries, however many."""
    standings = queries.standings(drafts)
    shown: list[Any] = [_item(draft, standings[draft.pk]) for draft in drafts]
    return [DraftItem(each).data for each in shown]


def detail(request: Request, draft: Draft) -> dict[str, Any]:
    """One draft for the caller. Reads the repository, runs no Git process."""
    fresh = queries.drafts_of(draft.project, state="").get(pk=draft.pk)
    standing = queries.standing_of(fresh)
    mergeable = _mergeable(fresh)
    shown: Any = {
        **_item(fresh, standing),
        "approvals": standing.approvals,
        "objections": standing.objections,
        "checks": standing.checks,
        "required_checks": standing.required,
        "mergeable": mergeable,
        "may": _may(request, fresh, standing, mergeable["state"]),
    }
    return dict(DraftDetail(shown).data)


def _item(draft: Draft, standing: Standing) -> dict[str, Any]:
    states = {check.state for check in standing.checks}
    return {
        **{name: getattr(draft, name) for name in COLUMNS},
        "approval_count": len(standing.approvals),
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
    ends = (editor and own) or maintainer
    return {
        "comment": editor,
        "save": editor and is_open,
        "approve": maintainer and is_open and _may_approve(request, draft, own=own),
        "merge": maintainer and is_open and not standing.blockers and mergeable == "clean",
        "close": ends and is_open,
        "reopen": ends and draft.state == Draft.State.CLOSED,
    }


def _may_approve(request: Request, draft: Draft, *, own: bool) -> bool:
    if isinstance(request.auth, ApiKey):
        return False
    return not own or not queries.able_to_approve(draft.project).exclude(user=draft.author_id).exists()
