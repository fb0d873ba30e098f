"""A fine-tune from the API to the draft: on the tiny model, with the real queue row, repository and child process."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings
from django.db import connection

from variorum.accounts.access import Actor
from variorum.accounts.models import Project, User
from variorum.datasets.models import DatasetVersion
from variorum.datasets.services import add_version, create_dataset
from variorum.drafts.models import Draft
from variorum.jobs.models import Job
from variorum.jobs.runner import run_job
from variorum.repos import queries as repository
from variorum.repos.services import commit_files, ensure_repository
from variorum.training import services, verdict
from variorum.training.models import TrainingJob, TrainingPoint

BASE = "/api/v1/projects/support-desk"
PROMPT = """---
model: local/tiny
input:
  schema:
    message: string
---
{{role "system"}}
Name the colour.
{{role "user"}}
{{message}}
"""
PARAMS = {"rank": 4, "top_layers": 2, "epochs": 2, "batch_size": 8, "learning_rate": 0.02, "validation": 0.2}


@pytest.fixture
def tiny_here(tiny_model: Any) -> Iterator[None]:
    """The tiny model among the installation's own."""
    place = Path(settings.DATA_DIR) / "models" / "tiny"
    place.parent.mkdir(parents=True, exist_ok=True)
    if not place.exists():
        place.symlink_to(tiny_model.folder)
    yield
    place.unlink()


@pytest.fixture
def colours(project: Project, actor: Actor) -> DatasetVersion:
    dataset = create_dataset(project=project, actor=actor, name="Colours")
    names = ["red", "blue", "green"]
    rows = [
        {"input": {"message": f"the {names[n % 3]} thing {n}", "id": str(n)}, "expected": names[n % 3]}
        for n in range(40)
    ]
    rows += [{"input": {"message": "not labelled"}, "expected": None}]
    return add_version(dataset=dataset, rows=rows, actor=actor, source={"kind": "test"})


@pytest.fixture
def prompt(project: Project, actor: Actor) -> str:
    ensure_repository(project)
    files = {"prompts/colour.prompt": PROMPT.encode()}
    head = repository.head(project)
    commit_files(project=project, ref="main", files=files, message="Colour", actor=actor, expected_head=head)
    return "prompts/colour.prompt"


@pytest.fixture
def body(prompt: str, colours: DatasetVersion, tiny_here: None) -> dict[str, Any]:
    return {
        "dataset": "colours",
        "version": "1",
        "base_model": "tiny",
        "adapter_name": "colour",
        "prompt_path": prompt,
        "bind_prompt": True,
        "params": PARAMS,
    }


@pytest.mark.django_db(transaction=True)
def test_from_the_form_to_the_draft(
    api: Callable[..., Any], owner: User, project: Project, body: dict[str, Any], run_jobs: Callable[[], int]
) -> None:
    client = api(owner)
    started = client.post(f"{BASE}/fine-tunes", body)
    assert started.status_code == 201, started.content
    assert (started.json()["number"], started.json()["state"]) == (1, "queued")
    assert run_jobs() == 1
    ended = client.get(f"{BASE}/fine-tunes/1").json()
    assert (ended["state"], ended["error"], ended["draft"]) == ("succeeded", "", 1)
    assert ended["verdict"]["state"] == "better"

    points = client.get(f"{BASE}/fine-tunes/1/points").json()["items"]
    assert [point["step"] for point in points] == list(range(9))
    assert points[0]["loss"] is None
    assert points[0]["val_loss"] > points[8]["val_loss"]

    draft = Draft.objects.get()
    files = repository.read_files(project, draft.head_commit, None)
    pointer = files["adapters/colour/adapter_model.safetensors"].decode()
    assert pointer.startswith("version https://git-lfs.github.com/spec/v1\n")
    config = json.loads(files["adapters/colour/adapter_config.json"])
    assert (config["peft_type"], config["base_model_name_or_path"]) == ("LORA", "tiny")
    card = yaml.safe_load(files["adapters/colour/card.yaml"])
    assert card["data"]["sha256"] == DatasetVersion.objects.get().sha256
    assert card["data"]["examples"] == {"trained": 32, "held_out": 8, "too_long": 0}
    assert card["weights_sha256"] in pointer
    assert "variorum.adapter: adapters/colour" in files["prompts/colour.prompt"].decode()
    assert "loss (nats per answer token)" in draft.description
    assert "8 held-out examples are few" in draft.description
    assert draft.author == owner
    assert not services.work_folder(TrainingJob.objects.get()).exists()


