"""Bringing refs and rows in line again after a process was killed between the two. Runs by the clock; idempotent."""

from django.db import transaction

from variorum.accounts.access import Actor
from variorum.accounts.models import Project
from variorum.drafts.heads import advance
from variorum.drafts.locking import landed, lock, tell
from variorum.drafts.merging import finish
from variorum.drafts.models import Draft, Push
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
    """Take away branches of drafts that ended, and numbered ones that a killed attempt to open a draft left without a
    row; gives how many.

    What `main` does not have stays under a hidden ref. A draft that is being opened holds its project's row, one that
    is being reopened its own: those are left for the next time.
    """
    projects = Project.objects.filter(repository__isnull=False).select_related("repository")
    return sum(_drop(project) for project in projects.iterator() if _leftovers(project))


def _drop(project: Project) -> int:
    with transaction.atomic():
        if not Project.objects.select_for_update(skip_locked=True).filter(pk=project.pk).exists():
            return 0
        left = _held(project, _leftovers(project))
        there = git.refs(path_of(project), KEEP)
        kept = {
            f"{KEEP}{oid}": git.Move(f"{KEEP}{oid}", None, oid) for oid in left.values() if not _in_main(project, oid)
        }
        moves = [move for ref, move in kept.items() if ref not in there]
        moves += [git.Move(f"{BRANCHES}{name}", oid, None) for name, oid in left.items()]
        try:
            git.move_refs(path_of(project), moves)
        except git.StaleHead:  # a push came first
            return 0
        return len(left)


def _leftovers(project: Project) -> dict[str, str]:
    """Branches without an open draft and without a push under way, and what they point at."""
    heads = git.heads(path_of(project), "")
    drafts = Draft.objects.filter(project=project, branch__in=heads).values_list("branch", "state")
    known = {branch for branch, _ in drafts}
    kept = {git.MAIN, *(branch for branch, state in drafts if state == Draft.State.OPEN)}
    kept |= {ref.removeprefix(BRANCHES) for push in Push.objects.filter(project=project) for ref, *_ in push.moves}
    over = {name: oid for name, oid in heads.items() if name not in kept}
    return {name: oid for name, oid in over.items() if name in known or NUMBERED.fullmatch(name)}


def _held(project: Project, branches: dict[str, str]) -> dict[str, str]:
    """Those of the branches whose drafts nobody else holds, and that are over still; they are held from now on."""
    rows = Draft.objects.filter(project=project, branch__in=branches)
    held = rows.exclude(state=Draft.State.OPEN).select_for_update(skip_locked=True).values_list("pk", flat=True)
    busy = set(rows.exclude(pk__in=list(held)).values_list("branch", flat=True))
    return {name: oid for name, oid in branches.items() if name not in busy}


def _in_main(project: Project, commit: str) -> bool:
    return queries.is_ancestor(project, commit, queries.resolve(project, git.MAIN))


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
