"""The web process for tests of sudden death: it kills itself and its kin as `kill -9` does when it comes to the step
that the file `<data>/kill` names. `python -m granian ... tests.killing:application`."""

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from variorum.asgi import application as application
from variorum.drafts import landing, merging, pushing, services
from variorum.drafts.models import Push
from variorum.repos import git
from variorum.repos.git import write
from variorum.repos.transport import commands

WISH = Path(os.environ["VARIORUM_DATA"]) / "kill"


def _die(step: str) -> None:
    if WISH.exists() and WISH.read_text() == step:
        WISH.unlink()
        os.killpg(os.getpgid(0), signal.SIGKILL)


def _before(holder: Any, name: str, step: str) -> None:
    real: Callable[..., Any] = getattr(holder, name)

    def deadly(*args: Any, **kwargs: Any) -> Any:
        _die(step)
        return real(*args, **kwargs)

    setattr(holder, name, deadly)


def _after(holder: Any, name: str, step: str) -> None:
    real: Callable[..., Any] = getattr(holder, name)

    def deadly(*args: Any, **kwargs: Any) -> Any:
        answer = real(*args, **kwargs)
        _die(step)
        return answer

    setattr(holder, name, deadly)


def _between_refs() -> None:
    """After the first of several refs has moved."""
    real = git.move_refs

    def deadly(path: Path, moves: Any) -> None:
        seen = []

        def swap(*args: Any) -> None:
            if seen:
                _die("push: between two refs")
            seen.append(args)
            swapped(*args)

        swapped, write.swap_ref = write.swap_ref, swap
        try:
            real(path, moves)
        finally:
            write.swap_ref = swapped

    git.move_refs = deadly


_between_refs()
_after(git.Incoming, "unpack", "push: unpacked")
_before(git.Incoming, "land", "push: checked")
_after(git.Incoming, "land", "push: objects landed")
_after(landing, "_intend", "push: intent written")
_before(git, "move_refs", "push: before the refs")
_after(git, "move_refs", "push: refs moved")
_before(Push, "delete", "push: intent not yet gone")
_before(commands, "report", "push: committed, not yet told")
_after(services.repository, "start_branch", "open: branch without a row")
_before(services.repository, "commit_files", "save: before the commit")
_after(services.repository, "commit_files", "save: branch moved")
_after(merging, "_prepare", "merge: intent written")
_before(merging.repository, "move_ref", "merge: before main moves")
_after(merging.repository, "move_ref", "merge: main moved")
_before(merging, "finish", "merge: before the row")
_ = pushing
