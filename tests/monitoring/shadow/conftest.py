"""A live commit and a candidate, a scripted provider, a judge, and a shadow between them."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from evals.metrics.models import Metric
from evals.metrics.services import create_metric
from monitoring.logs.models import Log
from monitoring.shadow import services, work
from monitoring.shadow.models import Shadow
from tests.fakes.openai_server import Call, FakeOpenAI
from variorum.accounts.access import Actor
from variorum.accounts.models import Project
from variorum.deployments.models import Environment
from variorum.deployments.queries import environment_of
from variorum.deployments.services import deploy
from variorum.inference.services import create_provider
from variorum.repos import queries as repos
from variorum.repos import services as repository

PROMPT = """---
model: fake/small
config:
  temperature: 0
  max_output_tokens: 50
input:
  schema:
    question: string
---
Variant {variant}. {{{{question}}}}
"""
Put = Callable[..., list[Log]]


def judge_by(prefer: Callable[[str, str], str]) -> Callable[[Call], str]:
    """A provider whose candidate says "B: <question>" and whose judge is asked for the two texts in their order."""

    def speak(call: Call) -> str:
        if "You compare two answers" not in call.system:
            return f"B: {call.user}"
        texts = re.findall(r'answer:\n<material key="\w+">\n(.*?)\n</material', call.user, re.DOTALL)
        return f'{{"reason": "So it is.", "better": "{prefer(*texts)}"}}'

    return speak


def for_candidate(first: str, second: str) -> str:
    """A judge that always finds the candidate better."""
    return "first" if first.startswith("B:") else "second"


def logged(question: str = "Where is my card?", **more: Any) -> dict[str, Any]:
    """A log of the live prompt."""
    given = {"input": {"variables": {"question": question}}, "output": "A: at home", "prompt": "triage"}
    return {**given, "latency_ms": 400, "cost": 0.0002, "input_tokens": 20, "output_tokens": 3, **more}


@pytest.fixture(autouse=True)
def _all_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """One run of the clock's task does all that is due, however busy the machine is."""
    monkeypatch.setattr(work, "SECONDS", 600.0)


@pytest.fixture
def model(project: Project, actor: Actor, fake_openai: FakeOpenAI) -> FakeOpenAI:
    """The provider "fake": small answers, judge judges; a million tokens cost 1 and 2 dollars. The candidate wins."""
    catalogue = [{"id": name, "input_price": "1", "output_price": "2"} for name in ("small", "judge")]
    fields = {"slug": "fake", "name": "Fake", "base_url": fake_openai.base_url, "key": "", "catalogue": catalogue}
    create_provider(project=project, actor=actor, **fields)
    fake_openai.answer = judge_by(for_candidate)
    return fake_openai


@pytest.fixture
def judge(project: Project, actor: Actor, model: FakeOpenAI) -> Metric:
    """The judge "helpful"."""
    config = {"model": "fake/judge", "rubric": "Is this answer helpful?\n{{input}}\n{{output}}"}
    return create_metric(project=project, actor=actor, name="Helpful", kind="judge", config=config)


@pytest.fixture
def save(project: Project, actor: Actor) -> Callable[..., str]:
    """save("B") -> a commit of main with the prompt in that variant."""

    def make(variant: str, **files: bytes) -> str:
        repository.ensure_repository(project)
        content = {"prompts/triage.prompt": PROMPT.format(variant=variant).encode(), **files}
        head = repos.head(project)
        return repository.commit_files(
            project=project, ref="main", files=content, message=f"Variant {variant}", actor=actor, expected_head=head
        )

    return make


@pytest.fixture
def production(project: Project, actor: Actor, save: Callable[..., str]) -> Environment:
    """Variant A is live."""
    found = environment_of(project, "production")
    assert found is not None
    deploy(environment=found, commit=save("A"), actor=actor)
    return found


@pytest.fixture
def start(production: Environment, actor: Actor, judge: Metric, save: Callable[..., str]) -> Callable[..., Shadow]:
    """start(share=1, ...) -> a running shadow of variant B, judged by "helpful", 20 pairs."""

    def make(**fields: Any) -> Shadow:
        given = {"share": 1.0, "metric": "helpful", "pairs_wanted": 20, "commit": save("B"), **fields}
        return services.start_shadow(environment=production, actor=actor, **given)

    return make


@pytest.fixture
def put(put_logs: Put) -> Callable[..., list[Log]]:
    """put(shadow, n) -> n logs of what is live, each with its own question; put(shadow, {...}, ...) -> such logs."""

    def make(shadow: Shadow, *logs: Any) -> list[Log]:
        given = [logged(f"Question {n}") for n in range(logs[0])] if isinstance(logs[0], int) else logs
        return put_logs(*[{"commit": shadow.baseline, **log} for log in given])

    return make
