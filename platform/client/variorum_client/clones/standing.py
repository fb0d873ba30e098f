"""`variorum status`: where the clone stands, the draft of this branch, and what is live where."""

import json
from argparse import Namespace
from collections.abc import Mapping
from datetime import datetime
from typing import Any, TextIO

from variorum_client.asking import ask_project
from variorum_client.clones.clone import MAIN, REMOTE, Clone, find_clone
from variorum_client.errors import ApiError
from variorum_client.terms import Painter, count, painter

_WORDS = {"M": "changed", "A": "added", "D": "deleted", "R": "renamed", "U": "in conflict", "?": "new"}
_COLOURS = {"pass": "green", "clean": "green", "fail": "red", "conflicts": "red", "problems": "red"}


def status(options: Namespace, out: TextIO) -> int:
    """Show the clone, its draft and what is live. Without the server the clone's part is still shown."""
    clone = None if options.project else find_clone()
    here = local_part(clone) if clone else None
    there = _server_part(options, clone)
    if options.json:
        out.write(json.dumps({"clone": here, **there}, indent=2, ensure_ascii=False) + "\n")
        return 0
    paint = painter(out)
    if clone and here:
        _write_local(here, out, paint)
    _write_server(clone, there, out, paint)
    return 0


def local_part(clone: Clone) -> dict[str, Any]:
    """Branch, commit, what is not committed, and how far from the server's branches as they were last fetched."""
    branch = clone.branch
    upstream = clone.upstream(branch) if branch else None
    return {
        "folder": str(clone.top),
        "project": clone.project,
        "branch": branch,
        "commit": clone.head,
        "upstream": upstream,
        "to_push": _distance(clone, f"{REMOTE}/{upstream}", "HEAD") if upstream else None,
        "to_pull": _distance(clone, "HEAD", f"{REMOTE}/{upstream}") if upstream else None,
        "behind_main": _distance(clone, "HEAD", f"{REMOTE}/{MAIN}"),
        "draft": clone.draft_of(branch) if branch else None,
        "changes": [{"path": path, "change": _WORDS.get(letter, letter)} for letter, path in clone.changes()],
    }


def _distance(clone: Clone, old: str, new: str) -> int | None:
    done = clone.git("rev-list", "--count", f"{old}..{new}", "--")
    return int(done.out) if done.code == 0 else None


def _server_part(options: Namespace, clone: Clone | None) -> dict[str, Any]:
    """The draft and the environments; in a clone without its server, only why they are not known."""
    try:
        draft = _draft(options, clone) if clone else None
        return {"draft": draft, "environments": ask_project(options, "GET", "environments")["items"], "problem": None}
    except (ApiError, ValueError) as error:
        if clone is None:
            raise
        return {"draft": None, "environments": None, "problem": str(error)}


def _draft(options: Namespace, clone: Clone) -> dict[str, Any] | None:
    number = clone.draft_of(clone.branch) if clone.branch else None
    if number is None:
        return None
    try:
        return ask_project(options, "GET", "drafts", str(number))
    except ApiError as error:
        if error.status == 404:
            return None
        raise


def draft_link(url: str, project: str, number: int) -> str:
    """The page of a draft."""
    return f"{url}/p/{project}/drafts/{number}"


def _write_local(here: Mapping[str, Any], out: TextIO, paint: Painter) -> None:
    where = here["branch"] or f"commit {str(here['commit'])[:12]}, on no branch"
    out.write(f"{paint(str(here['project']), 'bold')} on {paint(where, 'bold')}\n")
    for number, words in (
        (here["to_push"], "to push"),
        (here["to_pull"], "to pull"),
        (here["behind_main"] if here["branch"] != MAIN else 0, "on main that this branch does not have"),
    ):
        if number:
            out.write(f"  {count(number, 'commit')} {words}\n")
    for item in here["changes"]:
        colour = "red" if item["change"] == "in conflict" else "yellow"
        out.write(f"  {paint(item['change'], colour)}: {item['path']}\n")
    if not here["changes"]:
        out.write("  nothing changed since the last commit\n")


def _write_server(clone: Clone | None, there: Mapping[str, Any], out: TextIO, paint: Painter) -> None:
    if there["problem"]:
        out.write(f"\nThe server could not be asked: {there['problem']}\n")
        return
    if clone and there["draft"]:
        out.write("\n")
        _write_draft(clone, there["draft"], out, paint)
    elif clone:
        out.write("\nThis branch belongs to no draft: `variorum open` makes one.\n" if clone.branch != MAIN else "")
    if clone:
        out.write(f"\n{paint('Live', 'bold')}\n")
    _write_live(there["environments"], out, "  " if clone else "")


def _write_draft(clone: Clone, draft: Mapping[str, Any], out: TextIO, paint: Painter) -> None:
    name = f"Draft #{draft['number']}"
    out.write(f"{paint(name, 'bold')} ({draft['state']}): {draft['title']}\n")
    out.write(f"  {draft_link(clone.url, clone.project, draft['number'])}\n")
    if draft["head_commit"] != clone.head:
        out.write(f"  its latest version is {draft['head_commit'][:12]}, not the commit here\n")
    out.write(f"  {draft['approval_count']} of {count(draft['required_approvals'], 'approval')}\n")
    for check in draft["checks"]:
        state = str(check["state"])
        out.write(f"  check {check['name']}: {paint(state, _COLOURS.get(state, 'yellow'))} {check['summary']}\n")
    merge = str(draft["mergeable"]["state"])
    if draft["state"] == "open":
        out.write(f"  merging with main: {paint(merge, _COLOURS.get(merge, 'yellow'))}\n")
    out.writelines(f"  {paint('not yet', 'yellow')}: {blocker['detail']}\n" for blocker in draft["blockers"])


def _write_live(items: list[dict[str, Any]], out: TextIO, indent: str) -> None:
    width = max([len(str(item["slug"])) for item in items] or [0])
    for item in items:
        live = item.get("current")
        out.write(f"{indent}{item['slug']:<{width}}  {'nothing is live' if live is None else live_line(live)}\n")


def live_line(live: Mapping[str, Any]) -> str:
    """One deployment in one line."""
    at = live.get("created_at")
    when = f", {datetime.fromisoformat(at).astimezone():%Y-%m-%d %H:%M}" if at else ""
    how = f"{live.get('kind', 'deploy')} by {live.get('actor_name') or 'someone'}{when}"
    return f"#{live['number']}  {live['commit'][:12]}  {live.get('subject', '')}  ({how})"
