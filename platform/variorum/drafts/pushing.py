"""A push, from its bytes to its answer: nothing lands before all of it was looked at, and then all of it or nothing.

The answer is what the pusher's terminal shows. Rows and refs are moved together in `landing`.
"""

import logging
from collections.abc import Sequence
from typing import IO

from django.conf import settings
from django.db import close_old_connections, connection

from variorum.drafts import landing
from variorum.drafts.models import Draft
from variorum.drafts.refs import MAIN, TAGS, check_move, check_names
from variorum.drafts.refusals import Refused, lines_of
from variorum.lib.errors import Conflict, Problem
from variorum.repos import git
from variorum.repos.git.inspecting import inspect
from variorum.repos.lfs.locks import check_unlocked
from variorum.repos.transport import commands
from variorum.repos.transport.checking import check_tip
from variorum.repos.transport.door import Door
from variorum.repos.transport.pktlines import Malformed, pkt
from variorum_client.formats import Problem as FileProblem

log = logging.getLogger(__name__)


def receive_in_thread(door: Door, file: IO[bytes], whole: bool) -> bytes:
    """`receive` for a thread that is not Django's own."""
    close_old_connections()
    try:
        return receive(door, file, whole)
    finally:
        connection.close()


def receive(door: Door, file: IO[bytes], whole: bool) -> bytes:
    """Answer git-receive-pack. `file` holds the body; `whole` is false when it was cut at the limit. Never raises."""
    try:
        request = commands.parse(file)
    except Malformed as error:
        return pkt(f"ERR {error}\n")
    unpacked = "ok"
    try:
        if not whole:
            raise Refused(_too_large())
        return commands.report(request, {}, _receive(door, request, file))
    except git.BadPack as error:
        unpacked, refused = "refused", Refused(f"{error}.")
    except Refused as error:
        refused = error
    except Problem as problem:
        refused = Refused(*lines_of(problem))
    except Exception:
        log.exception("A push to %s failed", door.project.slug)
        refused = Refused("Something broke on our side. It was written to the server's log. Nothing was changed.")
    return commands.report(request, refused.by_ref(request.moves), refused.said(), unpacked=unpacked)


def _receive(door: Door, request: commands.Request, file: IO[bytes]) -> list[str]:
    known = git.refs(door.path)
    for move in request.moves:
        check_move(door, move, known)
    check_names(request.moves)
    try:
        return _take_in(door, request, file, known)
    except git.BadPack as error:
        raise _explained(door, request, file, known, error) from None


def _take_in(door: Door, request: commands.Request, file: IO[bytes], known: dict[str, str]) -> list[str]:
    start = file.tell()
    with git.incoming(door.path) as arrived:
        if request.has_pack and file.read(1):
            file.seek(start)
            arrived.unpack(file)
        new = [move.new for move in request.moves if move.new]
        _refuse(inspect(arrived, new, set(known.values())))
        for move in request.moves:
            _check_new(door, arrived, move, request.moves, known)
        arrived.land()
    return landing.land(door=door, moves=request.moves, options=request.options)


def _check_new(
    door: Door, arrived: git.Incoming, move: git.Move, moves: Sequence[git.Move], known: dict[str, str]
) -> None:
    """What a branch or tag would point at. Raises Refused."""
    if move.new is None:
        return
    main = next((other.new for other in moves if other.ref == MAIN and other.new), known[MAIN])
    if move.ref.startswith(TAGS):
        _check_tag(arrived, move, main)
        return
    try:
        base = git.merge_base(arrived.path, known[MAIN], move.new)
        forward = move.old is not None and git.is_ancestor(arrived.path, move.old, move.new)
    except git.Missing:
        raise Refused("A branch must point at a commit.", ref=move.ref) from None
    if base is None:
        text = "This history has no commit in common with main. Clone the project, and commit on top of main."
        raise Refused(text, ref=move.ref)
    if move.ref == MAIN and not forward:
        text = "main is never rewritten. Run `git pull --rebase origin main`, then push again."
        raise Refused(text, ref=move.ref)
    since = (move.old if forward else base) or base
    _refuse(check_tip(door.project, arrived.path, since, move.new, known[MAIN]), move.ref)
    own = git.changed_paths(arrived.path, base, move.new)  # what a branch takes over from main is no change of its own
    _check_locks(door, arrived, move, own & git.changed_paths(arrived.path, since, move.new))


def _check_locks(door: Door, arrived: git.Incoming, move: git.Move, changed: set[str]) -> None:
    """Refuse what changes a file that somebody else has locked. A push to main merges a draft: its author may have."""
    people = [door.actor.user]
    if move.ref == MAIN:
        heads = [str(move.new), *git.commit_info(arrived.path, str(move.new)).parents]
        drafts = Draft.objects.filter(project=door.project, state=Draft.State.OPEN, head_commit__in=heads)
        people += [draft.author for draft in drafts.select_related("author")]
    try:
        check_unlocked(door.project, people, changed)
    except Conflict as conflict:
        raise Refused(*lines_of(conflict), ref=move.ref) from None


def _check_tag(arrived: git.Incoming, move: git.Move, main: str) -> None:
    try:
        commit = git.tagged_commit(arrived.path, move.new or "", move.ref.removeprefix(TAGS))
    except git.Missing as error:
        raise Refused(f"There is {error}.", ref=move.ref) from None
    if not git.is_ancestor(arrived.path, commit, main):
        text = f"{commit[:10]} is not on main. Only what was merged gets a tag: merge its draft first."
        raise Refused(text, ref=move.ref)


def _refuse(problems: Sequence[FileProblem], ref: str = "") -> None:
    """Raises Refused when there are problems: each with its path, line and reason."""
    if problems:
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        lines = [f"{found.path}:{found.line}: {found.message}" for found in problems]
        raise Refused(f"{count} in what you push; nothing was changed.", *lines, ref=ref)


def _explained(
    door: Door, request: commands.Request, file: IO[bytes], known: dict[str, str], error: git.BadPack
) -> Exception:
    """Git's own checks name an object; look for the file that it is."""
    file.seek(0)
    commands.parse(file)
    try:
        with git.incoming(door.path) as arrived:
            arrived.unpack(file, strict=False)
            _refuse(inspect(arrived, [move.new for move in request.moves if move.new], set(known.values())))
    except Refused as refused:
        return refused
    except (git.GitError, ValueError, OSError, KeyError):
        return error
    return error


def _too_large() -> str:
    return (
        f"The push is larger than {settings.MAX_PUSH_MB} MB. Keep large files in Git LFS, or push the history in parts:"
        " an older commit first."
    )
