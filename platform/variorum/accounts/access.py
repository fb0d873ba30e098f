"""The only way from a request to a project, and who acts in it."""

from dataclasses import dataclass

from django.contrib.auth.models import AnonymousUser
from rest_framework.request import Request

from variorum.accounts.models import ApiKey, Membership, Project, User
from variorum.accounts.roles import Role, Scope, at_least, lower, role_of_scopes
from variorum.lib.errors import Forbidden, NotFound, Unauthenticated


@dataclass(frozen=True)
class Actor:
    """Who does a thing: a person, a person's key, or the system. Commits and events carry it."""

    user: User | None
    key: ApiKey | None
    name: str
    email: str

    @classmethod
    def system(cls, name: str = "Variorum") -> "Actor":
        """The platform itself, as in a worker."""
        return cls(user=None, key=None, name=name, email="variorum@localhost")

    @classmethod
    def of_user(cls, user: User | None) -> "Actor":
        """A person, also outside of a request; None becomes the system."""
        return cls(user=user, key=None, name=user.name, email=user.email) if user else cls.system()


def person_of(request: Request) -> User:
    """The signed-in person. Raises Unauthenticated, and Forbidden for an API key."""
    if isinstance(request.user, AnonymousUser):
        raise Unauthenticated("Sign in first.")
    if isinstance(request.auth, ApiKey):
        raise Forbidden("An API key cannot do this; sign in as a person.", code="person_needed")
    return request.user


def key_of(request: Request) -> ApiKey | None:
    """The API key that a request was made with; None for a person or nobody."""
    return request.auth if isinstance(request.auth, ApiKey) else None


def actor_of(request: Request) -> Actor:
    """Who acts in this request. Raises Unauthenticated for nobody."""
    if isinstance(request.user, AnonymousUser):
        raise Unauthenticated("Sign in, or send an API key.")
    key = key_of(request)
    name = f"{request.user.name} ({key.name})" if key else request.user.name
    return Actor(user=request.user, key=key, name=name, email=request.user.email)


def role_in(request: Request, project: Project) -> Role | None:
    """The caller's role in a project, or None: a person's own, a key's scope capped by its maker's role."""
    if isinstance(request.user, AnonymousUser):
        return None
    membership = Membership.objects.filter(project=project, user=request.user).first()
    if membership is None:
        return None
    own = Role(membership.role)
    if isinstance(request.auth, ApiKey):
        granted = role_of_scopes(request.auth.scopes)
        return lower(own, granted) if granted and request.auth.project_id == project.pk else None
    return own


def still_may(user: User | None, project: Project, role: Role) -> bool:
    """Whether who began something may do it now, outside of a request: the account is on, the role is enough."""
    if user is None or not User.objects.filter(pk=user.pk, is_active=True).exists():
        return False
    membership = Membership.objects.filter(project=project, user=user).first()
    return membership is not None and at_least(membership.role, role)


def access_project(request: Request, slug: str, role: Role = Role.VIEWER) -> Project:
    """The project of an address, if the caller has at least `role` in it.

    Raises Unauthenticated for nobody, NotFound for a stranger (also when the project exists), Forbidden for a member
    or key whose role is too low.
    """
    if isinstance(request.user, AnonymousUser):
        raise Unauthenticated("Sign in, or send an API key.")
    project = Project.objects.filter(slug=slug).first()
    missing = NotFound(f"There is no project {slug[:63]!r} here that you may see.")
    if project is None:
        raise missing
    have = role_in(request, project)
    if have is None:
        if isinstance(request.auth, ApiKey) and request.auth.project_id == project.pk:
            if role_of_scopes(request.auth.scopes) is None:
                raise Forbidden("This API key has no read, write or admin scope.", code="scope_missing")
            raise Forbidden("The person who made this API key has left the project. Make a new one.", code="maker_gone")
        raise missing
    if not at_least(have, role):
        kind = "API key's scopes amount to" if request.auth else "role is"
        raise Forbidden(f"This needs the role {role.value}; your {kind} {have.value}.", code="role_too_low")
    return project


def access_key_project(request: Request, scope: Scope, *, environment: str | None = None) -> Project:
    """The project of the calling key, for doors without a project in the address.

    Raises Unauthenticated, and Forbidden for a key without the scope or bound to other environments than this.
    """
    if not isinstance(request.auth, ApiKey):
        raise Unauthenticated("Send an API key: Authorization: Bearer vk_...")
    if scope not in request.auth.scopes:
        raise Forbidden(f"This API key lacks the scope {scope.value}.", code="scope_missing")
    if environment is not None:
        check_environment(request.auth, environment)
    return request.auth.project


def check_environment(key: ApiKey | None, environment: str) -> None:
    """Refuse a key that is bound to other environments. Raises Forbidden; a person (None) is bound to none."""
    if key is not None and not key.opens(environment):
        bound = ", ".join(key.environments)
        text = f"This API key is bound to {bound} and may not act in {environment[:63]!r}."
        raise Forbidden(text, code="wrong_environment")


def access_member(request: Request, slug: str, user_id: int, role: Role = Role.VIEWER) -> Membership:
    """One membership of a project. Raises as access_project, NotFound."""
    project = access_project(request, slug, role)
    found = Membership.objects.select_related("user", "project").filter(project=project, user_id=user_id).first()
    if found is None:
        raise NotFound("This person is not a member of the project.")
    return found


def access_api_key(request: Request, slug: str, key_id: int, role: Role = Role.OWNER) -> ApiKey:
    """One API key of a project. Raises as access_project, NotFound."""
    project = access_project(request, slug, role)
    found = ApiKey.objects.select_related("project").filter(project=project, pk=key_id).first()
    if found is None:
        raise NotFound("The project has no such API key.")
    return found
