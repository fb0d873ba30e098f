"""Who is asking: a signed-in browser or an API key."""

import base64
import binascii
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import DatabaseError, connection
from django.db.models import OuterRef, Q, Subquery
from django.http import HttpRequest, parse_cookie
from django.utils import timezone
from rest_framework.authentication import BaseAuthentication, SessionAuthentication, get_authorization_header
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from variorum.accounts.models import ApiKey, Membership, User
from variorum.accounts.strangers import CHALLENGE, KINDS, Strangers, unknown
from variorum.lib.crypto import token_hash
from variorum.lib.errors import Forbidden, Problem, Unauthenticated

BASIC_CHALLENGE = {"WWW-Authenticate": 'Basic realm="variorum", charset="UTF-8"'}
SHAPE = re.compile(r"vk_[-\w]{43}", re.ASCII)
strangers = Strangers(lambda: ApiKey.objects.values_list("token_hash", flat=True))


def find_key(token: str) -> ApiKey:
    """The live key of a token. Raises Unauthenticated for an unknown, expired or revoked one."""
    return live_key(hash_of(token))


def hash_of(token: str) -> str:
    """The hash of what may be a token. Raises Unauthenticated for what cannot be one."""
    if not SHAPE.fullmatch(token):
        raise unknown()
    return token_hash(token)


def live_key(hashed: str) -> ApiKey:
    """The live key by the hash of its token, with its `maker_role`. Raises as find_key.

    One that is refused is not looked up each time (see `strangers`).
    """
    return strangers.look_up(hashed, _look_up)


def hear(news: dict[str, Any] | None) -> None:
    """A key that was refused may be good from now on; None: news may have been missed."""
    if news is None or news["kind"].startswith(KINDS):
        strangers.forget()


def _look_up(hashed: str) -> ApiKey:
    own = Membership.objects.filter(project=OuterRef("project"), user=OuterRef("created_by"))
    keys = ApiKey.objects.select_related("project", "created_by").annotate(present_role=Subquery(own.values("role")))
    key = keys.filter(token_hash=hashed).first()
    if key is None:
        raise unknown()
    if key.state() != "active":
        when = key.revoked_at or key.expires_at
        raise Unauthenticated(
            f"The API key {key.prefix}… is {key.state()} since {when:%Y-%m-%d %H:%M} UTC. Make a new one in Settings.",
            code=f"{key.state()}_key",
            headers=CHALLENGE,
        )
    if not key.created_by.is_active:
        raise Unauthenticated("The person who made this API key is gone.", code="revoked_key", headers=CHALLENGE)
    key.maker_role = key.present_role
    return key


def touch_key(key: ApiKey) -> None:
    """Note the use, at most once a minute."""
    now = timezone.now()
    if key.last_used_at and key.last_used_at >= now - timedelta(minutes=1):
        return
    ApiKey.objects.filter(Q(last_used_at=None) | Q(last_used_at__lt=now - timedelta(minutes=1)), pk=key.pk).update(
        last_used_at=now
    )


class KeyAuthentication(BaseAuthentication):
    """`Authorization: Bearer vk_...`; request.auth is then the ApiKey, request.user its maker."""

    def authenticate(self, request: Request) -> tuple[User, ApiKey] | None:
        """None when there is no Bearer header."""
        header = get_authorization_header(request)
        if not header.lower().startswith(b"bearer"):
            return None
        parts = header.split()
        if len(parts) != 2:
            raise Unauthenticated("Write the header as: Authorization: Bearer vk_...", headers=CHALLENGE)
        key = find_key(parts[1].decode("latin-1"))
        touch_key(key)
        return key.created_by, key

    def authenticate_header(self, request: Request) -> str:
        """The 401 challenge."""
        return CHALLENGE["WWW-Authenticate"]


def key_of_basic(header: bytes) -> ApiKey | None:
    """The live key that is the password of a Basic header; the user's name is not looked at. None for another header.

    Raises Unauthenticated as find_key does, and for a header that cannot be read.
    """
    scheme, _, coded = header.strip().partition(b" ")
    if scheme.lower() != b"basic":
        return None
    try:
        _, colon, token = base64.b64decode(coded, validate=True).partition(b":")
    except binascii.Error:
        colon, token = b"", b""
    if not colon:
        raise Unauthenticated("The Authorization header is no user name and password.", headers=BASIC_CHALLENGE)
    return find_key(token.decode("latin-1"))


def is_somebody(headers: Mapping[bytes, bytes]) -> bool:
    """Whether the headers of a request (names in lower case) bear a live key or a session. For threads of the lanes."""
    try:
        sent = headers.get(b"authorization", b"")
        if sent[:7].lower() == b"bearer ":
            return find_key(sent[7:].strip().decode("latin-1")) is not None
        if sent:
            return key_of_basic(sent) is not None
        if b"x-api-key" in headers:  # as OFREP's clients have it
            return find_key(headers[b"x-api-key"].decode("latin-1")) is not None
        cookie = parse_cookie(headers.get(b"cookie", b"").decode("latin-1")).get(settings.SESSION_COOKIE_NAME, "")
        return Session.objects.filter(session_key=cookie, expire_date__gt=timezone.now()).exists()
    except Problem:
        return False
    except DatabaseError:
        return True  # the view says what is wrong
    finally:
        connection.close()


class GitAuthentication(KeyAuthentication):
    """For Git's clients: an API key as the password of Basic, or as Bearer. Never a browser's session."""

    def authenticate(self, request: Request) -> tuple[User, ApiKey] | None:
        """None when there is no such header."""
        key = key_of_basic(get_authorization_header(request))
        if key is None:
            return super().authenticate(request)
        touch_key(key)
        return key.created_by, key

    def authenticate_header(self, request: Request) -> str:
        """The 401 challenge, at which Git asks for a password."""
        return BASIC_CHALLENGE["WWW-Authenticate"]


class BrowserAuthentication(SessionAuthentication):
    """Django's session with CSRF, failing in our words."""

    def enforce_csrf(self, request: HttpRequest | Request) -> None:
        """Raises Forbidden when the token is missing or stale."""
        try:
            super().enforce_csrf(request)  # type: ignore[arg-type]
        except Problem:
            raise  # looking for the token reads the body, which may be too large or malformed
        except Exception as exc:
            raise Forbidden("The page is out of date. Reload it and try again.", code="csrf") from exc


class SignedIn(BasePermission):
    """Every view needs somebody, unless it says otherwise."""

    def has_permission(self, request: Request, view: object) -> bool:
        """Raises Unauthenticated for nobody."""
        if not request.user.is_authenticated:
            raise Unauthenticated("Sign in, or send an API key.", headers=CHALLENGE)
        return True