@pytest.mark.django_db(transaction=True)
def test_run_twice_it_makes_one_draft(
    api: Callable[..., Any], owner: User, body: dict[str, Any], run_jobs: Callable[[], int]
) -> None:
    api(owner).post(f"{BASE}/fine-tunes", {**body, "bind_prompt": False})
    run_jobs()
    Job.objects.update(state="queued", ended_at=None)
    run_jobs()
    assert (Job.objects.get().state, Draft.objects.count(), TrainingPoint.objects.count()) == ("succeeded", 1, 9)


WORKER = """
import os, sys
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "variorum.settings")
import django; django.setup()
from variorum.jobs import runner
runner.run_job(int(sys.argv[1]))
"""


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_killed_worker_takes_its_child_along_and_the_next_goes_on(
    api: Callable[..., Any], owner: User, body: dict[str, Any]
) -> None:
    from variorum.jobs import runner

    api(owner).post(f"{BASE}/fine-tunes", {**body, "params": {**PARAMS, "epochs": 60}})
    training = TrainingJob.objects.get()
    first = start_worker(training)
    wait_for(lambda: training.points.filter(step__gte=20).exists(), first)
    child = children_of(first.pid)
    assert len(child) == 1
    first.send_signal(signal.SIGKILL)
    first.wait()
    wait_for(lambda: not Path(f"/proc/{child[0]}").exists() or zombie(child[0]))
    before = training.points.count()
    runner.free_dead_leases()
    run_job(training.pk)
    job = Job.objects.get()
    assert (job.state, job.attempts, Draft.objects.count()) == ("succeeded", 2, 1)
    assert before < training.points.count() == 60 * 4 + 1
    training.refresh_from_db()
    assert training.result["tokens"] == training.points.get(step=240).tokens


@pytest.mark.django_db(transaction=True)
def test_a_cancel_ends_it_without_a_draft(api: Callable[..., Any], owner: User, body: dict[str, Any]) -> None:
    client = api(owner)
    client.post(f"{BASE}/fine-tunes", {**body, "params": {**PARAMS, "epochs": 1000}})
    training = TrainingJob.objects.get()
    process = start_worker(training)
    wait_for(lambda: training.points.exists(), process)
    assert client.post(f"{BASE}/fine-tunes/1/cancel").status_code == 200
    assert process.wait(60) == 0
    assert client.get(f"{BASE}/fine-tunes/1").json()["state"] == "cancelled"
    assert Draft.objects.count() == 0
    assert client.post(f"{BASE}/fine-tunes/1/cancel").status_code == 409


@pytest.mark.django_db(transaction=True)
def test_what_will_fail_again_fails_at_once(
    api: Callable[..., Any], owner: User, body: dict[str, Any], run_jobs: Callable[[], int]
) -> None:
    client = api(owner)
    client.post(f"{BASE}/fine-tunes", {**body, "params": {**PARAMS, "max_tokens": 8}})
    run_jobs()
    ended = client.get(f"{BASE}/fine-tunes/1").json()
    assert (ended["state"], ended["attempts"]) == ("failed", 1)
    assert "none of the 40 examples fits into 8 tokens" in ended["error"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("change", "status", "where"),
    [
        ({"params": {"rank": 0, "alpha": "x"}}, 400, ["params.rank", "params.alpha"]),
        ({"recipe": "magic"}, 400, ["recipe"]),
        ({"base_model": "gpt-9"}, 400, ["base_model"]),
        ({"adapter_name": "../x"}, 400, ["adapter_name"]),
        ({"adapter_name": ""}, 400, ["adapter_name"]),
        ({"dataset": "absent"}, 404, []),
        ({"version": "7"}, 404, []),
        ({"prompt_path": "prompts/absent.prompt"}, 404, []),
        ({"prompt_path": "README.md"}, 404, []),
    ],
)
def test_a_wrong_form_names_the_field(
    api: Callable[..., Any], owner: User, body: dict[str, Any], change: dict[str, Any], status: int, where: list[str]
) -> None:
    answer = api(owner).post(f"{BASE}/fine-tunes", {**body, **change})
    assert answer.status_code == status, answer.content
    assert [error["where"] for error in answer.json()["errors"]] == where
    assert Job.objects.count() == 0


@pytest.mark.django_db
def test_a_row_that_does_not_fit_the_prompt_is_named(
    api: Callable[..., Any], owner: User, body: dict[str, Any], colours: DatasetVersion, actor: Actor
) -> None:
    rows = [{"input": {"text": "x"}, "expected": "y"} for _ in range(9)]
    add_version(dataset=colours.dataset, rows=rows, actor=actor, source={})
    answer = api(owner).post(f"{BASE}/fine-tunes", {**body, "version": "2"})
    assert (answer.status_code, answer.json()["code"]) == (422, "row_unfit")
    assert "Row 1 does not fit the prompt prompts/colour.prompt" in answer.json()["detail"]
    assert api(owner).post(f"{BASE}/fine-tunes", {**body, "version": "2", "prompt_path": ""}).status_code == 201


