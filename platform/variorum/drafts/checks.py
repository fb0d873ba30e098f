"""Checks on commits: written by the rooms above, read by merge and deploy."""

from typing import Any

from django.db import transaction
from django.utils import timezone

from variorum.accounts.access import Actor
from variorum.accounts.models import Project
from variorum.drafts.models import Check, RequiredCheck
from variorum.events.services import record


@transaction.atomic
def set_check(
    *,
    project: Project,
    commit: str,
    name: str,
    state: str,
    summary: str = "",
    url: str = "",
    details: dict[str, Any] | None = None,
) -> Check:
    """Write the verdict `name` on a commit: pending, pass, fail or inconclusive. The newest one counts."""
    values = {
        "state": Check.State(state),
        "summary": summary[:300],
        "url": url[:300],
        "details": details or {},
        "updated_at": timezone.now(),
    }
    before = Check.objects.select_for_update().filter(project=project, commit=commit, name=name[:100]).first()
    check, _ = Check.objects.update_or_create(project=project, commit=commit, name=name[:100], defaults=values)
    if before is None or before.state != state:
        actor = Actor.system("Checks")
        record(
            project=project, actor=actor, kind=f"check.{state}", subject=("commit", commit), data={"name": check.name}
        )
    return check


@transaction.atomic
def require_check(*, project: Project, actor: Actor, name: str, path: str = "", required: bool = True) -> None:
    """Demand (or no longer demand) that check `name` passes before a draft that changes `path` may merge.

    `path` names files or folders, one a line; empty: any change.
    """
    if required:
        _, new = RequiredCheck.objects.update_or_create(project=project, name=name[:100], defaults={"path": path})
        changed = bool(new)
    else:
        changed = bool(RequiredCheck.objects.filter(project=project, name=name[:100]).delete()[0])
    if changed:
        kind = "check.required" if required else "check.unrequired"
        record(project=project, actor=actor, kind=kind, subject=("check", name[:100]), data={"path": path})
