"""The job `export_adapter`: an adapter for where none can be loaded, as a zip that is kept for a week."""

import hashlib
import json
import secrets
import subprocess
import sys
import tempfile
import time
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.utils import timezone

from variorum.accounts.access import Actor
from variorum.accounts.models import Project
from variorum.drafts.playground import adapter_ref
from variorum.events.services import record
from variorum.inference import adapters, fit
from variorum.inference.catalogue import licence_of, list_models
from variorum.inference.merging import FORMATS
from variorum.inference.shapes import AdapterRef, ProviderError
from variorum.inference.targets import models_dir
from variorum.jobs.errors import JobFailed
from variorum.jobs.models import Job
from variorum.jobs.runner import JobRun
from variorum.jobs.services import create_job
from variorum.lib import objects
from variorum.lib.errors import Conflict, Invalid, NotFound, Unprocessable
from variorum.repos import queries as repository

KIND: Final = "export_adapter"
KEPT: Final = timedelta(days=7)
LOOK_S: Final = 0.2
CHUNK: Final = 1 << 20
TITLES: Final = {"merged": "merged model", "gguf": "merged GGUF", "gguf-lora": "GGUF adapter"}
ZIP_TIME: Final = (1980, 1, 1, 0, 0, 0)  # the same content gives the same file
USE: Final = {
    "merged": 'AutoModelForCausalLM.from_pretrained("this folder") in transformers; weights in float32.',
    "gguf": "`llama-server -m model.gguf`. Where the base's weights are quantised, changed ones are stored as Q8_0.",
    "gguf-lora": "`llama-server -m <the base model> --lora adapter.gguf`.",
}


def start_export(*, project: Project, actor: Actor, folder: str, ref: str, form: str) -> Job:
    """A job that writes the adapter of a folder at a ref. The same export that is under way is given back.

    Raises NotFound, Invalid for an unknown format, Unprocessable when its base model is not here or does not fit.
    """
    if form not in FORMATS:
        text = f"There is no format {form[:20]!r}; there is {', '.join(FORMATS)}."
        raise Invalid(text, errors=[{"where": "format", "code": "unknown", "detail": text}])
    commit = repository.resolve(project, ref)
    adapter = adapter_ref(project, commit, folder)
    base = _base_of(adapter)
    spec = {"folder": folder, "commit": commit, "format": form, "base": base, "sha256": adapter.sha256}
    same = {f"spec__{name}": spec[name] for name in ("folder", "commit", "format")}
    under_way = Job.objects.filter(project=project, kind=KIND, **same).exclude(state__in=Job.ENDED).first()
    title = f"{folder.removeprefix('adapters/')} as {TITLES[form]}"
    return under_way or create_job(project=project, kind=KIND, title=title, spec=spec, actor=actor)


def _base_of(adapter: AdapterRef) -> str:
    base = str(adapter.config.get("base_model_name_or_path", ""))
    if base not in list_models(models_dir()):
        text = f"The adapter's base model {base[:100]!r} is not installed here, so there is nothing to merge it into."
        raise Unprocessable(text, code="unknown_base")
    if wrong := fit.mismatch(adapter, base):
        raise Unprocessable(wrong, code="adapter_mismatch")
    return base


def export_adapter(run: JobRun) -> None:
    """Run again after a crash it writes the file anew, and does nothing when that was done."""
    if "key" in run.job.result:
        return
    project, spec = run.job.project, run.spec
    adapter = adapter_ref(project, spec["commit"], spec["folder"])
    try:
        name = adapters.ensure(adapter)
    except ProviderError as error:
        raise JobFailed(error.detail) from None
    with tempfile.TemporaryDirectory(prefix=".export-", dir=settings.DATA_DIR) as place:
        out = Path(place) / "out"
        out.mkdir()
        _merge(run, models_dir() / "adapters" / name, out)
        _describe(project, spec, out)
        path = Path(place) / "adapter.zip"
        _zip(run, out, path, spec["folder"].rpartition("/")[2])
        with path.open("rb") as handle:
            digest = hashlib.file_digest(handle, "sha256").hexdigest()
        key = f"exports/adapter-{project.pk}-{run.job.number}-{secrets.token_hex(8)}.zip"
        objects.put_file(key, path)
        run.note(key=key, size=path.stat().st_size, sha256=digest)
    actor = Actor.of_user(run.job.created_by)
    data = {name: spec[name] for name in ("folder", "commit", "format")}
    record(project=project, actor=actor, kind="adapter.exported", subject=("job", str(run.job.number)), data=data)


