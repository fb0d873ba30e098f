"""Do the refs of a repository and the rows of the database say the same?"""

from pathlib import Path
from typing import Any

from tests.live import Live
from variorum.repos import git


def disagreements(live: Live, repository: Path) -> list[Any]:
    """What refs and rows say differently of each other; intents that nobody finished."""
    refs = git.refs(repository, "refs/heads/")
    drafts = live.sql("SELECT branch, head_commit, state, merging_commit, merged_commit FROM drafts_draft")
    found: list[Any] = live.sql("SELECT moves FROM drafts_push")
    found += [row for row in drafts if row[3]]
    found += [row for row in drafts if row[2] == "open" and refs.get(f"refs/heads/{row[0]}") != row[1]]
    found += [ref for ref in refs if ref != "refs/heads/main" and ref[11:] not in {row[0] for row in drafts}]
    merged = [row[4] for row in drafts if row[2] == "merged"]
    return found + [sha for sha in merged if not git.is_ancestor(repository, sha, refs["refs/heads/main"])]
