"""The job `fine_tune`: a recipe as a child process, watched and resumed, its adapter brought into a draft."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from django.conf import settings

from variorum.datasets import queries as datasets
from variorum.inference.targets import models_dir
from variorum.jobs.errors import JobCancelled, JobFailed, LeaseLost
from variorum.jobs.runner import JobRun
from variorum.lib import objects
from variorum.lib.errors import Problem
from variorum.training import examples, services
from variorum.training.arrival import bring
from variorum.training.models import TrainingJob

LOOK_S: Final = 0.4
GRACE_S: Final = 30.0


def fine_tune(run: JobRun) -> None:
    """Safe to run twice: the folder, the checkpoint and the draft of an earlier attempt are found and continued."""
    training = TrainingJob.objects.select_related("job__project", "dataset_version__dataset").get(job=run.job)
    folder = services.work_folder(training)
    try:
        if training.draft_id is None:
            if not (folder / "result.json").is_file():
                prepare(run, training, folder)
                watch(run, training, folder)
            bring(training, folder)
    except Problem as problem:
        raise JobFailed(problem.detail) from None
    training.refresh_from_db()
    run.note(draft=training.draft.number if training.draft else None)
    shutil.rmtree(folder, ignore_errors=True)


def prepare(run: JobRun, training: TrainingJob, folder: Path) -> None:
    """The base model as the recipe reads it, the examples, and spec.json last."""
    base = models_dir() / training.base_model
    if not (base / "manifest.json").is_file():
        services.set_phase(training, "Preparing the base model (once)")
        _convert(training.base_model)
    run.check()
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "examples.jsonl").is_file():
        project = run.job.project
        prompt = (
            examples.prompt_at(project, training.prompt_path, training.prompt_commit) if training.prompt_path else None
        )
        examples.write(folder / "examples.jsonl", examples.examples_of(_rows(run, training), prompt))
    spec = {
        "base_model": str(base),
        "start_from": _beginning(training, folder),
        "params": training.params,
        "threads": settings.TRAINING_THREADS,
        "parent": os.getpid(),
    }
    (folder / "spec.json").write_text(json.dumps(spec))


def _beginning(training: TrainingJob, folder: Path) -> str:
    """The weights to go on from, beside the examples; "" for a fresh start."""
    if not training.start_from:
        return ""
    place = folder / "start"
    place.mkdir(exist_ok=True)
    weights = objects.local_path(objects.content_key(training.start_from["sha256"]))
    shutil.copyfile(weights, place / "adapter_model.safetensors")
    return str(place)


def _rows(run: JobRun, training: TrainingJob) -> Iterator[Any]:
    for number, row in enumerate(datasets.iter_rows(training.dataset_version)):
        if number % 1000 == 0:
            run.check()
        yield row


def _convert(base_model: str) -> None:
    """In a process of its own: it takes memory that the worker would keep."""
    command = [sys.executable, "-m", "variorum.inference.base_model", "--models-dir", str(models_dir()), base_model]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise JobFailed(f"The base model could not be prepared: {done.stderr.strip()[-300:]}")


def watch(run: JobRun, training: TrainingJob, folder: Path) -> None:
    """Run the recipe to its end, its progress into the database. Whatever ends this function ends the child first."""
    tail = Tail(folder / "progress.jsonl")
    log = (folder / "recipe.log").open("ab")
    command = [sys.executable, "-m", f"variorum.training.recipes.{training.recipe}", str(folder)]
    environment = {**os.environ, "OMP_NUM_THREADS": str(settings.TRAINING_THREADS), "OMP_WAIT_POLICY": "PASSIVE"}
    with log, subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment) as child:
        try:
            while child.poll() is None:
                _take_in(run, training, tail)
                time.sleep(LOOK_S)
            _take_in(run, training, tail)
        except JobCancelled as reason:
            _stop(child, patient=not isinstance(reason, LeaseLost))
            raise
        finally:
            if child.poll() is None:
                child.kill()
    _judge(child.returncode, folder)


def _take_in(run: JobRun, training: TrainingJob, tail: "Tail") -> None:
    """New lines of the recipe: phases, and steps as points."""
    run.check()
    lines = tail.read()
    for line in lines:
        if "phase" in line:
            services.set_phase(training, str(line.get("message", line["phase"])))
    points = [line for line in lines if "tokens" in line]
    services.keep_points(training, points)
    if points:
        last = points[-1]
        run.progress(last["step"], last["steps"], f"step {last['step']:,} of {last['steps']:,}")


def _stop(child: "subprocess.Popen[bytes]", *, patient: bool) -> None:
    """Ask it to save and end; then insist. Without patience (another worker has the job) at once."""
    if patient:
        child.terminate()
        try:
            child.wait(GRACE_S)
        except subprocess.TimeoutExpired:
            child.kill()
    else:
        child.kill()


def _judge(code: int, folder: Path) -> None:
    """Raise JobFailed for what will fail again; any other bad end is tried again from the checkpoint."""
    if code == 0:
        return
    error = folder / "error.json"
    if code == 1 and error.is_file():
        raise JobFailed(str(json.loads(error.read_text())["message"]))
    if code == -9:
        text = "The training process was killed, most likely for lack of memory; try a smaller batch or fewer tokens."
        raise RuntimeError(text)
    said = (folder / "recipe.log").read_text(errors="replace").strip().splitlines()
    raise RuntimeError(f"The training process ended with {code}: {said[-1][:300] if said else 'no message'}")


class Tail:
    """New whole lines of a file that grows; a line cut off by a crash is stepped over."""

    def __init__(self, path: Path) -> None:
        self.path, self.place = path, 0

    def read(self) -> list[dict[str, Any]]:
        if not self.path.is_file():
            return []
        with self.path.open("rb") as file:
            file.seek(self.place)
            data = file.read()
        end = data.rfind(b"\n") + 1
        self.place += end
        return [line for raw in data[:end].splitlines() if (line := _parse(raw))]


def _parse(raw: bytes) -> dict[str, Any]:
    try:
        line = json.loads(raw)
    except ValueError:
        return {}
    return line if isinstance(line, dict) else {}
