"""A project from a file, whole or not at all."""

import re
import secrets
import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, TypeAlias

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import DataError, IntegrityError, connection, transaction

from variorum.accounts.access import Actor
from variorum.accounts.models import Membership, Project, User
from variorum.accounts.queries import WAITING
from variorum.accounts.roles import Role
from variorum.accounts.services import person_named
from variorum.events.services import record
from variorum.lib import ids, objects
from variorum.lib.errors import Conflict
from variorum.repos import git
from variorum.repos.models import Repository
from variorum.repos.tags import name_problem
from variorum_portable.archive import PROJECT, REPOSITORY, Reader, Watch, rows_part
from variorum_portable.exporting import SETTINGS
from variorum_portable.rows import Damaged, Loader
from variorum_portable.tables import TABLES

Report: TypeAlias = dict[str, Any]
MAX_MEMBERS = 10_000
LOCK = 0x696D706F  # the first key of the advisory lock of an import
OURS = re.compile(r"refs/heads/\w[\w.+-]*(?:/\w[\w.+-]*)*|refs/variorum/keep/[0-9a-f]{40}")


def import_project(
    path: Path,
    *,
    owner: User,
    slug: str = "",
    name: str = "",
    into: Project | None = None,
    watch: Watch = lambda *_: None,
    landed: Callable[[Report], None] = lambda _: None,
) -> Project:
    """Make the project of a file. `owner` becomes an owner of it; slug and name are the file's unless given.

    Every part is compared with its hash and the repository is checked by Git before a row is written. All rows come in
    one transaction, and the repository's folder appears at its end: nothing is ever half imported. `into` is an empty
    project that nobody is in and that becomes this one; `landed` gets the report within the transaction. Raises
    Damaged for a file that is not right (`bad_export`, `unknown_version`), Conflict `slug_taken`.
    """
    reader = Reader(path, watch)
    scratch = _folder() / f".import-{_mark(into)}-{secrets.token_hex(8)}"
    try:
        about = _about(reader)
        slug = _free_slug(reader, slug)
        _store_objects(reader)
        _read_repository(reader, scratch)
        return _make(reader, about, scratch, owner=owner, slug=slug, name=name, into=into, landed=landed)
    finally:
        reader.close()
        shutil.rmtree(scratch, ignore_errors=True)


def look_at(path: Path, *, slug: str = "") -> tuple[str, str, int]:
    """What a file would become: (slug, name, bytes unpacked). Quick: it reads the list of parts. Raises as above."""
    reader = Reader(path)
    try:
        return _free_slug(reader, slug), _about(reader)["project"].name, reader.size
    finally:
        reader.close()


def clear_away(into: Project, keep: Path | None = None) -> None:
    """Remove the folders that killed imports into this project left, but `keep` and the one of its repository."""
    for path in _folder().glob(f".import-{_mark(into)}-*"):
        if path.suffix == ".bundle":
            path.unlink(missing_ok=True)
        elif path != keep:
            shutil.rmtree(path, ignore_errors=True)
    for path in _folder().glob(f"import-{_mark(into)}-*.git"):
        _forget_unless_kept(path)


def _folder() -> Path:
    return Path(settings.DATA_DIR) / "repos"


def _mark(into: Project | None) -> str:
    """A part of the names of folders that tells whose they are."""
    return str(into.pk) if into else "x"


def _about(reader: Reader) -> dict[str, Any]:
    """The project's settings, members and people. Raises Damaged."""
    about = reader.json(PROJECT)
    try:
        made = Project(slug="x", **{name: about[name] for name in SETTINGS})
        made.created_at = datetime.fromisoformat(about["created_at"])
        made.clean_fields(exclude=["slug"])
        people = {person["email"]: str(person["name"]) for person in about["people"]}
        for email in people:
            validate_email(email)
        members = {member["email"]: Role(member["role"]) for member in about["members"]}
    except (KeyError, TypeError, ValueError, AttributeError, ValidationError) as error:
        raise Damaged(f"The project's settings cannot be read: {str(error)[:200]}") from None
    if len(people) > MAX_MEMBERS or set(members) - set(people):
        raise Damaged("The list of people makes no sense.")
    return {"project": made, "people": people, "members": members}


def _free_slug(reader: Reader, wanted: str) -> str:
    """The slug that is wanted, else the file's. Raises Damaged, Conflict."""
    slug = wanted or str(reader.manifest.get("slug"))
    if not ids.SLUG.fullmatch(slug):
        raise Damaged(f"{slug[:80]!r} cannot be a project's address name.")
    if Project.objects.filter(slug=slug).exists():
        raise _taken(slug)
    return slug


def _taken(slug: str) -> Conflict:
    text = f"The address name {slug!r} is taken here. Choose another for the imported project."
    return Conflict(text, code="slug_taken", errors=[{"where": "slug", "code": "taken", "detail": text}])


