"""Git LFS's lock API (docs/api/locking.md of git-lfs)."""

from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from variorum.accounts.access import access_project, actor_of
from variorum.accounts.models import User
from variorum.accounts.roles import Role
from variorum.lib.errors import Conflict, Invalid, NotFound, Unauthenticated
from variorum.repos.lfs import locks
from variorum.repos.lfs.doors import LfsView
from variorum.repos.models import LfsLock

MOST = 1000
PAGE = 100


class RefFields(serializers.Serializer[object]):
    """The branch that the client is on."""

    name = serializers.CharField(max_length=300)


class LockRequest(serializers.Serializer[object]):
    """A path to lock."""

    path = serializers.CharField(max_length=400, trim_whitespace=False)
    ref = RefFields(required=False, allow_null=True)


class VerifyRequest(serializers.Serializer[object]):
    """A page of locks before a push."""

    ref = RefFields(required=False, allow_null=True)
    cursor = serializers.CharField(required=False, allow_blank=True, max_length=20)
    limit = serializers.IntegerField(required=False, min_value=0, max_value=2**31)


class UnlockRequest(serializers.Serializer[object]):
    """Whether somebody else's lock is meant."""

    force = serializers.BooleanField(default=False)
    ref = RefFields(required=False, allow_null=True)


class LocksView(LfsView):
    """The locks of a project."""

    def get(self, request: Request, project: str) -> Response:
        """Viewer. By `path`, `id`; `cursor` and `limit` page."""
        found = locks.locks_of(access_project(request, project))
        asked = request.query_params
        if path := asked.get("path"):
            found = found.filter(path=path)
        if number := asked.get("id"):
            found = found.filter(pk=_number(number, "id"))
        if refspec := asked.get("refspec"):
            found = found.filter(ref=refspec)
        page, cursor = _page(found, asked.get("cursor"), asked.get("limit"))
        return Response({"locks": [shown(lock) for lock in page], **cursor})

    def post(self, request: Request, project: str) -> Response:
        """Editor. 409 with the lock that is there already."""
        found = access_project(request, project, Role.EDITOR)
        body = LockRequest(data=request.data)
        body.is_valid(raise_exception=True)
        ref = (body.validated_data.get("ref") or {}).get("name", "")
        lock, made = locks.lock(
            project=found,
            actor=actor_of(request),
            user=_user(request),
            path=body.validated_data["path"],
            ref=ref,
        )
        if not made:
            text = f"{lock.path} is locked by {lock.owner.name} already."
            raise Conflict(text, code="locked", extra={"lock": shown(lock)})
        return Response({"lock": shown(lock)}, status=201)


class VerifyLocksView(LfsView):
    """What a client asks before a push."""

    def post(self, request: Request, project: str) -> Response:
        """Editor. The caller's own locks and those of others."""
        found = access_project(request, project, Role.EDITOR)
        body = VerifyRequest(data=request.data)
        body.is_valid(raise_exception=True)
        data = body.validated_data
        page, cursor = _page(locks.locks_of(found), data.get("cursor"), data.get("limit"))
        user = _user(request)
        return Response(
            {
                "ours": [shown(lock) for lock in page if lock.owner_id == user.pk],
                "theirs": [shown(lock) for lock in page if lock.owner_id != user.pk],
                **cursor,
            }
        )


class UnlockView(LfsView):
    """One lock."""

    def post(self, request: Request, project: str, lock: int) -> Response:
        """Editor for an own lock; maintainer with `force` for another's."""
        body = UnlockRequest(data=request.data)
        found = access_lock(request, project, lock)
        body.is_valid(raise_exception=True)
        force = body.validated_data["force"]
        if force and found.owner_id != _user(request).pk:
            access_project(request, project, Role.MAINTAINER)
        locks.unlock(lock=found, actor=actor_of(request), user=_user(request), force=force)
        return Response({"lock": shown(found)})


def access_lock(request: Request, project: str, number: int) -> LfsLock:
    """One lock of a project, for editors. Raises as access_project, NotFound."""
    found = locks.locks_of(access_project(request, project, Role.EDITOR)).select_related("project")
    lock = found.filter(pk=number).first() if number < 2**63 else None
    if lock is None:
        raise NotFound("The project has no such lock.")
    return lock


def shown(lock: LfsLock) -> dict[str, Any]:
    """A lock as Git LFS knows it."""
    return {
        "id": str(lock.pk),
        "path": lock.path,
        "locked_at": lock.locked_at.isoformat(timespec="seconds"),
        "owner": {"name": lock.owner.name},
    }


def _user(request: Request) -> User:
    if not isinstance(request.user, User):
        raise Unauthenticated("Send an API key.")
    return request.user


def _page(found: QuerySet[LfsLock], cursor: Any, limit: Any) -> tuple[list[LfsLock], dict[str, str]]:
    if cursor:
        found = found.filter(pk__gt=_number(cursor, "cursor"))
    size = min(_number(limit, "limit") if limit else PAGE, MOST) or PAGE
    rows = list(found[: size + 1])
    return rows[:size], ({"next_cursor": str(rows[size - 1].pk)} if len(rows) > size else {})


def _number(value: Any, name: str) -> int:
    text = str(value)
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise Invalid(f"{name}: a whole number is needed.")
    return int(text)