def _merge(run: JobRun, adapter: Path, out: Path) -> None:
    """In a process of its own: it takes memory that the worker would keep."""
    where = ["--models-dir", str(models_dir()), "--model", run.spec["base"], "--adapter", str(adapter)]
    command = [sys.executable, "-m", "variorum.inference.merging", *where, "--out", str(out), run.spec["format"]]
    said, errors = out.with_name("progress"), out.with_name("errors")
    with (
        said.open("wb") as told,
        errors.open("wb") as wrong,
        subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=told, stderr=wrong) as child,
    ):
        try:
            while child.poll() is None:
                _tell(run, said)
                time.sleep(LOOK_S)
        finally:
            if child.poll() is None:
                child.kill()
    if child.returncode:
        raise JobFailed(f"The adapter could not be exported: {errors.read_text(errors='replace').strip()[-300:]}")


def _tell(run: JobRun, said: Path) -> None:
    run.check()
    lines = said.read_text().splitlines()
    if lines and lines[-1].endswith("}"):
        last = json.loads(lines[-1])
        run.progress(last["done"], last["total"] + 1, f"weights: {last['done']} of {last['total']} tensors")


def _describe(project: Project, spec: dict[str, Any], out: Path) -> None:
    """The card as it is at the commit, and a README with licence, origin and use."""
    card_path = f"{spec['folder']}/card.yaml"
    card = repository.read_files(project, spec["commit"], [card_path]).get(card_path)
    if card is not None:
        (out / "card.yaml").write_bytes(card)
    lines = [
        f"# {spec['folder'].removeprefix('adapters/')} ({TITLES[spec['format']]})",
        "",
        f"- Adapter: {spec['folder']} of the project {project.slug}, commit {spec['commit']}",
        f"- Weights of the adapter: SHA-256 {spec['sha256']}",
        f"- Base model: {spec['base']}, licence {licence_of(spec['base'])}",
        f"- Card: {'card.yaml; it names the licence of the adapter' if card is not None else 'none was written'}",
        f"- Use: {USE[spec['format']]}",
        "",
    ]
    (out / "README.md").write_text("\n".join(lines), encoding="utf-8")


def _zip(run: JobRun, out: Path, target: Path, name: str) -> None:
    """Stored, not squeezed: weights hardly get smaller."""
    with zipfile.ZipFile(target, "w") as archive:
        for path in sorted(out.iterdir()):
            entry = zipfile.ZipInfo(f"{name}/{path.name}", ZIP_TIME)
            entry.external_attr = 0o644 << 16
            with path.open("rb") as source, archive.open(entry, "w", force_zip64=True) as sink:
                while piece := source.read(CHUNK):
                    run.check()
                    sink.write(piece)


def file_of(job: Job) -> dict[str, Any]:
    """Key, size and sha256 of an export's file. Raises Conflict before it is written, NotFound when it is gone."""
    if job.kind != KIND:
        raise NotFound(f"Job #{job.number} is no export of an adapter.")
    if job.state != Job.State.SUCCEEDED:
        raise Conflict(f"The export is {job.state}; there is no file.", code="export_not_ready")
    if "key" not in job.result:
        raise NotFound("The file was kept for a week and is gone. Export it again.", code="export_gone")
    return dict(job.result)


def forget_old_exports() -> None:
    """Delete files of exports that ended a week ago. Runs by the clock."""
    for job in Job.objects.filter(kind=KIND, ended_at__lt=timezone.now() - KEPT, result__has_key="key"):
        objects.delete(job.result.pop("key"))
        Job.objects.filter(pk=job.pk).update(result=job.result)
