"""Which refs a push may move, by name and role. What the refs point at is looked at afterwards."""

import re
from collections.abc import Mapping, Sequence

from variorum.accounts.roles import Role, at_least
from variorum.drafts.models import Draft
from variorum.drafts.refusals import Refused
from variorum.repos import git, tags
from variorum.repos.transport.door import Door

MAIN = "refs/heads/main"
BRANCHES = "refs/heads/"
TAGS = "refs/tags/"
KEEP = "refs/variorum/keep/"  # hidden from clients
BRANCH = re.compile(r"\w[\w.+-]*(?:/\w[\w.+-]*)*")
NUMBERED = re.compile(r"drafts/(\d+)")
MAX_BRANCH = 200
PUSH_A_BRANCH = "git push origin HEAD:refs/heads/my-change"


def check_move(door: Door, move: git.Move, known: Mapping[str, str]) -> None:
    """Raise Refused unless this ref may be moved by this person at all."""
    if move.old is None and move.new is None:
        raise Refused("A ref that does not exist cannot be deleted.", ref=move.ref)
    if known.get(move.ref) != move.old:
        raise Refused("Somebody else moved it in the meantime. Run `git fetch` and look first.", ref=move.ref)
    if move.ref == MAIN:
        _check_main(door, move)
    elif move.ref.startswith(BRANCHES):
        _check_branch(door, move, known)
    elif move.ref.startswith(TAGS):
        _check_tag(door, move)
    else:
        text = "Only branches (refs/heads/) and tags (refs/tags/) can be pushed here."
        raise Refused(text, ref=move.ref)


def check_names(moves: Sequence[git.Move]) -> None:
    """Raise Refused when a push makes a branch and a tag of one name: nobody could tell the two apart."""
    made = {move.ref for move in moves if move.new}
    for ref in made:
        if ref.startswith(TAGS) and f"{BRANCHES}{ref.removeprefix(TAGS)}" in made:
            raise Refused("A branch and a tag cannot have the same name. Push one of them.", ref=ref)


def _check_main(door: Door, move: git.Move) -> None:
    if move.new is None:
        raise Refused("main cannot be deleted.", ref=move.ref)
    if not at_least(door.role, Role.MAINTAINER):
        text = f"Only maintainers may change main; your key's role is {door.role.value}."
        raise Refused(text, "Push a branch instead; it becomes a draft:", f"  {PUSH_A_BRANCH}", ref=move.ref)


def _check_branch(door: Door, move: git.Move, known: Mapping[str, str]) -> None:
    name = move.ref.removeprefix(BRANCHES)
    if move.new is None:
        return
    if reason := _bad_name(name):
        raise Refused(reason, ref=move.ref)
    if move.old is None and f"{TAGS}{name}" in known:
        raise Refused(
            f"There is a tag {name}, and the branch would be taken for it. Choose another name.", ref=move.ref
        )
    for other in known:
        if other.startswith(f"{move.ref}/") or move.ref.startswith(f"{other}/"):
            text = (
                f"There is a branch {other.removeprefix(BRANCHES)}, so none can be called {name}. Choose another name."
            )
            raise Refused(text, ref=move.ref)
    if numbered := NUMBERED.fullmatch(name):
        draft = Draft.objects.filter(project=door.project, number=int(numbered[1]) % 2**31).first()
        if draft is None or draft.state != Draft.State.OPEN or draft.branch != name:
            there = "does not exist" if draft is None else f"is {draft.state}"
            text = f"Draft #{numbered[1]} {there}. Push a branch with a name of your own; it becomes a new draft:"
            raise Refused(text, PUSH_A_BRANCH, ref=move.ref)


def _bad_name(name: str) -> str:
    if name.upper() in ("HEAD", "MAIN", "MASTER") or name.startswith("refs/") or tags.COMMIT_ID.fullmatch(name):
        return f"A branch cannot be called {name} here: the name means something else. Choose another."
    good = BRANCH.fullmatch(name) and name.isprintable() and ".." not in name
    if not good or len(name) > MAX_BRANCH or any(part.endswith((".", ".lock")) for part in name.split("/")):
        return (
            f"A branch's name has letters, digits and . _ + - / only, at most {MAX_BRANCH}, and each part begins with a"
            " letter or digit. For example: kinder-triage."
        )
    return ""


def _check_tag(door: Door, move: git.Move) -> None:
    name = move.ref.removeprefix(TAGS)
    if not at_least(door.role, Role.MAINTAINER):
        raise Refused(f"Only maintainers may push tags; your key's role is {door.role.value}.", ref=move.ref)
    if move.old and move.new:
        raise Refused(f"There is a tag {name} already, and a tag never moves. Choose another name.", ref=move.ref)
    if move.new and (reason := tags.name_problem(name)):
        raise Refused(reason, ref=move.ref)
