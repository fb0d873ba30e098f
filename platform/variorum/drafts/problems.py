"""What is answered when a draft changed under somebody's hands or cannot be merged."""

from typing import Any

from variorum.drafts.models import Draft
from variorum.drafts.queries import Blocker
from variorum.lib.errors import Conflict, Detail, NotFound
from variorum.repos import git, queries
from variorum.repos.serializers import FileDiffSerializer


def not_open(draft: Draft, state: str = "") -> Conflict:
    """The draft was merged or closed already."""
    return Conflict(
        f"Draft #{draft.number} is {state or draft.state}; it cannot be changed any more.", code="draft_not_open"
    )


def stale_save(draft: Draft, expected: str, paths: list[str]) -> Conflict:
    """Somebody saved in the meantime: who, what the files are now, and what changed since `expected`."""
    info = queries.commit_info(draft.project, draft.head_commit)
    changed = {file.path: file for file in _since(draft, expected)}
    now = queries.read_files(draft.project, draft.head_commit, paths)
    files = [
        {
            "path": path,
            "theirs": queries.text_of(now[path]) if path in now else None,
            "diff": FileDiffSerializer(changed[path]).data if path in changed else None,
        }
        for path in paths
    ]
    extra: dict[str, Any] = {
        "head_commit": draft.head_commit,
        "saved_by": info.author_name,
        "saved_at": info.at.isoformat(),
        "files": files,
        "other_files": sorted(set(changed) - set(paths)),
    }
    text = f"{info.author_name} saved this draft after you opened it. Look at their change, then save again."
    return Conflict(text, code="stale_save", extra=extra)


def blocked(blockers: list[Blocker]) -> Conflict:
    """The draft may not be merged yet."""
    errors: list[Detail] = [{"where": "", "code": each.code, "detail": each.detail} for each in blockers]
    return Conflict(" ".join(each.detail for each in blockers), code="merge_blocked", errors=errors)


def conflicting(conflicts: list[git.Conflict]) -> Conflict:
    """Both `main` and the draft changed the same places; all three sides of each file are in the answer."""
    names = ", ".join(conflict.path for conflict in conflicts[:5])
    text = f"The draft and main changed the same places: {names}. Decide on the draft's page what shall hold."
    extra = {"conflicts": [sides(conflict) for conflict in conflicts]}
    return Conflict(text, code="merge_conflicts", extra=extra)


def sides(conflict: git.Conflict) -> dict[str, str | None]:
    """A conflict as text; None where a side does not have the file or it is not text."""
    texts = {name: getattr(conflict, name) for name in ("base", "ours", "theirs")}
    return {"path": conflict.path, **{name: text and queries.text_of(text) for name, text in texts.items()}}


def _since(draft: Draft, expected: str) -> list[git.FileDiff]:
    try:
        return queries.diff(draft.project, expected, draft.head_commit)
    except NotFound:
        return []
