"""Tags: names with notes for commits of main. Git keeps them, so that a clone has them; here are the rules.

A tag is never moved. A maintainer may delete one, and then the name is free again.
"""

import re

from django.db import transaction
from rest_framework.request import Request

from variorum.accounts.access import Actor, access_project
from variorum.accounts.models import Project
from variorum.accounts.roles import Role
from variorum.events.services import record
from variorum.lib.errors import Conflict, NotFound, Unprocessable
from variorum.repos import git, queries
from variorum.repos.git import Tag
from variorum.repos.places import path_of
from variorum.repos.problems import explained

NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._+-]{0,98}[A-Za-z0-9_+-])?")
COMMIT_ID = re.compile(r"[0-9a-fA-F]{7,40}")
MAX_NOTES = 20_000


def tags_of(project: Project) -> list[Tag]:
    """A project's tags, the newest first."""
    with explained():
        return git.tags(path_of(project))


def names_by_commit(project: Project) -> dict[str, list[str]]:
    """The names of tagged commits, by commit, the newest name first."""
    found: dict[str, list[str]] = {}
    for tag in tags_of(project):
        found.setdefault(tag.commit, []).append(tag.name)
    return found


def tag_named(project: Project, name: str) -> Tag:
    """One tag. Raises NotFound."""
    with explained():
        found = git.find_tag(path_of(project), name)
    if found is None:
        raise NotFound(f"The project has no tag {name[:100]!r}.")
    return found


def access_tag(request: Request, slug: str, name: str, role: Role = Role.VIEWER) -> tuple[Project, Tag]:
    """A project and one of its tags. Raises as access_project, NotFound."""
    project = access_project(request, slug, role)
    return project, tag_named(project, name)


def create_tag(*, project: Project, actor: Actor, name: str, ref: str = git.MAIN, notes: str = "") -> Tag:
    """Name a commit of main for good, with notes. The actor becomes the tagger.

    Raises NotFound for an unknown ref, Unprocessable `bad_tag_name`, Conflict `tag_exists` or `tag_not_on_main`.
    """
    commit = queries.resolve(project, ref)
    _check(project, name, commit)
    with explained():
        author = git.Author(actor.name, actor.email)
        oid = git.write_tag(path_of(project), name, commit, notes=notes[:MAX_NOTES], author=author)
    return _point(project, actor, name, oid, commit)


def check_pushed_tag(*, project: Project, name: str, oid: str) -> str:
    """What a push asks before it lets a new tag in; the commit that it names. `oid`: a tag object or a commit.

    Raises NotFound when `oid` leads to no commit or bears another name, otherwise as create_tag.
    """
    with explained():
        commit = git.tagged_commit(path_of(project), oid, name)
    _check(project, name, commit)
    return commit


def receive_tag(*, project: Project, actor: Actor, name: str, oid: str) -> Tag:
    """Let a pushed tag in, as its maker wrote it. The same push again is harmless. Raises as check_pushed_tag."""
    with explained():
        there = git.find_tag(path_of(project), name)
    if there is not None and there.oid == oid:
        return there
    return _point(project, actor, name, oid, check_pushed_tag(project=project, name=name, oid=oid))


@transaction.atomic
def delete_tag(*, project: Project, actor: Actor, name: str) -> None:
    """Take a name away; the commit stays. Raises NotFound, Conflict when it was made anew meanwhile."""
    tag = tag_named(project, name)
    data = {"commit": tag.commit, "notes": tag.notes[:2000], "tagger": tag.tagger_name}
    record(project=project, actor=actor, kind="tag.deleted", subject=("tag", name), data=data)
    with explained():
        git.point_tag(path_of(project), name, None, expected=tag.oid)


@transaction.atomic
def _point(project: Project, actor: Actor, name: str, oid: str, commit: str) -> Tag:
    """The ref is the truth and moves last: without it there is no event."""
    record(project=project, actor=actor, kind="tag.created", subject=("tag", name), data={"commit": commit})
    with explained():
        try:
            git.point_tag(path_of(project), name, oid, expected=None)
        except git.StaleHead:
            raise _taken(project, name) from None
    return tag_named(project, name)


def _check(project: Project, name: str, commit: str) -> None:
    if problem := name_problem(name):
        error = {"where": "name", "code": "bad_tag_name", "detail": problem}
        raise Unprocessable(problem, code="bad_tag_name", errors=[error])  # type: ignore[list-item]
    with explained():
        exists = git.find_tag(path_of(project), name) is not None
    if exists:
        raise _taken(project, name)
    if queries.head(project, name) is not None:
        text = f"There is a branch {name}, which would be taken for the tag. Choose another name, or delete the branch."
        raise Conflict(text, code="branch_exists")
    main = queries.head(project)
    if main is None or not queries.is_ancestor(project, commit, main):
        text = f"{commit[:10]} is not on main. Only what was merged gets a tag: merge its draft first."
        raise Conflict(text, code="tag_not_on_main")


def name_problem(name: str) -> str | None:
    """Why a tag cannot be called so, None when it can."""
    if not NAME.fullmatch(name) or ".." in name or name.endswith(".lock"):
        return (
            "A tag's name has letters, digits and . _ + - only, at most 100, begins with a letter or digit"
            " and has neither two dots in a row nor one at its end. For example: v1, 2026-11-spring."
        )
    if name.upper() in ("HEAD", "MAIN"):
        return f"{name!r} is the name of something else in every repository. Choose another."
    if COMMIT_ID.fullmatch(name):
        return "This looks like a commit's id, so nobody could tell the two apart. Choose another name."
    return None


def _taken(project: Project, name: str) -> Conflict:
    tag = tag_named(project, name)
    text = (
        f"There is a tag {name} already: {tag.commit[:10]}, {tag.subject[:80]}. A tag never moves; choose another name."
    )
    return Conflict(text, code="tag_exists", extra={"commit": tag.commit})