def _store_objects(reader: Reader) -> None:
    """Large files go to the store by content: harmless when the import fails, they are collected later."""
    for digest in reader.objects:
        stored, _ = objects.put_content_stream(reader.pieces(f"objects/{digest}"))
        if stored != digest:
            raise Damaged(f"The object {digest[:12]} is not what its name says.")


def _read_repository(reader: Reader, scratch: Path) -> None:
    """A bare repository of the bundle, with the refs that the manifest names and no other. Raises Damaged."""
    scratch.parent.mkdir(parents=True, exist_ok=True)
    bundle = scratch.with_suffix(".bundle")
    try:
        with bundle.open("wb") as handle:
            for piece in reader.pieces(REPOSITORY):
                handle.write(piece)
        refs = git.read_bundle(bundle, scratch)
    except git.GitError as error:
        raise Damaged(f"The repository in the file is not sound: {str(error)[:300]}") from None
    finally:
        bundle.unlink(missing_ok=True)
    if refs != reader.manifest.get("refs") or f"refs/heads/{git.MAIN}" not in refs:
        raise Damaged("The repository in the file has other branches and tags than the manifest says.")
    if bad := [name for name in refs if not _is_ours(name)]:
        raise Damaged(f"The repository in the file has {bad[0][:100]!r}, which no repository of ours has.")


def _is_ours(ref: str) -> bool:
    tag = ref.removeprefix("refs/tags/")
    if tag != ref:
        return name_problem(tag) is None
    return OURS.fullmatch(ref) is not None


def _make(
    reader: Reader,
    about: dict[str, Any],
    scratch: Path,
    *,
    owner: User,
    slug: str,
    name: str,
    into: Project | None,
    landed: Callable[[Report], None],
) -> Project:
    folder = scratch.name.removeprefix(".") + ".git"
    try:
        with transaction.atomic():
            project = _begin(about, slug, name, into, keep=scratch)
            people = {email: person_named(email=email, name=said) for email, said in about["people"].items()}
            loader = Loader(project, people, reader.body, set(reader.objects))
            rows = {table.name: loader.load(table, reader.lines(rows_part(table.name))) for table in TABLES}
            Repository.objects.create(project=project, path=folder)
            git.appear(scratch, scratch.with_name(folder))
            _open(project, about, people, owner, str(reader.manifest.get("slug")), into)
            landed(_report(reader, project, rows, people))
    except (IntegrityError, DataError) as error:
        raise _explained(error, slug) from None
    finally:
        _forget_unless_kept(scratch.with_name(folder))
    return project


def _begin(about: dict[str, Any], slug: str, name: str, into: Project | None, *, keep: Path) -> Project:
    """The row that all others refer to. Of two workers on one import the second waits here and gives up."""
    project: Project = about["project"]
    project.slug, project.name = slug, name[:100] or project.name
    if into is None:
        project.save(force_insert=True)
        return project
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [LOCK, into.pk % 2**31])
    if Repository.objects.filter(project=into).exists() or not Project.objects.filter(pk=into.pk).exists():
        raise Conflict("This was imported, or given up, meanwhile.", code="already_imported")
    clear_away(into, keep)
    project.pk, project.last_job = into.pk, into.last_job
    return project


def _open(
    project: Project, about: dict[str, Any], people: dict[str, User], owner: User, came_from: str, into: Project | None
) -> None:
    """The last writes: people get their roles, whoever imports is an owner, and the project its name.

    The row of a waiting project is written here, not before: a change of its slug holds up all who refer to it.
    """
    roles = {people[email].pk: role for email, role in about["members"].items()} | {owner.pk: Role.OWNER}
    Membership.objects.bulk_create(Membership(project=project, user_id=pk, role=role) for pk, role in roles.items())
    if into is not None:
        project.save(force_update=True, update_fields=[*SETTINGS, "slug", "created_at"])
    data = {"name": project.name, "from": came_from[:63]}
    subject = ("project", project.slug)
    record(project=project, actor=Actor.of_user(owner), kind="project.imported", subject=subject, data=data)


def _report(reader: Reader, project: Project, rows: dict[str, int], people: dict[str, User]) -> Report:
    """What came, and what is to be done by hand."""
    waiting = User.objects.filter(pk__in=[user.pk for user in people.values()], **WAITING)
    return {
        "slug": project.slug,
        "name": project.name,
        "from": str(reader.manifest.get("slug"))[:63],
        "rows": {name: count for name, count in rows.items() if count},
        "refs": len(reader.manifest["refs"]),
        "objects": len(reader.objects),
        "bytes": reader.size,
        "without_account": list(waiting.order_by("email").values_list("email", flat=True)),
    }


def _forget_unless_kept(folder: Path) -> None:
    """A repository whose row was rolled back is nobody's."""
    if not Repository.objects.filter(path=folder.name).exists():
        shutil.rmtree(folder, ignore_errors=True)


def _explained(error: IntegrityError | DataError, slug: str) -> Conflict | Damaged:
    """What the database refused, in words."""
    if Project.objects.filter(slug=slug).exists():
        return _taken(slug)
    return Damaged(f"The rows in the file do not fit together: {str(error).splitlines()[0][:200]}")
