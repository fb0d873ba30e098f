"""The sample's sign-in and key, kept for this machine's owner so that every `make up` can print them."""

import json
import os
import secrets
from pathlib import Path
from typing import TypedDict

from django.conf import settings
from django.db import transaction

from variorum.accounts.models import ApiKey, Project, User
from variorum.accounts.roles import Scope
from variorum.accounts.services import create_api_key
from variorum.lib.crypto import token_hash


class SignIn(TypedDict):
    """What `make up` prints. The colleague has the same password: nobody may approve what they wrote in."""

    email: str
    colleague: str
    password: str
    api_key: str
    project: str


def _path() -> Path:
    folder: Path = settings.DATA_DIR
    return folder / "sample.json"


def read() -> SignIn | None:
    """What was kept, or None."""
    try:
        kept = json.loads(_path().read_text())
    except (OSError, ValueError):
        return None
    return kept if isinstance(kept, dict) and {"email", "password", "api_key", "project"} <= set(kept) else None  # type: ignore[return-value]


def ensure(*, project: Project, owner: User, colleague: User) -> SignIn:
    """The kept sign-in if it still fits the database; else a new password and a new key, kept with mode 0600."""
    kept = read()
    if kept and kept.get("colleague") and _works(project, kept["api_key"]):
        return kept
    made = _make(project, owner, colleague)
    path = _path()
    temporary = path.with_suffix(".new")
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(made, file)
    temporary.rename(path)
    return made


def _works(project: Project, token: str) -> bool:
    return ApiKey.objects.filter(project=project, token_hash=token_hash(token), revoked_at=None).exists()


@transaction.atomic
def _make(project: Project, owner: User, colleague: User) -> SignIn:
    password = secrets.token_urlsafe(9)
    for user in (owner, colleague):
        user.set_password(password)
        user.save(update_fields=["password"])
    scopes = [Scope.RUNTIME, Scope.LOGS, Scope.WRITE]
    _key, token = create_api_key(project=project, user=owner, name="Sample app", scopes=scopes, expires_at=None)
    return SignIn(email=owner.email, colleague=colleague.email, password=password, api_key=token, project=project.slug)
