"""`variorum open`: the branch here becomes a draft that others review."""

import json
import re
import webbrowser
from argparse import Namespace
from typing import Any, TextIO

from variorum_client.asking import ask_project
from variorum_client.clones.clone import MAIN, REMOTE, Clone, open_clone
from variorum_client.clones.standing import draft_link
from variorum_client.clones.syncing import send
from variorum_client.errors import CloneError
from variorum_client.terms import painter

MOST_PAGES = 20


def open_draft(options: Namespace, out: TextIO) -> int:
    """Commit when asked to, push, and find the draft that the server made, or the one that was there."""
    clone = open_clone()
    _commit(clone, options.message)
    branch = _branch(clone, options)
    target = clone.upstream(branch) or branch
    if not _ahead(clone):
        raise CloneError("There is nothing to review: this branch has no commit that main does not have.")
    title = options.title and " ".join(options.title.split())
    extra = [f"--push-option=title={title}"] if title else []
    done = send(clone, options, branch, target, extra)
    draft = _find(options, target)
    if draft is None:
        raise CloneError(f"{target} was pushed, and no open draft has this branch: {' '.join(done.remote)}")
    draft = _retitled(options, draft, title)
    clone.note_draft(branch, int(draft["number"]), target)
    link = draft_link(clone.url, clone.project, int(draft["number"]))
    if options.json:
        out.write(json.dumps({**draft, "link": link}, indent=2, ensure_ascii=False) + "\n")
    else:
        _tell(draft, link, out)
    if options.web and not webbrowser.open(link):
        raise CloneError(f"No browser could be started. The draft is at {link}")
    return 0


def _commit(clone: Clone, message: str | None) -> None:
    """Commit everything that is changed under a message; without one, changes are in the way."""
    changed = [path for _, path in clone.changes()]
    tracked = [path for letter, path in clone.changes() if letter != "?"]
    if message is None and tracked:
        shown = ", ".join(tracked[:5])
        raise CloneError(f"Not committed yet: {shown}. Commit, or give a message: `variorum open -m 'Be kinder'`.")
    if message is not None and changed:
        clone.need("add", "--all", ":/", what="The changes cannot be added")
        clone.need("commit", "--quiet", "-m", message, what="The changes cannot be committed")


def _branch(clone: Clone, options: Namespace) -> str:
    """The branch to push. Commits made on main move to a branch of their own."""
    branch = clone.branch
    if branch is not None and branch != MAIN:
        return branch
    if not _ahead(clone):
        raise CloneError("There is nothing to review: there is no commit that main does not have.")
    subject = clone.git("log", "-1", "--format=%s").out.strip()
    name = _free(clone, options.branch or _slug(options.title or subject))
    clone.need("switch", "--quiet", "-c", name, what=f"The branch {name} cannot be made")
    if branch == MAIN and clone.commit(f"{REMOTE}/{MAIN}"):
        clone.need("branch", "--quiet", "--force", MAIN, f"{REMOTE}/{MAIN}", what="main cannot be put back")
    return name


def _ahead(clone: Clone) -> bool:
    if clone.commit(f"{REMOTE}/{MAIN}") is None:
        return clone.head is not None
    return clone.git("rev-list", "--count", f"{REMOTE}/{MAIN}..HEAD").out.strip() not in ("", "0")


def _slug(text: str) -> str:
    words = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:50].strip("-")
    return words or "change"


def _free(clone: Clone, name: str) -> str:
    """The name, or the first of name-2, name-3, … that no branch has."""
    names = (name, *(f"{name}-{number}" for number in range(2, 1000)))
    return next(each for each in names if not (clone.commit(each) or clone.commit(f"{REMOTE}/{each}")))


def _find(options: Namespace, branch: str) -> dict[str, Any] | None:
    """The open draft of a branch, in full."""
    cursor = ""
    for _ in range(MOST_PAGES):
        query = {"state": "open", "limit": "200", **({"cursor": cursor} if cursor else {})}
        page = ask_project(options, "GET", "drafts", query=query)
        found = next((item for item in page["items"] if item["branch"] == branch), None)
        if found:
            return ask_project(options, "GET", "drafts", str(found["number"]))
        cursor = page["next"] or ""
        if not cursor:
            break
    return None


def _retitled(options: Namespace, draft: dict[str, Any], title: str | None) -> dict[str, Any]:
    """The draft with the title and description that were asked for."""
    wanted = {"title": title, "description": options.description}
    changed = {key: value for key, value in wanted.items() if value is not None and draft[key] != value}
    if not changed:
        return draft
    body = {**changed, "version": draft["version"]}
    return ask_project(options, "PATCH", "drafts", str(draft["number"]), body=body)


def _tell(draft: dict[str, Any], link: str, out: TextIO) -> None:
    paint = painter(out)
    name = f"Draft #{draft['number']}"
    out.write(f"{paint(name, 'bold')} is open for review: {draft['title']}\n  {link}\n")
    out.writelines(f"  {paint('not yet', 'yellow')}: {blocker['detail']}\n" for blocker in draft["blockers"])
