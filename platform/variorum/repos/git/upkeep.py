"""Health and housekeeping by the git binary."""

from pathlib import Path

from variorum.repos.git.handle import locked, run_git


def fsck(path: Path) -> list[str]:
    """What ``git fsck --strict`` finds wrong; an empty list for a sound repository."""
    out = run_git(path, "fsck", "--strict", "--no-dangling", "--no-progress", accept=(0, 1, 2, 3, 4, 5, 6, 7, 8))
    return [line for line in out.splitlines() if not line.startswith(("notice:", "Checking"))]


def pack(path: Path) -> None:
    """Pack loose objects when there are many; readers go on, writers wait, orphans stay two weeks.

    After packing, the paths that each commit changed are noted: `git blame` and a file's history use that.
    """
    with locked(path):
        run_git(path, "gc", "--auto", "--quiet")
    if _packed_since(path):
        run_git(path, "commit-graph", "write", "--reachable", "--changed-paths", "--no-progress")


def _packed_since(path: Path) -> bool:
    """Whether there is a pack newer than our notes, which gc does not write by itself."""
    packs = [pack.stat().st_mtime_ns for pack in (path / "objects" / "pack").glob("*.pack")]
    graph = path / "objects" / "info" / "commit-graph"
    noted = graph.exists() and b"BIDX" in graph.read_bytes()[:256]  # the chunk that holds these notes
    return bool(packs) and (not noted or max(packs) > graph.stat().st_mtime_ns)
