"""A project with a provider that leads to the scripted endpoint, a prompt that is live in dev, and a key."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from django.db.models import Sum
from openai import DefaultHttpxClient, OpenAI

from monitoring.gateway.models import KeySpend
from monitoring.logs.models import Log
from monitoring.logs.search import with_texts
from tests.fakes.openai_server import FakeOpenAI
from variorum.accounts.access import Actor
from variorum.accounts.models import Project
from variorum.deployments import services as deployments
from variorum.deployments.queries import environments_of
from variorum.inference.services import create_provider
from variorum.repos import queries, services

PROMPT = """---
model: acme/good
config:
  temperature: 0.3
  maxOutputTokens: 40
input:
  schema:
    message: string
---
{{role "system"}}Sort politely.{{role "user"}}Sort {{message}}.
"""
SECRET = "sk-provider-secret-0123456789"
Ask = Callable[..., httpx.Response]


@pytest.fixture
def acme(transactional_db: None, project: Project, actor: Actor, fake_openai: FakeOpenAI) -> FakeOpenAI:
    """The provider `acme` with a priced model."""
    fake_openai.api_key = SECRET
    catalogue = [{"id": "good", "input_price": "2", "output_price": "10"}]
    create_provider(
        project=project,
        actor=actor,
        slug="acme",
        name="Acme",
        base_url=fake_openai.base_url,
        key=SECRET,
        catalogue=catalogue,
    )
    return fake_openai


@pytest.fixture
def deploy(project: Project, actor: Actor) -> Callable[..., str]:
    """deploy(PROMPT) -> the commit of prompts/triage.prompt, live in dev."""

    def put(source: str = PROMPT) -> str:
        services.ensure_repository(project)
        head = queries.head(project)
        files = {"prompts/triage.prompt": source.encode()}
        sha = services.commit_files(
            project=project, ref="main", files=files, message="Change", actor=actor, expected_head=head
        )
        deployments.deploy(environment=environments_of(project)[0], commit=sha, actor=actor)
        return sha

    return put


@pytest.fixture
def token(make_key: Callable[..., str], acme: FakeOpenAI) -> str:
    """A key for the gateway."""
    return make_key("gateway")


@pytest.fixture
def seen(project: Project, transactional_db: None) -> Iterator[Callable[[Any], None]]:
    """Notes the calls that answers tell of; in the end all of them are logged, so that nobody writes any more."""
    ids: set[str] = set()

    def note(answer: Any) -> None:
        ids.add(answer.headers.get("x-variorum-log-id", ""))

    yield note
    for id_ in ids - {""}:
        log_of(project, id_)
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        counted = KeySpend.objects.filter(key__project=project, span="minute").aggregate(n=Sum("requests"))["n"] or 0
        if counted >= Log.objects.filter(project=project, tags__contains=["gateway"]).count():
            return
        time.sleep(0.02)


@pytest.fixture
def ask(web: str, token: str, seen: Callable[[Any], None]) -> Iterator[Ask]:
    """ask({...}, "chat/completions", **headers) -> the gateway's answer over HTTP."""
    with httpx.Client(base_url=f"{web}/v1", timeout=30, event_hooks={"response": [seen]}) as client:

        def post(body: Any, endpoint: str = "chat/completions", *, key: str = token, **headers: str) -> httpx.Response:
            given = {name.replace("_", "-"): value for name, value in headers.items()}
            given["authorization"] = f"Bearer {key}"
            content = {"content": body} if isinstance(body, bytes) else {"json": body}
            return client.post(f"/{endpoint}", headers=given, **content)  # type: ignore[arg-type]

        yield post


@pytest.fixture
def openai(web: str, token: str, seen: Callable[[Any], None]) -> Iterator[OpenAI]:
    """OpenAI's own client, which is to find nothing odd."""
    http = DefaultHttpxClient(event_hooks={"response": [seen]})
    with OpenAI(base_url=f"{web}/v1", api_key=token, max_retries=0, http_client=http) as client:
        yield client


def chat(text: str = "hello there", **more: Any) -> dict[str, Any]:
    """A request."""
    return {"model": "acme/good", "messages": [{"role": "user", "content": text}], **more}


def log_of(project: Project, id_: str, seconds: float = 20) -> dict[str, Any]:
    """A call's log with its texts, once it is there."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := list(Log.objects.filter(project=project, id=id_)):
            log, texts = with_texts(found)[0]
            return {**{name: getattr(log, name) for name in COLUMNS}, **texts}
        time.sleep(0.02)
    raise AssertionError(f"no log {id_}")


COLUMNS = [
    "prompt",
    "environment",
    "commit",
    "variant",
    "model",
    "adapter",
    "failed",
    "input_tokens",
    "output_tokens",
    "cost",
    "tags",
    "end_user",
    "session",
]
