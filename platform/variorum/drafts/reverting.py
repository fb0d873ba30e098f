"""Taking a change of main back, in one step, as a new draft. Nothing happens to main until that draft is merged."""

import re
from dataclasses import dataclass, field
from typing import TypedDict

from django.conf import settings

from variorum.accounts.access import Actor
from variorum.accounts.models import Project
from variorum.drafts.models import Draft
from variorum.drafts.services import open_draft
from variorum.lib.errors import Conflict, Problem
from variorum.repos import git, queries
from variorum.repos import services as repository

AGAIN = re.compile(r"Revert “(.+)”")


class Start(TypedDict, total=False):
    """Where a draft begins; the arguments of `open_draft` by these names."""

    base: str
    files: dict[str, bytes | None]
    head: str


@dataclass(frozen=True)
class Reversal:
    """What taking a commit back amounts to on main as it is at `onto`.

    `files` are those that would change, with their contents; `conflicts` those that others changed since in the same
    lines. `draft` is the draft whose merge the commit is. `earlier` are drafts, not closed, that took it back already.
    """

    commit: str
    onto: str
    subject: str
    draft: Draft | None
    files: dict[str, bytes | None] = field(default_factory=dict)
    conflicts: list[git.Conflict] = field(default_factory=list)
    earlier: list[Draft] = field(default_factory=list)

    @property
    def state(self) -> str:
        """clean, conflicts or nothing."""
        return "conflicts" if self.conflicts else "clean" if self.files else "nothing"

    @property
    def title(self) -> str:
        """`Revert “Kinder”`; for the merge of such a draft, `Reapply “Kinder”`."""
        subject = self.draft.title if self.draft else self.subject
        again = AGAIN.fullmatch(subject)
        return (f"Reapply “{again[1]}”" if again else f"Revert “{subject}”")[:200]


def reversal(project: Project, name: str) -> Reversal:
    """What taking a commit back would do. `name`: a commit id or its beginning, a tag.

    Raises NotFound, Conflict `not_on_main` or `nothing_before`.
    """
    commit = queries.resolve(project, name)
    onto = queries.resolve(project, git.MAIN)
    info = queries.commit_info(project, commit)
    if not queries.is_ancestor(project, commit, onto):
        text = f"{commit[:10]} is not part of main, so there is nothing to take back. Close its draft instead."
        raise Conflict(text, code="not_on_main")
    if not info.parents:
        text = "This is the repository's first commit: there is nothing before it to go back to."
        raise Conflict(text, code="nothing_before")
    draft = Draft.objects.filter(project=project, merged_commit=commit).first()
    earlier = list(_earlier(project, commit))
    found = repository.revert(project=project, commit=commit, onto=onto)
    files = queries.changed_in_tree(project, onto, found.tree) if found.tree else {}
    return Reversal(commit, onto, info.subject, draft, files, found.conflicts, earlier)


def revert(*, project: Project, actor: Actor, name: str, why: str = "") -> Draft:
    """Open a draft of the actor's that takes a commit of main back.

    Where others changed the same lines since, the draft is in conflict with main, to be solved as any other is.
    Raises as reversal; Conflict `nothing_to_revert`; Unprocessable with path and line when the files would not be fit
    without the change.
    """
    found = reversal(project, name)
    if not (found.files or found.conflicts):
        text = "Main has nothing of this change any more: it was taken back or replaced already."
        raise Conflict(text, code="nothing_to_revert")
    try:
        return open_draft(
            project=project,
            actor=actor,
            title=found.title,
            description=_description(project, found, why),
            reverts=found.commit,
            **_start(project, actor, found),
        )
    except Problem as problem:
        if problem.stable_code != "bad_files":
            raise
        problem.detail = f"Something that came later needs this change. {problem.detail}"
        raise


def _start(project: Project, actor: Actor, found: Reversal) -> Start:
    """What the draft begins with: the files on top of main, or, in conflict, a commit on top of the one taken back.

    Merged with main, that is the three-way merge of a revert: the same places clash, and the draft's page solves them.
    """
    if not found.conflicts:
        return {"base": found.onto, "files": found.files}
    message = f"{found.title}\n\n{_mark(found.commit)}"
    undone = repository.write_undone(project=project, commit=found.commit, message=message, actor=actor)
    return {"base": found.commit, "head": undone}


def revert_draft(*, draft: Draft, actor: Actor, why: str = "") -> Draft:
    """The same for a merged draft. Raises Conflict `draft_not_merged`, otherwise as revert."""
    return revert(project=draft.project, actor=actor, name=merged_commit(draft), why=why)


def merged_commit(draft: Draft) -> str:
    """The commit by which a draft became part of main. Raises Conflict `draft_not_merged`."""
    if not draft.merged_commit:
        text = f"Draft #{draft.number} is {draft.state}; only a merged draft can be taken back."
        raise Conflict(text, code="draft_not_merged")
    return draft.merged_commit


def _earlier(project: Project, commit: str) -> list[Draft]:
    drafts = Draft.objects.filter(project=project, reverts=commit)
    return list(drafts.exclude(state=Draft.State.CLOSED).order_by("number"))


def _mark(commit: str) -> str:
    """The same words as in Git's own messages."""
    return f"This reverts commit {commit}."


def _description(project: Project, found: Reversal, why: str) -> str:
    base = f"{settings.PUBLIC_URL}/p/{project.slug}"
    what = (
        f"Takes back draft [#{found.draft.number} “{found.draft.title}”]({base}/drafts/{found.draft.number})."
        if found.draft
        else f"Takes back [“{found.subject}”]({base}/commits/{found.commit})."
    )
    return "\n\n".join(part for part in (why.strip(), what, _mark(found.commit)) if part)
