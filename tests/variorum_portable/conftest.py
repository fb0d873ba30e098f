"""A project with something in every table that travels."""

import hashlib
import json
import zipfile
from pathlib import Path

import pytest

from evals.metrics.services import create_metric
from evals.runs.services import create_suite
from monitoring.alerts import services as alerts
from monitoring.alerts.models import Alert
from monitoring.quality import services as quality
from tests.variorum.drafts.conftest import TRIAGE, Team
from tests.variorum.drafts.conftest import team as team
from tests.weights import lora
from variorum.accounts.access import Actor
from variorum.accounts.models import Project
from variorum.datasets.services import add_version, create_dataset
from variorum.deployments.services import deploy, ensure_environments, roll_back
from variorum.drafts.models import ApprovalRule
from variorum.drafts.services import require_check, set_check
from variorum.inference.services import create_provider
from variorum.repos import queries, tags
from variorum.repos import services as repository

SECRETS = ("sk-very-secret", "hook-token-in-the-path")


@pytest.fixture
def full(team: Team, actor: Actor, settings: object) -> Project:
    """Olga's project after some weeks of work."""
    project = team.project
    _review(team)
    _weights(project, actor)
    tags.create_tag(project=project, actor=actor, name="v1", notes="Erste Fassung\n\n- Kinder (#1, Eddie)")
    _deployments(project, actor)
    _evaluations(project, actor)
    _watching(project, actor)
    return project


def _review(team: Team) -> None:
    kinder = team.open(files={"prompts/triage.prompt": TRIAGE.replace("Be kind.", "Be very kind.")})
    first = team.post("mia", f"/drafts/{kinder['number']}/comments", body="Warum?", path="prompts/triage.prompt",
                      side="new", line=7, commit=kinder["head_commit"])  # fmt: skip
    team.post("eddie", f"/drafts/{kinder['number']}/comments", body="Deshalb.", parent=first.json()["id"])
    set_check(project=team.project, commit=kinder["head_commit"], name="evaluation: triage", state="pass",
              url=f"/p/{team.project.slug}/evaluations/3", details={"n": 90})  # fmt: skip
    team.approve("mia", kinder)
    assert team.merge("mia", kinder).status_code == 200
    team.open(title="Shorter", files={"prompts/triage.prompt": TRIAGE.replace("Be short.", "Be very short.")})
    ApprovalRule.objects.create(project=team.project, pattern="/prompts/", count=1).people.set([team.people["vera"]])
    closed = team.open(title="No", files={"README.md": "no\n"})
    assert team.post("eddie", f"/drafts/{closed['number']}/close").status_code == 200


def _weights(project: Project, actor: Actor) -> None:
    pointer = repository.store_lfs(project=project, data=lora(rank=64, width=512))
    repository.commit_files(
        project=project, ref="main", files={"configs/a.yaml": b"a: 1\n", "configs/b.yaml": print_pointer_text(pointer)},
        message="Add settings", actor=actor, expected_head=queries.head(project),
    )  # fmt: skip


def print_pointer_text(pointer: object) -> bytes:
    """A config that is plain text: the large file itself is what must travel."""
    return f"pointer: {getattr(pointer, 'oid')}\n".encode()  # noqa: B009


def _deployments(project: Project, actor: Actor) -> None:
    staging = ensure_environments(project)[1]
    first = deploy(environment=staging, commit=queries.log(project, "main")[1].sha, actor=actor, note="Erster Versuch")
    deploy(environment=staging, commit="v1", actor=actor)
    roll_back(environment=staging, actor=actor, to=first, note="Zu freundlich")


def _evaluations(project: Project, actor: Actor) -> None:
    dataset = create_dataset(project=project, actor=actor, name="Messages", slug="messages", description="")
    rows = [{"input": {"message": f"Hallo {n} 🙂"}, "expected": "other", "tags": ["x"]} for n in range(700)]
    add_version(dataset=dataset, rows=rows[:500], actor=actor, source={"kind": "file"}, columns=["message"],
                expected_column="label")  # fmt: skip
    add_version(dataset=dataset, rows=rows, actor=actor, source={"kind": "file"}, columns=["message"],
                expected_column="label")  # fmt: skip
    short = {"function": "length_range", "config": {"at_most": 20}}
    create_metric(project=project, actor=actor, name="Short", kind="code", **short)  # type: ignore[arg-type]
    create_suite(
        project=project, actor=actor, name="Triage", slug="triage", description="", dataset=dataset,
        prompt_path="prompts/triage.prompt", metrics=["exact-match", "short"], rules=[], concurrency=2,
    )  # fmt: skip
    require_check(project=project, actor=actor, name="evaluation: triage", path="prompts/")


def _watching(project: Project, actor: Actor) -> None:
    create_provider(project=project, actor=actor, slug="acme", name="Acme", base_url="http://127.0.0.1:9/v1",
                    key=SECRETS[0], catalogue=[{"id": "m", "input_price": 1.5, "output_price": None}])  # fmt: skip
    quality.create_rule(project=project, actor=actor, metric="exact-match", rate=0.25)
    address = f"http://127.0.0.1:9/{SECRETS[1]}"
    hook, _ = alerts.create_channel(project=project, actor=actor, kind="webhook", name="Hook", address=address)
    inbox, _ = alerts.create_channel(project=project, actor=actor, kind="inbox", name="Inbox", address="editor")
    fields = {"name": "Errors", "kind": "errors", "threshold": 0.1}
    rule = alerts.create_rule(project=project, actor=actor, fields=fields, channels=[inbox, hook])
    Alert.objects.create(project=project, number=1, rule=rule, rule_name=rule.name, condition={"kind": "errors"},
                         figures={"n": 5}, suspects={"commits": []})  # fmt: skip


def parts_of(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as found:
        return {name: found.read(name) for name in found.namelist()}


def written(path: Path, parts: dict[str, bytes], *, fix: bool = True, stored: bool = False) -> Path:
    """An archive of these parts, with a manifest that fits them."""
    if fix:
        manifest = json.loads(parts["manifest.json"])
        rest = {name: data for name, data in parts.items() if name != "manifest.json"}
        manifest["parts"] = {
            name: {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)} for name, data in rest.items()
        }
        parts = {**rest, "manifest.json": json.dumps(manifest).encode()}
    with zipfile.ZipFile(path, "w") as made:
        for name, data in parts.items():
            packed = not stored and name.startswith("rows/")
            made.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED)
    return path