@pytest.mark.django_db
def test_too_few_labelled_rows_are_refused(
    api: Callable[..., Any], owner: User, body: dict[str, Any], colours: DatasetVersion, actor: Actor
) -> None:
    rows = [{"input": {"message": "x"}, "expected": "y"}] * 3
    add_version(dataset=colours.dataset, rows=rows, actor=actor, source={})
    answer = api(owner).post(f"{BASE}/fine-tunes", {**body, "version": "2"})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "too_few")


@pytest.mark.django_db
def test_who_may(api: Callable[..., Any], member: Callable[[str], User], stranger: User, body: dict[str, Any]) -> None:
    assert api(member("viewer")).post(f"{BASE}/fine-tunes", body).status_code == 403
    assert api(stranger).post(f"{BASE}/fine-tunes", body).status_code == 404
    editor = api(member("editor"))
    assert editor.post(f"{BASE}/fine-tunes", body).status_code == 201
    assert api(stranger).get(f"{BASE}/fine-tunes/1").status_code == 404
    assert editor.get(f"{BASE}/fine-tunes/2").status_code == 404


@pytest.mark.django_db
def test_the_list_needs_as_many_queries_for_ten_as_for_one(
    api: Callable[..., Any], owner: User, body: dict[str, Any], django_assert_num_queries: Any
) -> None:
    client = api(owner)
    for _ in range(3):
        client.post(f"{BASE}/fine-tunes", body)
    with django_assert_num_queries(6):  # session, user, project, membership, fine-tunes, measurements
        page = client.get(f"{BASE}/fine-tunes?limit=2").json()
    assert [item["number"] for item in page["items"]] == [3, 2]
    rest = client.get(f"{BASE}/fine-tunes?cursor={page['next']}").json()
    assert ([item["number"] for item in rest["items"]], rest["next"]) == ([1], None)


@pytest.mark.django_db
def test_an_estimate_counts_and_says_what_it_rests_on(
    api: Callable[..., Any], owner: User, body: dict[str, Any]
) -> None:
    asked = {name: body[name] for name in ("dataset", "version", "params", "prompt_path")}
    answer = api(owner).post(f"{BASE}/fine-tunes/estimate", asked).json()
    assert (answer["examples"], answer["steps"], answer["measured_by"]) == (40, 8, None)
    assert 0 < answer["seconds"] < 60
    recipes = api(owner).get(f"{BASE}/fine-tunes/recipes").json()
    assert recipes["ready"] is True
    assert recipes["items"][0]["defaults"]["rank"] == 8


@pytest.mark.parametrize(
    ("losses", "state"),
    [
        ([], "early"),
        ([2.0], "early"),
        ([2.0, 1.99], "flat"),
        ([2.0, 1.0], "learning"),
        ([2.0, 1.0, 1.2], "learning"),
        ([2.0, 1.0, 1.2, 1.3], "overfitting"),
        ([2.0, 1.0, 1.001, 1.01], "learning"),
    ],
)
def test_the_curve_in_words(losses: list[float], state: str) -> None:
    points: list[verdict.Point] = [{"step": n, "val_loss": v, "val_exact": 0.0} for n, v in enumerate(losses)]
    assert verdict.of_running(points)["state"] == state


def start_worker(training: TrainingJob) -> "subprocess.Popen[bytes]":
    database = connection.settings_dict
    login = f"{database['USER']}:{database['PASSWORD']}@" if database["PASSWORD"] else f"{database['USER']}@"
    host = f"/{database['NAME']}?host={database['HOST']}"
    if not str(database["HOST"]).startswith("/"):
        login, host = f"{login}{database['HOST']}:{database['PORT']}", f"/{database['NAME']}"
    environment = {**os.environ, "DATABASE_URL": f"postgresql://{login}{host}"}
    return subprocess.Popen([sys.executable, "-c", WORKER, str(training.pk)], env=environment)


def wait_for(condition: Callable[[], bool], process: "subprocess.Popen[bytes] | None" = None) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "it does not come"
        assert process is None or process.poll() is None, "the worker has ended"
        time.sleep(0.05)


def children_of(pid: int) -> list[int]:
    return [
        int(child) for task in Path(f"/proc/{pid}/task").iterdir() for child in (task / "children").read_text().split()
    ]


def zombie(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True
