"""Landing a push: an intent is written down, then refs and rows move together. A kill at any step is repaired.

The intent (`Push`) is committed before the first ref moves and goes away with the rows' commit. Whoever finds one that
nobody holds sees by the refs how far it came: nothing moved, it is dropped; something moved, the rest follows.
"""

from collections.abc import Sequence

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from variorum.accounts.access import Actor
from variorum.accounts.models import Project
from variorum.accounts.roles import Role, at_least
from variorum.accounts.services import next_number
from variorum.drafts.heads import advance
from variorum.drafts.locking import landed, tell
from variorum.drafts.merging import finish
from variorum.drafts.models import Draft, Push
from variorum.drafts.previews import preview
from variorum.drafts.queries import standing_of
from variorum.drafts.refs import BRANCHES, KEEP, MAIN, PUSH_A_BRANCH, TAGS
from variorum.drafts.refusals import Refused
from variorum.drafts.services import close_draft
from variorum.events.services import record
from variorum.lib.errors import Conflict
from variorum.repos import git, queries
from variorum.repos.git import Move
from variorum.repos.places import path_of
from variorum.repos.problems import explained
from variorum.repos.transport.door import Door

TRIES = 8


def land(*, door: Door, moves: Sequence[Move], options: dict[str, str]) -> list[str]:
    """Move the refs and bring the rows in line; what to say to the pusher. Raises Refused, Conflict, Unavailable.

    The objects are in the repository and were checked; the rules of review are checked here, under lock.
    """
    every = [*_kept(door.project, moves), *sorted(moves, key=lambda move: (move.ref == MAIN, move.ref))]
    for _ in range(TRIES):
        push = _intend(door, every, options)
        try:
            said = _land(push, door.role)
        except Exception:
            Push.objects.filter(pk=push.pk).delete()
            raise
        if said is not None:
            return said
    raise Refused("Others change the project faster than this push can land. Try again.")


def finish_pushes() -> int:
    """Finish or drop pushes whose process was killed; gives how many there were. One under way holds its row."""
    found = list(Push.objects.values_list("pk", flat=True))
    for push_id in found:
        with transaction.atomic():
            _finish(push_id)
    return len(found)


def link(draft: Draft) -> str:
    """A draft's page."""
    return f"{settings.PUBLIC_URL}/p/{draft.project.slug}/drafts/{draft.number}"


def _intend(door: Door, moves: Sequence[Move], options: dict[str, str]) -> Push:
    return Push.objects.create(
        project=door.project,
        user=door.actor.user,
        key=door.actor.key,
        actor_name=door.actor.name[:220],
        actor_email=door.actor.email,
        moves=[[move.ref, move.old, move.new] for move in moves],
        options=options,
    )


@transaction.atomic
def _land(push: Push, role: Role) -> list[str] | None:
    """None when a sweep dropped the intent before it was held: write it down again."""
    held = Push.objects.select_for_update(of=("self",)).select_related("project", "user").filter(pk=push.pk).first()
    if held is None:
        return None
    moves = moves_of(held)
    rows = _Rows(held, moves, role)
    said = [line for move in moves for line in rows.follow(move)]
    with explained():
        git.move_refs(path_of(held.project), moves)
    held.delete()
    return said


def _finish(push_id: int) -> None:
    rows = Push.objects.select_for_update(of=("self",), skip_locked=True).select_related("project", "user")
    push = rows.filter(pk=push_id).first()
    if push is None:
        return
    path = path_of(push.project)
    now = git.refs(path)
    moves = moves_of(push)
    moved = [move for move in moves if _has_moved(push.project, move, now.get(move.ref))]
    if moved:
        rest = [move for move in moves if move not in moved and now.get(move.ref) == move.old]
        following = _Rows(push, moves, None)
        for move in moves:
            if move in moved:
                following.follow(Move(move.ref, move.old, now.get(move.ref) if move.ref != MAIN else move.new))
            elif move in rest:
                following.follow(move)
        git.move_refs(path, rest)
    push.delete()


def moves_of(push: Push) -> list[Move]:
    """What a push is about to do."""
    return [Move(ref, old, new) for ref, old, new in push.moves]


