"""Writes of people, projects, members and keys."""

from collections.abc import Iterable
from datetime import datetime

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from variorum.accounts import audit
from variorum.accounts.access import Actor
from variorum.accounts.models import ApiKey, Membership, Project, User
from variorum.accounts.queries import WAITING
from variorum.accounts.roles import Role, Scope
from variorum.lib import crypto, ids
from variorum.lib.errors import Conflict, Forbidden, Invalid


def create_user(*, email: str, password: str, name: str, by: User | None = None) -> User:
    """A new person. Raises Conflict for a known e-mail, Invalid for a weak password.

    `by` is the owner who makes the account, nobody when the operator does. Whoever chooses the first password could
    sign in as the person: somebody whom an import named gets an account only from an owner of all of their projects.
    """
    try:
        validate_password(password)
    except ValidationError as exc:
        text = " ".join(exc.messages)
        raise Invalid(text, errors=[{"where": "password", "code": "weak", "detail": text}]) from None
    waiting = User.objects.filter(email=email.strip().lower(), **WAITING).first()
    if waiting is not None:
        if by is not None:
            _check_may_arrive(waiting, by)
        return _arrive(waiting, password, name)
    try:
        with transaction.atomic():
            return User.objects.create_user(email, password, name=name)
    except IntegrityError:
        raise Conflict("Somebody with this e-mail address is here already.", code="known_email") from None


def _check_may_arrive(waiting: User, by: User) -> None:
    theirs = Membership.objects.filter(user=waiting)
    owned = Membership.objects.filter(user=by, role=Role.OWNER).values("project")
    if theirs.exclude(project__in=owned).exists():
        text = (
            "An import named this person in a project that is not yours. Its owner or the operator makes the account."
        )
        raise Forbidden(text, code="not_yours")


def _arrive(user: User, password: str, name: str) -> User:
    """Somebody whom an import named gets their account; what they did elsewhere is theirs."""
    user.name, user.is_active = name or user.name, True
    user.set_password(password)
    user.save(update_fields=["name", "is_active", "password"])
    return user


def person_named(*, email: str, name: str) -> User:
    """A person whom an import names: the one who is here, else one who cannot sign in before they get an account."""
    email = email.strip().lower()
    found = User.objects.filter(email=email).first()
    return found or User.objects.create_user(email, None, name=name[:100], is_active=False)


def create_project(*, owner: User, name: str, slug: str = "", description: str = "") -> Project:
    """A project with its first owner. Raises Conflict when the slug is taken."""
    slug = slug or ids.slugify(name, fallback="project")
    try:
        with transaction.atomic():
            project = Project.objects.create(name=name, slug=slug, description=description)
            Membership.objects.create(project=project, user=owner, role=Role.OWNER)
            audit.record(
                project=project,
                actor=Actor.of_user(owner),
                kind="project.created",
                subject=("project", slug),
                data={"name": name},
            )
    except IntegrityError:
        text = f"The address name {slug!r} is taken. Choose another."
        raise Conflict(text, code="slug_taken", errors=[{"where": "slug", "code": "taken", "detail": text}]) from None
    return project


@transaction.atomic
def update_project(*, project: Project, actor: Actor, changes: dict[str, object]) -> Project:
    """Change name, description or required approvals."""
    Project.objects.filter(pk=project.pk).update(**changes)
    project.refresh_from_db()
    audit.record(
        project=project, actor=actor, kind="project.updated", subject=("project", project.slug), data=dict(changes)
    )
    return project


def set_member(*, project: Project, actor: Actor, user: User, role: Role) -> Membership:
    """Add a person or change their role. Raises Conflict when no owner would be left."""
    with transaction.atomic():
        Project.objects.select_for_update().get(pk=project.pk)
        if role != Role.OWNER:
            _keep_an_owner(project, user)
        member, _ = Membership.objects.update_or_create(project=project, user=user, defaults={"role": role})
        subject = ("member", str(user.pk))
        audit.record(
            project=project,
            actor=actor,
            kind="member.set",
            subject=subject,
            data={"name": user.name, "role": role.value},
        )
    return member


def remove_member(*, membership: Membership, actor: Actor) -> None:
    """Take a person out. Raises Conflict for the last owner."""
    with transaction.atomic():
        Project.objects.select_for_update().get(pk=membership.project_id)
        _keep_an_owner(membership.project, membership.user)
        Membership.objects.filter(pk=membership.pk).delete()
        subject = ("member", str(membership.user_id))
        audit.record(
            project=membership.project,
            actor=actor,
            kind="member.removed",
            subject=subject,
            data={"name": membership.user.name},
        )


def _keep_an_owner(project: Project, leaving: User) -> None:
    owners = Membership.objects.filter(project=project, role=Role.OWNER)
    if owners.filter(user=leaving).exists() and owners.count() == 1:
        raise Conflict("A project needs an owner. Make somebody else owner first.", code="last_owner")


@transaction.atomic
def create_api_key(
    *,
    project: Project,
    user: User,
    name: str,
    scopes: list[Scope],
    expires_at: datetime | None,
    environments: Iterable[str] = (),
) -> tuple[ApiKey, str]:
    """A key and its token; the token cannot be had again. `environments` (slugs) bind it; none: it acts in all.

    Raises Invalid for an expiry in the past.
    """
    if expires_at and expires_at <= timezone.now():
        text = "The expiry lies in the past."
        raise Invalid(text, errors=[{"where": "expires_at", "code": "past", "detail": text}])
    token = crypto.new_token("vk")
    key = ApiKey.objects.create(
        project=project,
        name=name,
        prefix=token[:9],
        token_hash=crypto.token_hash(token),
        scopes=sorted(set(scopes)),
        environments=sorted(set(environments)),
        created_by=user,
        expires_at=expires_at,
    )
    data = {"name": name, "prefix": key.prefix, "scopes": key.scopes, "environments": key.environments}
    audit.record(
        project=project, actor=Actor.of_user(user), kind="api_key.created", subject=("api_key", str(key.pk)), data=data
    )
    return key, token


@transaction.atomic
def revoke_api_key(*, key: ApiKey, actor: Actor) -> ApiKey:
    """Make a key useless from now on; twice is the same as once."""
    if ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=timezone.now()):
        subject = ("api_key", str(key.pk))
        audit.record(
            project=key.project, actor=actor, kind="api_key.revoked", subject=subject, data={"prefix": key.prefix}
        )
    key.refresh_from_db()
    return key


def next_number(project: Project, counter: str) -> int:
    """The project's next draft or job number (`last_draft`, `last_job`). Call it inside the row's own transaction."""
    Project.objects.filter(pk=project.pk).update(**{counter: F(counter) + 1})
    return int(Project.objects.values_list(counter, flat=True).get(pk=project.pk))
