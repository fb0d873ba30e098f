"""A whole project to one file."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.db import connection, transaction

from variorum.accounts.models import Membership, Project, User
from variorum.lib.portable import Table, label
from variorum.repos import git
from variorum.repos.places import path_of
from variorum_portable.archive import PROJECT, REPOSITORY, Watch, Writer, rows_part
from variorum_portable.rows import Places, dump, fields_of, line_of
from variorum_portable.tables import STAYS, TABLES

SETTINGS = ("name", "description", "required_approvals", "last_draft")


def export_project(project: Project, path: Path, watch: Watch = lambda *_: None) -> dict[str, Any]:
    """Write the project to `path`; gives figures for people. Flat memory, however large it is.

    Rows are read as they are at one moment, and the repository after them: what was saved in between is brought in
    line when the copy is first looked at, as after a crash.
    """
    repository = path_of(project)
    watch(0, 3, "rows")
    with Writer(path) as writer:
        with _one_moment():
            places: Places = {}
            for table in TABLES:
                writer.add(rows_part(table.name), dump(table, project, places))
                for body in _bodies(table, project):
                    writer.add_body(body)
            writer.add(PROJECT, [line_of(_settings(project))])
            wanted = _objects(project)
        watch(1, 3, "repository")
        refs = git.own_refs(repository)
        with writer.open(REPOSITORY) as handle:
            git.write_bundle(repository, handle, refs)
        for place, digest in enumerate(wanted, 1):
            watch(2, 3, f"large files: {place} of {len(wanted)}")
            writer.add_object(digest)
        writer.close_with({"refs": refs, "left_out": left_out(), "slug": project.slug})
        watch(3, 3, "done")
        return {"refs": len(refs), "parts": len(writer.parts)}


def left_out() -> dict[str, str]:
    """What is not in an export, and why."""
    return {label(model): why for model, why in STAYS.items()}


@contextmanager
def _one_moment() -> Iterator[None]:
    """One view of the database for all tables; within a transaction it is that transaction's."""
    nested = connection.in_atomic_block
    with transaction.atomic():
        if not nested:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


def _settings(project: Project) -> dict[str, Any]:
    members = Membership.objects.filter(project=project).select_related("user").order_by("user__email")
    return {
        **{name: getattr(project, name) for name in SETTINGS},
        "created_at": project.created_at.isoformat(),
        "members": [{"email": member.user.email, "role": member.role} for member in members],
        "people": [{"email": user.email, "name": user.name} for user in _people(project)],
    }


def _people(project: Project) -> list[User]:
    """Everybody who is a member or whom a row names."""
    found = set(Membership.objects.filter(project=project).values_list("user", flat=True))
    for table in TABLES:
        rows = table.rows(project)
        for field in fields_of(table):
            if field.related_model is User:
                found |= set(rows.exclude(**{field.name: None}).values_list(field.name, flat=True))
        for many in table.many:
            if many.related_model is User:
                found |= set(rows.exclude(**{many.name: None}).values_list(many.name, flat=True))
    return list(User.objects.filter(pk__in=found).order_by("email"))


def _bodies(table: Table, project: Project) -> Iterator[bytes]:
    if table.body:
        for body in table.rows(project).values_list(table.body, flat=True).iterator(chunk_size=10):
            yield bytes(body)


def _objects(project: Project) -> list[str]:
    """The sha256 of every object that a row names."""
    found: set[str] = set()
    for table in TABLES:
        rows = table.rows(project)
        for name in table.objects:
            found |= set(rows.values_list(name, flat=True))
    return sorted(found)
