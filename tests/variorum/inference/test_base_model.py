"""The conversion of the packaged GGUF file, held against transformers' own (slow) reader of it."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from variorum.inference.base_model import ensure_serving, ensure_training
from variorum.inference.catalogue import BASE_MODELS, NoSuchModel, list_models, source_gguf
from variorum.inference.tensors import read_gguf_header, read_safetensors


def test_the_training_folder_is_complete_and_made_once(tiny_model: Any) -> None:
    names = {path.name for path in tiny_model.folder.iterdir()}
    assert names >= {"model.safetensors", "config.json", "tokenizer.json", "chat_template.jinja", "manifest.json"}
    before = (tiny_model.folder / "model.safetensors").stat().st_mtime_ns
    assert ensure_training(tiny_model.models_dir, tiny_model.id) == tiny_model.folder
    assert (tiny_model.folder / "model.safetensors").stat().st_mtime_ns == before
    assert json.loads((tiny_model.folder / "manifest.json").read_text())["id"] == "tiny"


def test_an_operators_own_file_is_listed_and_served_as_it_is(tiny_model: Any) -> None:
    assert "tiny" in list_models(tiny_model.models_dir)
    assert ensure_serving(tiny_model.models_dir, "tiny") == tiny_model.gguf


@pytest.mark.parametrize("name", ["absent", "", "../tiny", "tiny/../tiny"])
def test_an_unknown_model_is_refused(tiny_model: Any, name: str) -> None:
    with pytest.raises(NoSuchModel):
        source_gguf(tiny_model.models_dir, name)


def test_the_package_is_found_without_being_imported() -> None:
    path = BASE_MODELS["smollm2-135m"].packaged_gguf()
    assert path is not None
    assert read_gguf_header(path)["llama.block_count"] == 30


@pytest.mark.model
def test_the_real_weights_are_those_that_transformers_reads(tmp_path: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM

    folder = ensure_training(tmp_path, "smollm2-135m")
    ours = read_safetensors(folder / "model.safetensors")
    source = source_gguf(tmp_path, "smollm2-135m")
    theirs = AutoModelForCausalLM.from_pretrained(source.parent, gguf_file=source.name, dtype=torch.float32)
    state = {name: value for name, value in theirs.state_dict().items() if name != "lm_head.weight"}
    assert set(ours) == set(state)
    assert all(np.array_equal(ours[name], value.numpy()) for name, value in state.items())
    assert json.loads((folder / "config.json").read_text())["tie_word_embeddings"] is True
    serving = ensure_serving(tmp_path, "smollm2-135m")
    assert read_gguf_header(serving)["llama.embedding_length"] == 576
