"""Who wrote in a draft, and so may not approve it while somebody else could."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import lru_cache

from variorum.accounts.handles import Directory
from variorum.accounts.models import Project
from variorum.drafts.models import Comment, Draft
from variorum.events.models import Event
from variorum.lib.errors import NotFound
from variorum.repos import queries

# Events whose person put words of their own into the draft; the audit trail cannot be forged, a commit's author can.
WROTE = ("draft.saved", "draft.pushed", "draft.resolved")
MOST = 1_000  # commits of one draft that are looked at
_TRAILER = re.compile(r"^Co-authored-by: .*<([^<>\s]+)>\s*$", re.IGNORECASE | re.MULTILINE)


def writers(project: Project, drafts: Sequence[Draft], team: Directory) -> dict[int, frozenset[int]]:
    """The members who wrote in each open draft, by its id: by its commits' authors and co-authors and by the events.

    Whose suggestion somebody else took up did not write: two people have looked at those lines. One query, and one
    more where commits have co-authors; Git is read once for each version.
    """
    events = _by_events(project, drafts)
    commits = {draft.pk: _commits(draft) for draft in drafts if draft.state == Draft.State.OPEN}
    taken_up = _taken_up(pk for pk, found in commits.items() if any(helpers for _, _, helpers in found))
    found = {}
    for draft in drafts:
        emails = {
            email
            for sha, author, helpers in commits.get(draft.pk, ())
            for email in (author, *(() if sha in taken_up else helpers))
        }
        by_commit = {pk for email in emails for pk in team.find(email)}
        found[draft.pk] = frozenset(by_commit | events[str(draft.number)])
    return found


def _by_events(project: Project, drafts: Sequence[Draft]) -> dict[str, set[int]]:
    numbers = [str(draft.number) for draft in drafts if draft.state == Draft.State.OPEN]
    rows = Event.objects.filter(project=project, subject_kind="draft", subject_id__in=numbers, kind__in=WROTE)
    found: dict[str, set[int]] = defaultdict(set)
    for number, user in rows.exclude(user=None).order_by().values_list("subject_id", "user_id").distinct():
        found[number].add(user)
    return found


def _taken_up(drafts: Iterable[int]) -> set[str]:
    """The versions that took up suggestions."""
    wanted = list(drafts)
    rows = Comment.objects.filter(draft__in=wanted).exclude(applied_commit="") if wanted else Comment.objects.none()
    return set(rows.values_list("applied_commit", flat=True))


def _commits(draft: Draft) -> tuple[tuple[str, str, tuple[str, ...]], ...]:
    try:
        return _log(draft.project, draft.base_commit, draft.head_commit)
    except NotFound:
        return ()


@lru_cache(maxsize=2048)
def _log(project: Project, base: str, head: str) -> tuple[tuple[str, str, tuple[str, ...]], ...]:
    """(commit, author, co-authors) of a draft's own commits. A merge with main brings no words of its own by itself."""
    commits = queries.log_beyond(project, base, head, MOST)
    return tuple(
        (info.sha, info.author_email.lower(), tuple(email.lower() for email in _TRAILER.findall(info.body)))
        for info in commits
        if len(info.parents) < 2
    )
