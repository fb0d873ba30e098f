"""Health and housekeeping by the git binary."""

from pathlib import Path

from variorum.repos.git.handle import locked, run_git


def fsck(path: Path) -> list[str]:
    """What ``git fsck --strict`` finds wrong; an empty list for a sound repository."""
    out = run_git(path, "fsck", "--strict", "--no-dangling", "--no-progress", accept=(0, 1, 2, 3, 4, 5, 6, 7, 8))
    return [line for line in out.splitlines() if not line.startswith(("notice:", "Checking"))]


def pack(path: Path) -> None:
    """Pack loose objects when there are many; readers go on, writers wait, orphans stay two weeks."""
    with locked(path):
        run_git(path, "gc", "--auto", "--quiet")
