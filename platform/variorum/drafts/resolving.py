"""Taking main into a draft: by itself where nothing clashes, by a person's decisions where something does."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from django.db import transaction

from variorum.accounts.access import Actor
from variorum.drafts.heads import advance
from variorum.drafts.locking import lock_open, tell
from variorum.drafts.models import Draft
from variorum.drafts.previews import Preview, preview
from variorum.drafts.problems import conflicting
from variorum.drafts.repair import adopt_head
from variorum.lib.errors import Conflict, Detail, Unprocessable
from variorum.repos import git, queries
from variorum.repos import services as repository
from variorum.repos.lfs.locks import check_unlocked
from variorum.repos.problems import bad_files
from variorum_client.formats.merging import Unit

Pick = Literal["main", "draft", "both", "own"]


@dataclass(frozen=True)
class Choice:
    """What is decided for one place: main's text, the draft's, both one after the other, or one's own."""

    pick: Pick
    text: str = ""


@dataclass(frozen=True)
class Decision:
    """What is decided for one file: each place by its number, or a text of one's own for the whole file."""

    units: Mapping[int, Choice] = field(default_factory=dict)
    text: str | None = None


def update_from_main(*, draft: Draft, actor: Actor, expected_head: str, expected_main: str = "") -> Draft:
    """Merge main into the draft when nothing clashes; the draft as it is when main has nothing new.

    Raises Conflict `draft_changed`, `main_changed`, `merge_conflicts`; Unprocessable when the sum is not fit.
    """
    return _take(draft, actor, expected_head, expected_main, None)


def resolve(
    *, draft: Draft, actor: Actor, expected_head: str, expected_main: str, decisions: Mapping[str, Decision]
) -> Draft:
    """Merge main into the draft with every clash decided; who decided is the commit's author.

    Nothing is committed unless all files are fit together. Raises as update_from_main, Unprocessable `undecided` with
    the places that are left, `unknown_place` for a decision about anything else.
    """
    return _take(draft, actor, expected_head, expected_main, decisions)


def _take(
    draft: Draft, actor: Actor, expected_head: str, expected_main: str, decisions: Mapping[str, Decision] | None
) -> Draft:
    check_unlocked(draft.project, [actor.user], decisions or {})
    adopt_head(draft)
    with transaction.atomic():
        locked = lock_open(draft)
        main = queries.resolve(locked.project, git.MAIN)
        _expect(locked, main, expected_head, expected_main)
        if queries.is_ancestor(locked.project, main, locked.head_commit):
            return locked
        made = _merged(locked, actor, main, decisions)
        repository.move_ref(project=locked.project, ref=locked.branch, new=made, expected=locked.head_commit)
        advance(locked, made)
        kind = "draft.updated_from_main" if decisions is None else "draft.resolved"
        tell(locked, actor, kind, commit=made, main=main, paths=sorted(decisions or ())[:20])
    return locked


def _expect(draft: Draft, main: str, expected_head: str, expected_main: str) -> None:
    if draft.head_commit != expected_head:
        text = "The draft changed since you looked at it. Look at the latest version first."
        raise Conflict(text, code="draft_changed", extra={"head_commit": draft.head_commit})
    if expected_main and main != expected_main:
        text = "Main changed since you looked at it. Look at what is new, then decide again."
        raise Conflict(text, code="main_changed", extra={"main": main})


def _merged(draft: Draft, actor: Actor, main: str, decisions: Mapping[str, Decision] | None) -> str:
    """The commit that has both: main itself when the draft has nothing of its own."""
    found = preview(draft, main)
    if found.nothing:
        return main
    if decisions is None and found.conflicts:
        raise conflicting(found.conflicts)
    changes = {**found.changes, **decided(found, decisions or {})}
    tree = repository.write_tree(project=draft.project, onto=main, files=changes)
    problems = repository.problems_of(draft.project, main, queries.changed_in_tree(draft.project, main, tree))
    if problems:
        raise bad_files(problems)
    return repository.write_commit(
        project=draft.project,
        tree=tree,
        parents=[draft.head_commit, main],
        message=_message(draft, found),
        actor=actor,
    )


def _message(draft: Draft, found: Preview) -> str:
    """As Git's own merge messages, with the files that a person decided about."""
    paths = "".join(f"\n- {conflict.path}" for conflict in found.conflicts[:50])
    return f"Merge main into draft #{draft.number}" + (f"\n\nDecided by hand:{paths}" if paths else "")


def decided(found: Preview, decisions: Mapping[str, Decision]) -> dict[str, git.Stored]:
    """The files that the decisions give, on top of what merged by itself. Raises Unprocessable.

    What merged by itself may be given another text: where the sum of two sound edits would not be fit.
    """
    conflicts = {conflict.path: conflict for conflict in found.conflicts}
    texts = {*found.changes, *(problem.path for problem in found.problems)} - set(conflicts)
    _refuse(
        "unknown_place",
        "There is nothing to decide here.",
        [path for path in decisions if path not in {*conflicts, *texts}],
    )
    files: dict[str, git.Stored] = {}
    for path in texts:
        if path in decisions and (text := decisions[path].text) is not None:
            files[path] = text.encode()
    for path, conflict in conflicts.items():
        files.update(_decided(conflict, decisions.get(path, Decision())))
    return files


def _decided(conflict: git.Conflict, decision: Decision) -> dict[str, git.Stored]:
    room: dict[str, git.Stored] = dict.fromkeys(conflict.leave)
    if decision.text is not None and not conflict.folder:
        return {**room, conflict.path: decision.text.encode()}
    units = {unit.number: unit for unit in conflict.merged.conflicts}
    _refuse(
        "unknown_place", "There is no such place.", [f"{conflict.path}: {n}" for n in decision.units if n not in units]
    )
    left = [f"{conflict.path}: {number}" for number in units if number not in decision.units]
    _refuse("undecided", "Something is not decided yet.", left)
    if conflict.whole and (pick := decision.units[1].pick) in ("main", "draft"):
        return dict(conflict.take) if pick == "draft" else {}
    chosen = {number: _text(conflict, units[number], choice) for number, choice in decision.units.items()}
    return {**room, conflict.path: (conflict.merged.resolved(chosen) or "").encode()}


def _text(conflict: git.Conflict, unit: Unit, choice: Choice) -> str | None:
    if choice.pick == "own" and not conflict.folder:
        return unit.own(choice.text)
    if choice.pick in ("main", "draft"):
        return unit.ours if choice.pick == "main" else unit.theirs
    if choice.pick == "both" and unit.both is not None:
        return unit.both
    text = "Only one of the two can be taken here."
    raise Unprocessable(
        text, code="not_offered", errors=[{"where": conflict.path, "code": "not_offered", "detail": text}]
    )


def _refuse(code: str, text: str, places: list[str]) -> None:
    if places:
        errors: list[Detail] = [{"where": place[:300], "code": code, "detail": text} for place in places[:100]]
        raise Unprocessable(f"{text} {places[0][:300]}", code=code, errors=errors)
