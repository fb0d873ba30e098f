"""Bringing refs and rows in line again after a process was killed between the two. Runs by the clock; idempotent."""

from django.db import transaction

from variorum.accounts.access import Actor
from variorum.accounts.models import Project
from variorum.drafts.heads import advance
from variorum.drafts.locking import lock, tell
from variorum.drafts.merging import finish, landed
from variorum.drafts.models import Draft
from variorum.drafts.refs import BRANCHES, KEEP, NUMBERED
from variorum.repos import git, queries
from variorum.repos.places import path_of


def finish_merges() -> int:
    """End drafts whose merge commit is in `main`, drop intents that never moved it; gives how many were looked at.

    A merge that is under way holds its row and is skipped.
    """
    waiting = list(Draft.objects.exclude(merging_commit="").values_list("pk", flat=True))
    for draft_id in waiting:
        with transaction.atomic():
            _finish_merge(draft_id)
    return len(waiting)


def adopt_heads() -> int:
    """Take over commits that a killed save left on a draft's branch; gives how many drafts changed."""
    drafts = Draft.objects.filter(state=Draft.State.OPEN).select_related("project", "project__repository")
    return sum(adopt_head(draft) for draft in drafts.iterator())


def adopt_head(draft: Draft) -> bool:
    """Bring one draft's row in line with its branch; tells whether it had to."""
    head = queries.head(draft.project, draft.branch)
    if head is None or head == draft.head_commit:
        return False
    with transaction.atomic():
        return _adopt(lock(draft))


def drop_branches() -> int:
    """Take away numbered branches that a killed attempt to open a draft left without a row; gives how many.

    Their commits stay under a hidden ref. A draft that is being opened holds its project's row, and is waited for.
    """
    projects = Project.objects.filter(repository__isnull=False).select_related("repository")
    return sum(_drop(project) for project in projects.iterator() if _orphans(project))


def _drop(project: Project) -> int:
    with transaction.atomic():
        if not Project.objects.select_for_update(skip_locked=True).filter(pk=project.pk).exists():
            return 0
        orphans = _orphans(project)
        there = git.refs(path_of(project), KEEP)
        kept = {f"{KEEP}{oid}": git.Move(f"{KEEP}{oid}", None, oid) for oid in orphans.values()}
        moves = [move for ref, move in kept.items() if ref not in there]
        moves += [git.Move(f"{BRANCHES}{name}", oid, None) for name, oid in orphans.items()]
        git.move_refs(path_of(project), moves)
        return len(orphans)


def _orphans(project: Project) -> dict[str, str]:
    """Branches `drafts/<number>` without a draft, and what they point at."""
    numbered = {name: oid for name, oid in git.heads(path_of(project), "drafts/").items() if NUMBERED.fullmatch(name)}
    known = set(Draft.objects.filter(project=project, branch__in=numbered).values_list("branch", flat=True))
    return {name: oid for name, oid in numbered.items() if name not in known}


def _adopt(draft: Draft) -> bool:
    head = queries.head(draft.project, draft.branch)
    if head is None or head == draft.head_commit or not _follows(draft, head):
        return False
    advance(draft, head)
    tell(draft, Actor.system(), "draft.recovered", commit=head)
    return True


def _follows(draft: Draft, head: str) -> bool:
    """Whether a commit came after the row's: on top of it, or by a push that rewrote the branch."""
    kept = f"{KEEP}{draft.head_commit}" in git.refs(path_of(draft.project), KEEP)
    return kept or queries.is_ancestor(draft.project, draft.head_commit, head)


def _finish_merge(draft_id: int) -> None:
    rows = Draft.objects.select_for_update(of=("self",), skip_locked=True).select_related("project", "author")
    draft = rows.filter(pk=draft_id).exclude(merging_commit="").first()
    if draft is None:
        return
    if not landed(draft):
        Draft.objects.filter(pk=draft.pk).update(merging_commit="")
        return
    info = queries.commit_info(draft.project, draft.merging_commit)
    finish(draft, Actor(user=None, key=None, name=info.author_name, email=info.author_email))
