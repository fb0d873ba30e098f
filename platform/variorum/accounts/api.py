"""Sign-in, projects, members and keys over HTTP."""

from django.contrib.auth import authenticate, login, logout
from django.middleware.csrf import get_token
from django.utils.decorators import method_decorator
from django.views.decorators.csrf import csrf_protect, ensure_csrf_cookie
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from variorum.accounts import queries, services, throttle
from variorum.accounts import serializers as shapes
from variorum.accounts.access import access_api_key, access_member, access_project, actor_of, person_of
from variorum.accounts.handles import Directory
from variorum.accounts.models import User
from variorum.accounts.roles import Role, Scope
from variorum.lib import pagination
from variorum.lib.errors import Invalid, Unauthenticated


class SessionView(APIView):
    """The browser's session: who am I, sign in, sign out."""

    permission_classes = [AllowAny]

    @extend_schema(operation_id="session_show", responses=shapes.MeSerializer)
    @method_decorator(ensure_csrf_cookie)
    def get(self, request: Request) -> Response:
        """The signed-in person; 401 for nobody. Sets the CSRF cookie either way."""
        get_token(request._request)  # noqa: SLF001  (DRF wraps the request that carries the cookie)
        return Response(shapes.MeSerializer(person_of(request)).data)

    @extend_schema(operation_id="session_open", request=shapes.SignIn, responses=shapes.MeSerializer)
    @method_decorator(csrf_protect)
    def post(self, request: Request) -> Response:
        """Sign in. The answer does not tell whether the e-mail is known."""
        body = shapes.SignIn(data=request.data)
        body.is_valid(raise_exception=True)
        email = body.validated_data["email"].lower()
        names = (f"ip:{throttle.caller(request._request)}", f"email:{email}")  # noqa: SLF001
        throttle.spend(*names)
        user = authenticate(request, username=email, password=body.validated_data["password"])
        if not isinstance(user, User):
            raise Unauthenticated("E-mail or password is wrong.", code="wrong_password")
        throttle.forgive(*names)
        login(request._request, user)  # noqa: SLF001
        return Response(shapes.MeSerializer(user).data)

    @extend_schema(operation_id="session_change", request=shapes.MeChange, responses=shapes.MeSerializer)
    def patch(self, request: Request) -> Response:
        """Change one's own name or theme."""
        user = person_of(request)
        body = shapes.MeChange(data=request.data)
        body.is_valid(raise_exception=True)
        User.objects.filter(pk=user.pk).update(**body.validated_data)
        user.refresh_from_db()
        return Response(shapes.MeSerializer(user).data)

    @extend_schema(operation_id="session_close", responses={204: None})
    def delete(self, request: Request) -> Response:
        """Sign out."""
        person_of(request)
        logout(request._request)  # noqa: SLF001
        return Response(status=204)


class ProjectsView(APIView):
    """The caller's projects."""

    @extend_schema(operation_id="projects_list", responses=shapes.ProjectPage)
    def get(self, request: Request) -> Response:
        """All projects in which the caller has a role."""
        actor_of(request)
        return Response(pagination.whole(shapes.ProjectSerializer(queries.projects_of(request), many=True).data))

    @extend_schema(operation_id="projects_create", request=shapes.NewProject, responses={201: shapes.ProjectSerializer})
    def post(self, request: Request) -> Response:
        """Any signed-in person may start a project and owns it."""
        user = person_of(request)
        body = shapes.NewProject(data=request.data)
        body.is_valid(raise_exception=True)
        project = services.create_project(owner=user, **body.validated_data)
        return Response(shapes.ProjectSerializer(queries.projects_of(request).get(pk=project.pk)).data, status=201)


class ProjectView(APIView):
    """One project."""

    @extend_schema(operation_id="projects_show", responses=shapes.ProjectSerializer)
    def get(self, request: Request, project: str) -> Response:
        """Viewer."""
        found = access_project(request, project)
        return Response(shapes.ProjectSerializer(queries.projects_of(request).get(pk=found.pk)).data)

    @extend_schema(operation_id="projects_change", request=shapes.ProjectChange, responses=shapes.ProjectSerializer)
    def patch(self, request: Request, project: str) -> Response:
        """Owner."""
        found = access_project(request, project, Role.OWNER)
        body = shapes.ProjectChange(data=request.data)
        body.is_valid(raise_exception=True)
        services.update_project(project=found, actor=actor_of(request), changes=body.validated_data)
        return Response(shapes.ProjectSerializer(queries.projects_of(request).get(pk=found.pk)).data)


