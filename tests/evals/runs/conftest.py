"""A labelled dataset, a prompt in Git, a scripted model, and a suite that ties them together."""

from collections.abc import Callable
from typing import Any

import pytest

from evals.metrics.services import put_built_ins
from evals.runs.models import Suite
from evals.runs.services import create_suite
from tests.fakes.openai_server import Call, FakeOpenAI
from variorum.accounts.access import Actor
from variorum.accounts.models import Project
from variorum.datasets import services as datasets
from variorum.datasets.models import DatasetVersion
from variorum.drafts.models import Draft
from variorum.drafts.services import open_draft
from variorum.inference.services import create_provider
from variorum.repos import queries as repos
from variorum.repos import services as repository

LABELS = ["card", "cash", "fees", "other"]
PATH = "prompts/triage.prompt"
PROMPT = """---
model: fake/small
config:
  temperature: 0
input:
  schema:
    message: string
---
VARIANT {variant}
Which label fits? {{{{message}}}}
"""
RULES = [{"kind": "not_worse", "metric": "exact-match", "margin": 0.05}]


def prompt(variant: str) -> bytes:
    """The triage prompt; the scripted model answers by its variant."""
    return PROMPT.format(variant=variant).encode()


def right_when(good: Callable[[int, str], bool]) -> Callable[[Call], str]:
    """A model that knows the right label of "message 12 card" and says it for those rows of a variant that are good."""

    def speak(call: Call) -> str:
        words = call.user.split()
        number, label = int(words[-2]), words[-1]
        return label if good(number, words[words.index("VARIANT") + 1]) else "nonsense"

    return speak


@pytest.fixture
def model(project: Project, actor: Actor, fake_openai: FakeOpenAI) -> FakeOpenAI:
    """The provider "fake": small answers, judge judges; a million tokens of it cost 1 and 2 dollars."""
    catalogue = [{"id": name, "input_price": "1", "output_price": "2"} for name in ("small", "judge")]
    create_provider(
        project=project,
        actor=actor,
        slug="fake",
        name="Fake",
        base_url=fake_openai.base_url,
        key="",
        catalogue=catalogue,
    )
    fake_openai.answer = right_when(lambda number, variant: number % 10 < 6)
    return fake_openai


@pytest.fixture
def version(project: Project, actor: Actor) -> DatasetVersion:
    """200 labelled rows in one column `text`."""
    put_built_ins()
    dataset = datasets.create_dataset(project=project, actor=actor, name="Messages")
    rows = [{"input": {"text": f"message {n} {LABELS[n % 4]}"}, "expected": LABELS[n % 4]} for n in range(200)]
    return datasets.add_version(dataset=dataset, rows=rows, actor=actor, source={"kind": "test"})


@pytest.fixture
def main(project: Project, actor: Actor) -> str:
    """Main's head, with the prompt in variant A."""
    repository.ensure_repository(project)
    head = repos.head(project)
    return repository.commit_files(
        project=project, ref="main", files={PATH: prompt("A")}, message="Add triage", actor=actor, expected_head=head
    )


@pytest.fixture
def suite(project: Project, actor: Actor, version: DatasetVersion, main: str) -> Suite:
    """Exact match and valid label, not worse than main by more than 5 points."""
    metrics = ["exact-match", "label-valid"]
    fields: dict[str, Any] = {"prompt_path": PATH, "metrics": metrics, "rules": RULES}
    return create_suite(project=project, actor=actor, name="Triage quality", dataset=version.dataset, **fields)


@pytest.fixture
def draft_of(project: Project, actor: Actor, main: str) -> Callable[[str], Draft]:
    """draft_of("B") -> an open draft whose prompt is variant B."""

    def make(variant: str) -> Draft:
        return open_draft(project=project, actor=actor, title=f"Variant {variant}", files={PATH: prompt(variant)})

    return make
