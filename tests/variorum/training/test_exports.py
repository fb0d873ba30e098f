"""An adapter leaves as a file: by page, API and command line, with its card, and only for who may see it."""

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from gguf import GGUFReader
from safetensors import safe_open

from variorum.inference.catalogue import list_models
from variorum.jobs.models import Job
from variorum.lib import objects
from variorum.repos import services
from variorum.training import exports
from variorum_client.formats import print_pointer

pytestmark = pytest.mark.django_db
EXPORTS = "/api/v1/projects/support-desk/adapters/exports"


@pytest.fixture
def adapter(
    settings: Any, tmp_path: Path, tiny_model: Any, project: Any, actor: Any, make_adapter: Callable[..., Path]
) -> Path:
    """adapters/t on main, an adapter of the tiny model, which is the only model here."""
    services.ensure_repository(project)
    (tmp_path / "data").mkdir()
    (tmp_path / "data/models").symlink_to(tiny_model.models_dir)
    (tmp_path / "data/repos").symlink_to(Path(settings.DATA_DIR) / "repos")
    settings.DATA_DIR = tmp_path / "data"
    folder = make_adapter()
    pointer = services.store_lfs(project=project, data=folder / "adapter_model.safetensors")
    files = {
        "adapters/t/adapter_model.safetensors": print_pointer(pointer.oid, pointer.size),
        "adapters/t/adapter_config.json": (folder / "adapter_config.json").read_bytes(),
        "adapters/t/card.yaml": b"licence: MIT\n",
    }
    head = exports.repository.head(project, "main")
    services.commit_files(project=project, ref="main", files=files, message="Bring t", actor=actor, expected_head=head)
    return folder


def asked(form: str, folder: str = "adapters/t") -> dict[str, str]:
    return {"folder": folder, "format": form}


def test_each_form_comes_with_its_card_and_licence(
    adapter: Path, api: Any, member: Any, run_jobs: Callable[[], int], tiny_model: Any, tmp_path: Path
) -> None:
    editor, viewer = api(member("editor")), api(member("viewer"))
    names = {}
    for form in ("merged", "gguf", "gguf-lora"):
        job = editor.post(EXPORTS, asked(form))
        assert (job.status_code, job.json()["title"]) == (202, f"t as {exports.TITLES[form]}")
        assert editor.post(EXPORTS, asked(form)).json()["number"] == job.json()["number"]
        early = viewer.get(f"{EXPORTS}/{job.json()['number']}/file")
        assert (early.status_code, early.json()["code"]) == (409, "export_not_ready")
        run_jobs()
        answer = viewer.get(f"{EXPORTS}/{job.json()['number']}/file")
        archive = zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content)))
        names[form] = archive.namelist()
        assert archive.read("t/card.yaml") == b"licence: MIT\n"
        archive.extractall(tmp_path / form)
        assert "Base model: tiny, licence unknown" in archive.read("t/README.md").decode()
    plain = ["t/README.md", "t/card.yaml"]
    assert names == {
        "merged": [
            *("t/README.md", "t/card.yaml", "t/chat_template.jinja", "t/config.json"),
            *("t/model.safetensors", "t/tokenizer.json", "t/tokenizer_config.json"),
        ],
        "gguf": [*plain, "t/model.gguf"],
        "gguf-lora": ["t/README.md", "t/adapter.gguf", "t/card.yaml"],
    }
    base, both = GGUFReader(tiny_model.gguf), GGUFReader(tmp_path / "gguf/t/model.gguf")  # as a stranger reads them
    assert {tensor.name for tensor in both.tensors} == {tensor.name for tensor in base.tensors}
    alone = GGUFReader(tmp_path / "gguf-lora/t/adapter.gguf")
    assert {alone.fields[key].contents() for key in ("general.type", "adapter.type")} == {"adapter", "lora"}
    with safe_open(tmp_path / "merged/t/model.safetensors", "np") as file:
        assert len(list(file.keys())) == len(base.tensors)
    listed = viewer.get(f"{EXPORTS}?folder=adapters/t").json()["items"]
    assert [item["format"] for item in listed] == ["gguf-lora", "gguf", "merged"]
    assert all(item["size"] and item["sha256"] and item["until"] for item in listed)
    assert viewer.get(f"{EXPORTS}?folder=adapters/other").json()["items"] == []
    job = Job.objects.filter(kind=exports.KIND).first()
    assert job is not None
    Job.objects.filter(pk=job.pk).update(ended_at="2020-01-01T00:00Z")
    exports.forget_old_exports()
    assert not objects.exists(job.result["key"])
    assert viewer.get(f"{EXPORTS}/{job.number}/file").json()["code"] == "export_gone"


def test_what_cannot_be_exported_is_told_at_once(
    adapter: Path, project: Any, actor: Any, api: Any, member: Any
) -> None:
    editor = api(member("editor"))
    assert editor.post(EXPORTS, asked("onnx")).status_code == 400
    assert editor.post(EXPORTS, asked("gguf", "adapters/none")).json()["code"] == "unknown_adapter"
    config = {**json.loads((adapter / "adapter_config.json").read_bytes()), "base_model_name_or_path": "org/model"}
    head = services.commit_files(
        project=project,
        ref="main",
        files={"adapters/t/adapter_config.json": json.dumps(config).encode()},
        message="Another base",
        actor=actor,
        expected_head=exports.repository.head(project, "main"),
    )
    assert head
    refused = editor.post(EXPORTS, asked("gguf"))
    assert (refused.status_code, refused.json()["code"]) == (422, "unknown_base")
    assert "org/model" not in list_models(exports.models_dir())
    assert Job.objects.filter(kind=exports.KIND).count() == 0


def test_who_may(adapter: Path, api: Any, member: Any, stranger: Any) -> None:
    assert api(member("viewer")).post(EXPORTS, asked("gguf")).status_code == 403
    assert api(stranger).post(EXPORTS, asked("gguf")).status_code == 404
    assert api(stranger).get(EXPORTS).status_code == 404