class MembersView(APIView):
    """The people of a project."""

    @extend_schema(operation_id="members_list", responses=shapes.MemberPage)
    def get(self, request: Request, project: str) -> Response:
        """Viewer."""
        found = access_project(request, project)
        members = list(queries.members_of(found))
        context = {"directory": Directory(members)}
        return Response(pagination.whole(shapes.MemberSerializer(members, many=True, context=context).data))

    @extend_schema(operation_id="members_add", request=shapes.NewMember, responses={201: shapes.MemberSerializer})
    def post(self, request: Request, project: str) -> Response:
        """Owner. Adds a known person, or makes an account with the first password given."""
        found = access_project(request, project, Role.OWNER)
        body = shapes.NewMember(data=request.data)
        body.is_valid(raise_exception=True)
        data = body.validated_data
        user = queries.user_by_email(data["email"])
        if user is None:
            if not data.get("password") or not data.get("name"):
                text = "Nobody with this e-mail is here yet. Give a name and a first password to make the account."
                raise Invalid(
                    text, code="unknown_person", errors=[{"where": "email", "code": "unknown", "detail": text}]
                )
            user = services.create_user(
                email=data["email"], password=data["password"], name=data["name"], by=actor_of(request).user
            )
        member = services.set_member(project=found, actor=actor_of(request), user=user, role=Role(data["role"]))
        return Response(shapes.MemberSerializer(member).data, status=201)


class MemberView(APIView):
    """One person's role."""

    @extend_schema(operation_id="members_change", request=shapes.RoleChange, responses=shapes.MemberSerializer)
    def patch(self, request: Request, project: str, user: int) -> Response:
        """Owner."""
        member = access_member(request, project, user, Role.OWNER)
        body = shapes.RoleChange(data=request.data)
        body.is_valid(raise_exception=True)
        role = Role(body.validated_data["role"])
        changed = services.set_member(project=member.project, actor=actor_of(request), user=member.user, role=role)
        return Response(shapes.MemberSerializer(changed).data)

    @extend_schema(operation_id="members_remove", responses={204: None})
    def delete(self, request: Request, project: str, user: int) -> Response:
        """Owner."""
        services.remove_member(membership=access_member(request, project, user, Role.OWNER), actor=actor_of(request))
        return Response(status=204)


class ApiKeysView(APIView):
    """The keys of a project."""

    @extend_schema(operation_id="api_keys_list", responses=shapes.ApiKeyPage)
    def get(self, request: Request, project: str) -> Response:
        """Owner."""
        found = access_project(request, project, Role.OWNER)
        return Response(pagination.whole(shapes.ApiKeySerializer(queries.api_keys_of(found), many=True).data))

    @extend_schema(operation_id="api_keys_create", request=shapes.NewApiKey, responses={201: shapes.ShownKey})
    def post(self, request: Request, project: str) -> Response:
        """Owner, in person. The token is in this answer and nowhere else."""
        found = access_project(request, project, Role.OWNER)
        user = person_of(request)
        body = shapes.NewApiKey(data=request.data)
        body.is_valid(raise_exception=True)
        data = body.validated_data
        key, token = services.create_api_key(
            project=found,
            user=user,
            name=data["name"],
            scopes=[Scope(s) for s in data["scopes"]],
            expires_at=data["expires_at"],
            environments=data.get("environments", []),
        )
        return Response({**shapes.ApiKeySerializer(key).data, "token": token}, status=201)


class ApiKeyView(APIView):
    """One key."""

    @extend_schema(operation_id="api_keys_revoke", responses=shapes.ApiKeySerializer)
    def delete(self, request: Request, project: str, key: int) -> Response:
        """Owner. The key stays in the list, revoked."""
        revoked = services.revoke_api_key(key=access_api_key(request, project, key), actor=actor_of(request))
        return Response(shapes.ApiKeySerializer(revoked).data)
