"""The unmodified clients of the Hub against a live server: huggingface_hub and peft, with HF_ENDPOINT pointed here."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from variorum.accounts.access import Actor
from variorum.accounts.models import Project
from variorum.accounts.services import create_api_key, create_project
from variorum.repos import queries, services, tags
from variorum_client.formats import print_pointer

Ask = Callable[..., Any]


@pytest.fixture
def published(transactional_db: None, project: Project, actor: Actor, make_adapter: Callable[..., Path]) -> list[str]:
    """Two versions of adapters/tone on main, tagged v1 and v2, and adapters/support/triage; the commits."""
    services.ensure_repository(project)
    commits = []
    for number in (1, 2):
        folder = make_adapter(number)
        pointer = services.store_lfs(project=project, data=folder / "adapter_model.safetensors")
        card = yaml.safe_dump({"licence": "Apache-2.0", "data": {"dataset": "messages", "version": number}})
        files: dict[str, bytes | None] = {}
        for at in ("adapters/tone", "adapters/support/triage"):
            files[f"{at}/adapter_model.safetensors"] = print_pointer(pointer.oid, pointer.size)
            files[f"{at}/adapter_config.json"] = (folder / "adapter_config.json").read_bytes()
            files[f"{at}/card.yaml"] = card.encode()
        head = queries.head(project)
        commits.append(
            services.commit_files(
                project=project, ref="main", files=files, message=f"Version {number}", actor=actor, expected_head=head
            )
        )
        tags.create_tag(project=project, actor=actor, name=f"v{number}", notes="")
    return commits


@pytest.fixture
def ask(web: str, published: list[str], make_key: Callable[..., str], tmp_path: Path) -> Ask:
    """ask("code that sets `out`") -> that value, from a process of its own with its own cache; `token` as HF_TOKEN."""

    def run(code: str, *, token: str | None = None, python: str = sys.executable) -> Any:
        own = {
            "PATH": os.environ["PATH"],
            "HF_ENDPOINT": web,
            "HF_HOME": str(tmp_path / "cache"),
            "HF_TOKEN": make_key("read") if token is None else token,
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "HF_HUB_DISABLE_IMPLICIT_TOKEN": "0",
        }
        program = f"import json\n{code}\nprint('OUT' + json.dumps(out, default=str))"
        done = subprocess.run(
            [python, "-c", program], env=own, cwd=tmp_path, capture_output=True, text=True, timeout=180, check=False
        )
        assert done.returncode == 0, done.stderr[-3000:]
        return json.loads(done.stdout.rpartition("OUT")[2])

    return run


def test_files_and_facts(ask: Ask, published: list[str], make_adapter: Callable[..., Path], tmp_path: Path) -> None:
    out = ask(
        """
from huggingface_hub import HfApi, hf_hub_download, snapshot_download, file_exists
api = HfApi()
info = api.model_info("support-desk/tone", revision="v1", files_metadata=True)
weights = {s.rfilename: s.lfs.sha256 for s in info.siblings if s.lfs}
folder = snapshot_download("support-desk/tone", revision="v1")
newest = snapshot_download("support-desk/support__triage")
out = {
    "sha": info.sha, "licence": info.card_data.license, "files": api.list_repo_files("support-desk/tone"),
    "weights": weights, "folder": folder, "newest": newest, "ends": folder.endswith(info.sha),
    "config": hf_hub_download("support-desk/tone", "adapter_config.json", revision=info.sha),
    "exists": [file_exists("support-desk/tone", name) for name in ("card.yaml", "adapter_model.bin")],
    "tags": {ref.name: ref.target_commit for ref in api.list_repo_refs("support-desk/tone").tags},
    "paths": [f.path for f in api.get_paths_info("support-desk/tone", ["card.yaml", "nothing"], revision="v1")],
    "commits": [c.title for c in api.list_repo_commits("support-desk/tone")],
    "titles": [f.last_commit.title for f in api.list_repo_tree("support-desk/tone", revision="v1", expand=True)],
    "listed": sorted(m.id for m in api.list_models(author="support-desk")),
    "me": api.whoami()["orgs"][0]["name"],
    "draft": api.repo_exists("support-desk/tone"),
}
"""
    )
    first = tmp_path / "adapter-1"
    assert out["sha"] == published[0]
    assert out["licence"] == "apache-2.0"
    assert out["files"] == ["adapter_config.json", "adapter_model.safetensors", "card.yaml"]
    assert (
        Path(out["folder"], "adapter_model.safetensors").read_bytes()
        == (first / "adapter_model.safetensors").read_bytes()
    )
    assert (
        Path(out["newest"], "adapter_model.safetensors").read_bytes()
        == (tmp_path / "adapter-2" / "adapter_model.safetensors").read_bytes()
    )
    assert Path(out["config"]).read_bytes() == (first / "adapter_config.json").read_bytes()
    assert out["ends"] is True
    assert out["exists"] == [True, False]
    assert out["tags"] == {"v1": published[0], "v2": published[1]}
    assert out["paths"] == ["card.yaml"]
    assert out["commits"] == ["Version 2", "Version 1"]
    assert set(out["titles"]) == {"Version 1"}
    assert out["listed"] == ["support-desk/support__triage", "support-desk/tone"]
    assert (out["me"], out["draft"]) == ("support-desk", True)


def test_its_errors_are_the_clients_own(ask: Ask, stranger) -> None:
    code = """
from huggingface_hub import HfApi, hf_hub_download
def name(call):
    try:
        call()
    except Exception as error:
        return type(error).__name__
out = [
    name(lambda: hf_hub_download("support-desk/nothing", "adapter_config.json")),
    name(lambda: HfApi().model_info("nowhere/tone")),
    name(lambda: hf_hub_download("support-desk/tone", "adapter_config.json", revision="v9")),
    name(lambda: hf_hub_download("support-desk/tone", "model.bin")),
    name(lambda: HfApi().model_info("support-desk/tone", revision="nothing")),
]
"""
    missing = "RepositoryNotFoundError"
    assert ask(code) == [missing, missing, "RevisionNotFoundError", "RemoteEntryNotFoundError", "RevisionNotFoundError"]
    other = create_project(owner=stranger, name="Other", slug="other")
    foreign = create_api_key(project=other, user=stranger, scopes=["read"], name="k", expires_at=None)[1]
    assert ask(code, token=foreign) == [missing] * 5
    assert ask(code, token="vk_wrong") == ["HfHubHTTPError"] * 5  # 401, and its words say that the key is not known


def test_peft_loads_an_adapter_by_its_name(ask: Ask, tiny_model: Any, tmp_path: Path) -> None:
    out = ask(
        f"""
import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM
ids = torch.arange(3, 40).unsqueeze(0)
def logits(*args, **kwargs):
    base = AutoModelForCausalLM.from_pretrained({str(tiny_model.folder)!r})
    model = PeftModel.from_pretrained(base, *args, **kwargs) if args else base
    with torch.no_grad():
        return model(ids).logits
plain, local = logits(), logits({str(tmp_path / "adapter-1")!r})
hub = logits("support-desk/tone", revision="v1")
newer = logits("support-desk/tone", revision="v2")
out = [torch.equal(hub, local), torch.equal(hub, plain), torch.equal(hub, newer)]
"""
    )
    assert out == [True, False, False]