def _has_moved(project: Project, move: Move, now: str | None) -> bool:
    """Whether a ref is where the push wanted it, or went on from there."""
    if now == move.new:
        return True
    if now is None or move.new is None or now == move.old or not move.ref.startswith(BRANCHES):
        return False
    return queries.is_ancestor(project, move.new, now)


def _kept(project: Project, moves: Sequence[Move]) -> list[Move]:
    """Hidden refs for commits that a rewritten or deleted branch lets go: comments and approvals speak of them."""
    found = {}
    for move in moves:
        if move.old and move.ref.startswith(BRANCHES) and not _forward(project, move):
            found[move.old] = Move(f"{KEEP}{move.old}", None, move.old)
    there = git.refs(path_of(project), KEEP) if found else {}
    return [move for move in found.values() if move.ref not in there]


def _forward(project: Project, move: Move) -> bool:
    return bool(move.old and move.new) and queries.is_ancestor(project, str(move.old), str(move.new))


class _Rows:
    """What the rows say of refs that move. `role` None: the move was allowed and has happened; nothing is refused."""

    def __init__(self, push: Push, moves: Sequence[Move], role: Role | None) -> None:
        self.push, self.project, self.role = push, push.project, role
        self.actor = Actor(push.user, push.key, push.actor_name, push.actor_email)
        self.drafts = self._locked(moves)

    def follow(self, move: Move) -> list[str]:
        """Bring the rows in line with one ref; what to say."""
        if move.ref == MAIN and move.new:
            return self._main(str(move.old), move.new)
        if move.ref.startswith(TAGS):
            return self._tag(move)
        if not move.ref.startswith(BRANCHES):
            return []
        name = move.ref.removeprefix(BRANCHES)
        draft = next((draft for draft in self.drafts if draft.branch == name), None)
        if draft is None:
            return self._opened(name, move.new) if move.new else []
        return self._saved(draft, move) if move.new else self._closed(draft)

    def _locked(self, moves: Sequence[Move]) -> list[Draft]:
        """Open drafts that these moves may concern, held until the transaction ends."""
        branches = [move.ref.removeprefix(BRANCHES) for move in moves if move.ref.startswith(BRANCHES)]
        main = next((move.new for move in moves if move.ref == MAIN and move.new), None)
        heads = [main, *queries.commit_info(self.project, main).parents] if main else []
        rows = Draft.objects.select_for_update(of=("self",)).select_related("project", "author").order_by("pk")
        mine = rows.filter(project=self.project, state=Draft.State.OPEN)
        found = list(mine.filter(Q(branch__in=branches) | Q(head_commit__in=heads)))
        return [draft for draft in found if not self._was_merged(draft)]

    def _was_merged(self, draft: Draft) -> bool:
        """A merge of it may have been killed after it moved `main`: then it is over."""
        if landed(draft):
            finish(draft, Actor.system())
            return True
        if draft.merging_commit:  # under way: it will see that the draft changed
            Draft.objects.filter(pk=draft.pk).update(merging_commit="")
            draft.merging_commit = ""
        return False

    def _opened(self, branch: str, head: str) -> list[str]:
        draft = self._open(branch, head)
        return ["", f"Draft #{draft.number} “{draft.title}” is open for review:", f"  {link(draft)}", ""]

    def _open(self, branch: str, head: str) -> Draft:
        number = next_number(self.project, "last_draft")
        base = self._base(head)
        title = self.push.options.get("title") or self._title(branch, base, head)
        draft = Draft.objects.create(
            project=self.project,
            number=number,
            title=title[:200],
            description=self.push.options.get("description", ""),
            author=self.actor.user,
            author_name=self.actor.name[:220],
            branch=branch or f"drafts/{number}",
            base_commit=base,
            head_commit=head,
            paths=queries.changed_paths(self.project, base, head),
        )
        self.drafts.append(draft)
        tell(draft, self.actor, "draft.opened", title=draft.title, commit=head, pushed=True)
        return draft

    def _saved(self, draft: Draft, move: Move) -> list[str]:
        head = str(move.new)
        if draft.head_commit != head:
            if not _forward(self.project, move):
                self._check_own(draft, "rewrite", move.ref)
                draft.base_commit = self._base(head)
            advance(draft, head)
            tell(draft, self.actor, "draft.saved", commit=head, paths=draft.paths[:20], pushed=True)
        return ["", f"Draft #{draft.number} “{draft.title}” has your commits:", f"  {link(draft)}", ""]

    def _closed(self, draft: Draft) -> list[str]:
        self._check_own(draft, "delete", f"{BRANCHES}{draft.branch}")
        close_draft(draft=draft, actor=self.actor)
        self.drafts.remove(draft)
        return [f"Draft #{draft.number} “{draft.title}” is closed. It can be reopened in the page:", f"  {link(draft)}"]

    def _check_own(self, draft: Draft, what: str, ref: str) -> None:
        own = self.actor.user is not None and draft.author_id == self.actor.user.pk
        if self.role and not own and not at_least(self.role, Role.MAINTAINER):
            text = f"Only the author of draft #{draft.number} or a maintainer may {what} its branch."
            raise Refused(text, "Pull first, and push on top of what is there.", ref=ref)

    def _main(self, old: str, new: str) -> list[str]:
        if Draft.objects.filter(project=self.project, merged_commit=new).exists():
            return []
        draft = self._draft_of(old, new)
        opened = draft is None
        draft = draft or self._open("", new)
        if self.role:
            self._check_standing(draft, opened=opened)
        draft.merging_commit = new
        finish(draft, self.actor)
        return ["", f"main is at {new[:10]}; draft #{draft.number} “{draft.title}” is merged:", f"  {link(draft)}", ""]

    def _draft_of(self, old: str, new: str) -> Draft | None:
        """The draft that this commit is, or whose merge it is: made by hand, but the same as the page would make."""
        for draft in self.drafts:
            if draft.head_commit == new:
                return draft
        info = queries.commit_info(self.project, new)
        for draft in self.drafts:
            if list(info.parents) == [old, draft.head_commit]:
                tree = preview(draft, old).tree
                if tree and not queries.changed_in_tree(self.project, new, tree):
                    return draft
        return None

    def _check_standing(self, draft: Draft, *, opened: bool) -> None:
        """The page's own rules for a merge. Raises Refused with what is missing and what to do."""
        blockers = standing_of(draft).blockers
        if not blockers:
            return
        lines = [f"- {blocker.detail}" for blocker in blockers]
        todo = ["Push a branch instead; it becomes a draft, which is reviewed and then merged:", f"  {PUSH_A_BRANCH}"]
        if not opened:
            todo = [f"Draft #{draft.number} has these commits:", f"  {link(draft)}"]
        raise Refused(
            "main changes by reviewed drafts, and this change may not be merged yet.", *lines, *todo, ref=MAIN
        )

    def _tag(self, move: Move) -> list[str]:
        name = move.ref.removeprefix(TAGS)
        if move.new:
            data = {"commit": git.tagged_commit(path_of(self.project), move.new, name), "pushed": True}
            record(project=self.project, actor=self.actor, kind="tag.created", subject=("tag", name), data=data)
        elif tag := git.find_tag(path_of(self.project), name):
            data = {"commit": tag.commit, "notes": tag.notes[:2000], "tagger": tag.tagger_name, "pushed": True}
            record(project=self.project, actor=self.actor, kind="tag.deleted", subject=("tag", name), data=data)
        return []

    def _base(self, head: str) -> str:
        base = queries.merge_base(self.project, queries.resolve(self.project, git.MAIN), head)
        if base is None:
            raise Conflict("This history has no commit in common with main.", code="unrelated_history")
        return base

    def _title(self, branch: str, base: str, head: str) -> str:
        """A single commit's subject; the branch's name for more."""
        new = queries.log_beyond(self.project, base, head, limit=2)
        if len(new) == 1 or (new and not branch):
            return new[0].subject
        return branch.rpartition("/")[2].replace("-", " ").replace("_", " ").strip().capitalize() or "Change"
