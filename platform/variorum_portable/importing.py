"""A project from a file, whole or not at all."""

import re
import secrets
import shutil
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import DataError, IntegrityError, transaction

from variorum.accounts.access import Actor
from variorum.accounts.models import Membership, Project, User
from variorum.accounts.roles import Role
from variorum.accounts.services import person_named
from variorum.events.services import record
from variorum.lib import ids, objects
from variorum.lib.errors import Conflict
from variorum.repos import git
from variorum.repos.models import Repository
from variorum.repos.tags import name_problem
from variorum_portable.archive import PROJECT, REPOSITORY, Reader, rows_part
from variorum_portable.exporting import SETTINGS, Watch
from variorum_portable.rows import Damaged, Loader
from variorum_portable.tables import TABLES

MAX_MEMBERS = 10_000
OURS = re.compile(r"refs/heads/\w[\w.+-]*(?:/\w[\w.+-]*)*|refs/variorum/keep/[0-9a-f]{40}")


def import_project(
    path: Path, *, owner: User, slug: str = "", name: str = "", watch: Watch = lambda *_: None
) -> Project:
    """Make the project of a file. `owner` becomes an owner of it; slug and name are the file's unless given.

    Every part is compared with its hash and the repository is checked by Git before a row is written. All rows come in
    one transaction, and the repository's folder appears at its end: nothing is ever half imported. Raises Damaged for a
    file that is not right (`bad_export`, `unknown_version`), Conflict `slug_taken`.
    """
    reader = Reader(path)
    folder = Path(settings.DATA_DIR) / "repos"
    scratch = folder / f".import-{secrets.token_hex(8)}"
    try:
        about = _about(reader)
        slug = slug or str(reader.manifest.get("slug"))
        _check_slug(slug)
        _store_objects(reader, watch)
        watch(0, 0, "repository")
        _read_repository(reader, scratch)
        return _make(reader, about, scratch, owner=owner, slug=slug, name=name, watch=watch)
    finally:
        reader.close()
        shutil.rmtree(scratch, ignore_errors=True)


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


def _check_slug(slug: str) -> None:
    if not ids.SLUG.fullmatch(slug):
        raise Damaged(f"{slug[:80]!r} cannot be a project's address name.")
    if Project.objects.filter(slug=slug).exists():
        raise _taken(slug)


def _taken(slug: str) -> Conflict:
    text = f"The address name {slug!r} is taken here. Choose another for the imported project."
    return Conflict(text, code="slug_taken", errors=[{"where": "slug", "code": "taken", "detail": text}])


def _store_objects(reader: Reader, watch: Watch) -> None:
    """Large files go to the store by content: harmless when the import fails, they are collected later."""
    wanted = reader.objects
    for done, digest in enumerate(wanted):
        watch(done, len(wanted), "large files")
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
    reader: Reader, about: dict[str, Any], scratch: Path, *, owner: User, slug: str, name: str, watch: Watch
) -> Project:
    folder = f"import-{secrets.token_hex(8)}.git"
    try:
        with transaction.atomic():
            project = _project(about, slug, name)
            people = _members(project, about, owner)
            loader = Loader(project, people, reader.body, set(reader.objects))
            for done, table in enumerate(TABLES):
                watch(done, len(TABLES), table.name)
                loader.load(table, reader.lines(rows_part(table.name)))
            actor = Actor.of_user(owner)
            data = {"name": project.name, "from": str(reader.manifest.get("slug"))[:63]}
            record(project=project, actor=actor, kind="project.imported", subject=("project", slug), data=data)
            Repository.objects.create(project=project, path=folder)
            git.appear(scratch, scratch.with_name(folder))
    except (IntegrityError, DataError) as error:
        raise _explained(error, slug) from None
    finally:
        _forget_unless_kept(scratch.with_name(folder))
    watch(len(TABLES), len(TABLES), "done")
    return project


def _forget_unless_kept(folder: Path) -> None:
    """A repository whose row was rolled back is nobody's."""
    if not Repository.objects.filter(path=folder.name).exists():
        shutil.rmtree(folder, ignore_errors=True)


def _explained(error: IntegrityError | DataError, slug: str) -> Conflict | Damaged:
    """What the database refused, in words."""
    if Project.objects.filter(slug=slug).exists():
        return _taken(slug)
    return Damaged(f"The rows in the file do not fit together: {str(error).splitlines()[0][:200]}")


def _project(about: dict[str, Any], slug: str, name: str) -> Project:
    project: Project = about["project"]
    project.slug, project.name = slug, name[:100] or project.name
    project.save(force_insert=True)
    return project


def _members(project: Project, about: dict[str, Any], owner: User) -> dict[str, User]:
    """The people of the file by e-mail, and their roles; whoever imports is an owner."""
    people = {email: person_named(email=email, name=name) for email, name in about["people"].items()}
    roles = {people[email].pk: role for email, role in about["members"].items()} | {owner.pk: Role.OWNER}
    Membership.objects.bulk_create(Membership(project=project, user_id=pk, role=role) for pk, role in roles.items())
    return people
