"""Where the database is, and secrets made once for this machine."""

import os
import secrets
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from variorum.lib import postgres
from variorum.lib.env import BadSetting


def django_databases(url: str, data_dir: Path) -> dict[str, dict[str, Any]]:
    """Django's DATABASES for a `postgresql://` address, or for the embedded cluster of the data folder."""
    return {"default": _one(url or postgres.url_for(data_dir))}


def _one(url: str) -> dict[str, Any]:
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query))
    name = unquote(parts.path.lstrip("/"))
    if not name:
        raise BadSetting("DATABASE_URL names no database; write postgresql://user:password@host:5432/name.")
    test_name = os.environ.get("VARIORUM_TEST_DB_NAME")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": name,
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": query.pop("host", None) or unquote(parts.hostname or ""),
        "PORT": str(parts.port or query.pop("port", "") or ""),
        "CONN_MAX_AGE": 600,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": query,
        **({"TEST": {"NAME": test_name}} if test_name else {}),
    }


def local_secret(data_dir: Path, name: str) -> str:
    """A secret made at first use and kept in <data>/secrets.env, readable by its owner alone."""
    path = data_dir / "secrets.env"
    known = _read_secrets(path)
    if name not in known:
        data_dir.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "a") as file:
            file.write(f"{name}={secrets.token_urlsafe(48)}\n")
        known = _read_secrets(path)
    return known[name]


def _read_secrets(path: Path) -> dict[str, str]:
    """The first value of a name wins, so that two processes starting at once agree."""
    known: dict[str, str] = {}
    if path.exists():
        for line in path.read_text().splitlines():
            name, _, value = line.partition("=")
            known.setdefault(name.strip(), value.strip())
    return known
