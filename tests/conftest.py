"""Fixtures that every room's tests may use."""

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from rest_framework.test import APIClient

from tests import database
from tests.fakes.openai_server import fake_openai as fake_openai
from tests.fakes.vllm_server import fake_vllm as fake_vllm
from tests.served import web as web
from variorum.accounts.access import Actor
from variorum.accounts.models import Membership, Project, User
from variorum.accounts.roles import Role, Scope
from variorum.accounts.services import create_api_key

PASSWORD = "correct horse battery"


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings: None) -> None:
    """The test database is a copy of one that has all tables already."""
    from django.db import connections

    template = database.template(os.environ["DATABASE_URL"])
    connections["default"].settings_dict["TEST"]["TEMPLATE"] = template


@pytest.fixture(scope="session", autouse=True)
def _quick_flush() -> Iterator[None]:
    """After a test with real transactions, remove the rows that there are rather than truncate every table."""
    from django.db import connection, transaction
    from django.test import TransactionTestCase

    from evals.metrics.services import put_built_ins

    def flush(self: TransactionTestCase) -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            database.empty(cursor, connection.introspection.django_table_names())
            put_built_ins()  # as Django's own flush has it done

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", flush)
        yield


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None) -> Iterator[None]:
    """Close what holds connections before the test database is dropped."""
    yield
    from variorum.jobs import broker

    if broker.actor.cache_info().currsize:
        made = broker.actor().broker
        made.close()
        if hasattr(made, "pool"):
            made.pool.close()


@pytest.fixture(autouse=True)
def _no_memory_of_sign_ins() -> None:
    """The throttle counts in the process, as do the keys that were refused; each test starts afresh."""
    from variorum.accounts import authentication, throttle

    throttle._seen.clear()
    authentication.strangers.forget()


@pytest.fixture(autouse=True)
def _loopback_only(socket_enabled: None) -> None:
    """Tests talk to this machine alone (pytest-socket's allow-list is set below)."""


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Refuse every address but loopback and unix sockets."""
    from pytest_socket import socket_allow_hosts

    socket_allow_hosts(["127.0.0.1", "::1", "localhost"], allow_unix_socket=True)


@pytest.fixture
def make_user(db: None) -> Callable[..., User]:
    """make_user("ada") -> a person who signs in with PASSWORD."""

    def make(name: str) -> User:
        return User.objects.create_user(f"{name}@example.org", PASSWORD, name=name.title())

    return make


@pytest.fixture
def owner(make_user: Callable[..., User]) -> User:
    """The owner of `project`."""
    return make_user("olga")


@pytest.fixture
def project(owner: User) -> Project:
    """A project with one owner."""
    from variorum.accounts.services import create_project

    return create_project(owner=owner, name="Support desk", slug="support-desk")


@pytest.fixture
def member(project: Project, make_user: Callable[..., User]) -> Callable[[Role | str], User]:
    """member("editor") -> a person with that role in `project`."""

    def make(role: Role | str) -> User:
        user = make_user(f"{role}-person")
        Membership.objects.create(project=project, user=user, role=role)
        return user

    return make


@pytest.fixture
def actor(owner: User) -> Actor:
    """The owner as an actor for services."""
    return Actor.of_user(owner)


@pytest.fixture
def api() -> Callable[..., APIClient]:
    """api(user) -> a client signed in as that person; api() -> nobody; api(key=token) -> with an API key."""

    def make(user: User | None = None, *, key: str | None = None) -> APIClient:
        client = APIClient()
        if user is not None:
            client.force_login(user)
        if key is not None:
            client.credentials(HTTP_AUTHORIZATION=f"Bearer {key}")
        return client

    return make


@pytest.fixture
def stranger(make_user: Callable[..., User]) -> User:
    """Somebody without a role in `project`."""
    return make_user("stranger")


@pytest.fixture
def make_key(project: Project, owner: User) -> Callable[..., str]:
    """make_key("runtime", "logs") -> the token of a new key of `project`."""

    def make(*scopes: str, **extra: Any) -> str:
        fields = {"name": "test key", "expires_at": None, **extra}
        return create_api_key(project=project, user=owner, scopes=[Scope(s) for s in scopes], **fields)[1]

    return make


@pytest.fixture
def run_jobs(transactional_db: None) -> Callable[[], int]:
    """run_jobs() -> do every queued job here and now, as a worker would; gives how many ran."""
    from variorum.jobs.models import Job
    from variorum.jobs.runner import run_job

    def run() -> int:
        count = 0
        while job := Job.objects.filter(state=Job.State.QUEUED).order_by("pk").first():
            run_job(job.pk)
            count += 1
            assert count < 100, "jobs do not end"
        return count

    return run
