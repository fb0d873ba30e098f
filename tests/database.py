"""Databases for tests: copies of one with all tables, which is made once per server and state of the migrations."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import django
import psycopg
from psycopg import sql

ROOT = Path(__file__).resolve().parent.parent
PREFIX = "variorum_template_"
LOCK = 7_204_519  # pg_advisory_lock: one process at a time makes or copies the template
KEPT = ("django_content_type", "auth_permission", "django_migrations")  # what the migrations themselves write


def at(url: str, name: str) -> str:
    """The address of another database of the same server."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc, f"/{name}", parts.query, ""))


def template(server: str) -> str:
    """The name of a database that has every table and no row; made when the server has none of these migrations."""
    with _alone(server) as connection:
        return _template(connection, server)


def create(server: str, name: str) -> None:
    """A new database with every table."""
    with _alone(server) as connection:
        _run(connection, "CREATE DATABASE {} TEMPLATE {}", name, _template(connection, server))


def drop(server: str, name: str) -> None:
    """Away with it, whoever is connected."""
    with psycopg.connect(server, autocommit=True) as connection:
        _run(connection, "DROP DATABASE IF EXISTS {} WITH (FORCE)", name)


def empty(cursor: Any, tables: list[str]) -> None:
    """Remove all rows of these tables, when nobody is writing to one of them any more.

    Does what Django's flush does with TRUNCATE, which makes new files for a hundred tables and their indexes.
    """
    names = [sql.Identifier(table) for table in sorted({*tables} - {*KEPT})]
    cursor.execute(sql.SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE").format(sql.SQL(", ").join(names)))
    look = sql.SQL("SELECT {1} WHERE EXISTS (SELECT FROM {0})")
    cursor.execute(sql.SQL(" UNION ALL ").join(look.format(name, name.as_string()) for name in names))
    full = [row[0] for row in cursor.fetchall()]
    cursor.execute("SET LOCAL session_replication_role = replica")  # rows go in any order, no trigger keeps one
    for name in full:
        cursor.execute(f"DELETE FROM {name}")


@contextmanager
def _alone(server: str) -> Iterator["psycopg.Connection[Any]"]:
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        yield connection


def _template(connection: "psycopg.Connection[Any]", server: str) -> str:
    name = PREFIX + _digest()
    known = {
        row[0] for row in connection.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [PREFIX])
    }
    if name in known:
        return name
    for old in known:  # of other migrations, or of a run that was killed here
        _run(connection, "DROP DATABASE {} WITH (FORCE)", old)
    _run(connection, "CREATE DATABASE {}", f"{name}_new")
    _migrate(at(server, f"{name}_new"))
    _run(connection, "ALTER DATABASE {} ALLOW_CONNECTIONS false", f"{name}_new")
    _run(connection, "ALTER DATABASE {} RENAME TO {}", f"{name}_new", name)
    return name


def _run(connection: "psycopg.Connection[Any]", statement: str, *names: str) -> None:
    connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))  # type: ignore[arg-type]


def _digest() -> str:
    """Of all that the tables come from: our migrations and the versions of the packages that have some."""
    files = sorted(
        file for room in ("platform", "evals", "monitoring") for file in (ROOT / room).rglob("migrations/*.py")
    )
    found = hashlib.sha256(django.__version__.encode())
    for file in files:
        found.update(f"{file.relative_to(ROOT)}\0".encode() + file.read_bytes() + b"\0")
    return found.hexdigest()[:16]


def _migrate(url: str) -> None:
    command = [sys.executable, "-m", "django", "migrate", "--no-input", "--verbosity", "0"]
    env = {**os.environ, "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "variorum.settings"}
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
