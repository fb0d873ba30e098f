"""`variorum pull` and `variorum push`: Git's own, with its words made plain."""

import re
from argparse import Namespace
from collections.abc import Sequence
from typing import TextIO

from variorum_client.clones.clone import MAIN, REMOTE, Clone, Done, open_clone
from variorum_client.clones.standing import draft_link
from variorum_client.clones.where import where
from variorum_client.errors import CloneError
from variorum_client.terms import count, painter

_REFUSED = re.compile(r"^\s*!\s+\[(?:remote )?rejected\]\s+\S+ -> \S+ \((?P<why>.*)\)", re.MULTILINE)
_BEHIND = ("fetch first", "non-fast-forward", "stale info")


def key_env(options: Namespace, clone: Clone) -> dict[str, str]:
    """What the credential helper needs to answer Git for this command."""
    key = where(options, clone).key
    return {"VARIORUM_URL": clone.url, **({"VARIORUM_API_KEY": key} if key else {})}


def pull(options: Namespace, out: TextIO) -> int:
    """Bring the branch up to date with the server and with main. Exit code 1 when that is a conflict."""
    clone = open_clone()
    branch = _clean_branch(clone)
    before = clone.head
    clone.need("fetch", "--prune", REMOTE, env=key_env(options, clone), what="The server's commits cannot be fetched")
    upstream = clone.upstream(branch)
    code = 0
    for target in dict.fromkeys([upstream or branch, *([] if options.no_main else [MAIN])]):
        if code == 0 and clone.commit(f"{REMOTE}/{target}"):
            code = _take(clone, branch, target, options, out)
    if code == 0:
        _told(clone, before, out)
    return code


def _clean_branch(clone: Clone) -> str:
    """The branch, when nothing stands in the way. Raises CloneError that says what does."""
    branch = clone.branch
    if branch is None:
        raise CloneError("You are on a bare commit, not on a branch: `git switch main` first.")
    halves = [clone.git("rev-parse", "--git-path", name).out.strip() for name in ("rebase-merge", "MERGE_HEAD")]
    if any((clone.top / half).exists() for half in halves):
        raise CloneError(
            "A pull with conflicts is not finished: finish it, or take it back with `git rebase --abort` (or merge)."
        )
    changed = [path for letter, path in clone.changes() if letter != "?"]
    if changed:
        raise CloneError(f"Commit your changes first (or `git stash` them): {', '.join(changed[:5])}.")
    return branch


def _take(clone: Clone, branch: str, target: str, options: Namespace, out: TextIO) -> int:
    """Bring a branch of the server in; a conflict is taken back unless it is to be kept."""
    theirs = f"{REMOTE}/{target}"
    if _has(clone, theirs, "HEAD"):
        return 0
    if _has(clone, "HEAD", theirs):
        clone.need("merge", "--ff-only", "--quiet", theirs, what=f"{branch} cannot be moved to {target}")
        return 0
    pushed = target == MAIN and clone.commit(f"{REMOTE}/{clone.upstream(branch) or branch}") is not None
    how = "merge" if pushed else "rebase"  # what others may have is not written anew
    message = ("--no-edit", "-m", f"Merge {target} into {branch}") if pushed else ("--rebase-merges",)
    done = clone.git(how, *message, theirs)
    if done.code == 0:
        return 0
    conflicts = [path for letter, path in clone.changes() if letter == "U"]
    if not conflicts:
        clone.git(how, "--abort")
        raise CloneError(f"{branch} and {target} cannot be brought together: {done.reason}")
    _conflict(clone, conflicts, target, how, out, keep=options.keep)
    return 1


def _has(clone: Clone, old: str, new: str) -> bool:
    return clone.git("merge-base", "--is-ancestor", old, new).code == 0


def _conflict(clone: Clone, conflicts: list[str], target: str, how: str, out: TextIO, *, keep: bool) -> None:
    paint = painter(out)
    out.write(f"{paint('Conflict', 'red')}: you and {target} changed the same lines of\n")
    out.writelines(f"  {path}\n" for path in conflicts)
    if keep:
        ending = "git commit" if how == "merge" else "git rebase --continue"
        out.write(f"Both versions stand in these files. Edit them, `git add` them, then `{ending}`.\n")
        return
    clone.need(how, "--abort", what="The half-done pull cannot be taken back")
    out.write("Nothing was changed here. `variorum pull --keep` puts both versions into the files for you to edit,\n")
    out.write("or push what you have and solve it on the draft's page.\n")


def _told(clone: Clone, before: str | None, out: TextIO) -> None:
    after = clone.head
    if before == after:
        out.write("Up to date.\n")
        return
    files = clone.git("diff", "--name-only", "--no-renames", str(before), str(after)).out.splitlines()
    out.write(f"Now at {str(after)[:12]}: {count(len(files), 'file')} changed.\n")
    out.writelines(f"  {path}\n" for path in files)


def push(options: Namespace, out: TextIO) -> int:
    """Push the branch, say what the server said, and the draft's address when it belongs to one."""
    clone = open_clone()
    branch = clone.branch
    if branch is None:
        raise CloneError("You are on a bare commit, not on a branch: `git switch -c NAME` first.")
    done = send(clone, options, branch, clone.upstream(branch) or branch)
    out.writelines(f"{line}\n" for line in done.remote)
    paint = painter(out)
    out.write(f"{paint('Pushed', 'green')} {branch} at {str(clone.head)[:12]}\n")
    number = clone.draft_of(branch)
    if number is not None:
        out.write(f"{draft_link(clone.url, clone.project, number)}\n")
    return 0


def send(clone: Clone, options: Namespace, branch: str, target: str, extra: Sequence[str] = ()) -> Done:
    """Push a branch to a branch of the server. Raises CloneError with the server's words when it says no."""
    where_to = f"refs/heads/{branch}:refs/heads/{target}"
    done = clone.git("push", "--porcelain", *extra, REMOTE, where_to, env=key_env(options, clone))
    if done.code == 0:
        return done
    if any(words in done.out + done.err for words in _BEHIND):
        raise CloneError(f"The server's {target} has commits that you do not have: `variorum pull` first.")
    said = done.remote or [match["why"] for match in _REFUSED.finditer(done.out + done.err)]
    raise CloneError("The server refused the push.\n" + "\n".join(f"  {line}" for line in said or [done.reason]))
