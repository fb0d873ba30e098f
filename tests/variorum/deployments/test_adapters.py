"""An adapter that the prompt's model cannot load is neither deployed nor evaluated; the reason is one sentence."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evals.runs.frozen import load_subject
from variorum.deployments import queries
from variorum.deployments.services import deploy
from variorum.drafts.playground import adapter_ref
from variorum.inference import fit
from variorum.lib.errors import Unprocessable
from variorum.repos import services
from variorum_client.formats import print_pointer

pytestmark = pytest.mark.django_db
PROMPT = b"---\nmodel: local/tiny\nvariorum.adapter: adapters/t\n---\nSort {{message}}.\n"


@pytest.fixture
def bring(
    settings: Any, tmp_path: Path, tiny_model: Any, project: Any, save: Any, make_adapter: Callable[..., Path]
) -> Any:
    """bring(base hash) -> a commit with an adapter of the tiny model whose card names that base."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data/models").symlink_to(tiny_model.models_dir)
    folder = make_adapter()

    def commit(base_sha256: str) -> str:
        pointer = services.store_lfs(project=project, data=folder / "adapter_model.safetensors")
        card = json.dumps({"base_model": {"id": "tiny", "manifest_sha256": base_sha256}})
        made = save(
            files={
                "adapters/t/adapter_model.safetensors": print_pointer(pointer.oid, pointer.size),
                "adapters/t/adapter_config.json": (folder / "adapter_config.json").read_bytes(),
                "adapters/t/card.yaml": card.encode(),
                "prompts/triage.prompt": PROMPT,
            }
        )
        return str(made)

    services.ensure_repository(project)
    repos = Path(settings.DATA_DIR) / "repos"
    (tmp_path / "data/repos").symlink_to(repos)
    settings.DATA_DIR = tmp_path / "data"
    return commit


def test_only_what_fits_goes_live(bring: Any, project: Any, dev: Any, actor: Any) -> None:
    here = str(fit.manifest_sha256("tiny"))
    wrong = bring("a" * 64)
    with pytest.raises(Unprocessable) as caught:
        deploy(environment=dev, commit=wrong, actor=actor)
    problem = caught.value.extra["problems"][0]
    assert (problem["path"], problem["line"], problem["code"]) == ("prompts/triage.prompt", 3, "adapter_mismatch")
    assert "aaaaaaaaaaaa" in problem["message"]
    assert here[:12] in problem["message"]
    assert [one["code"] for one in queries.preview(dev, wrong)["obstacles"]] == ["bad_files"]
    with pytest.raises(Unprocessable) as caught:
        load_subject(project, wrong, "prompts/triage.prompt")
    assert caught.value.stable_code == "adapter_mismatch"

    right = bring(here)
    assert load_subject(project, right, "prompts/triage.prompt").adapter == adapter_ref(project, right, "adapters/t")
    assert deploy(environment=dev, commit=right, actor=actor).commit == right
